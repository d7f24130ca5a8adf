// Whole calls between two scripted phones, which check everything on the way: over every transport,
// every form of the key exchange, every generation of layers, with and without perfect forward
// secrecy.

#include "bench/load/call_pair.h"
#include "tests/e2e/fixture.h"

namespace trunkline::e2e {
namespace {

class CallsTest : public WithServer {
 protected:
  // What didn't hold; an empty text when the call did from requestCall to the end on both sides.
  std::string RunCall(load::ClientOptions caller, load::ClientOptions callee, int calls = 1) {
    load::PairOptions options{.caller = std::move(caller),
                              .callee = std::move(callee),
                              .caller_number = NewNumber(),
                              .callee_number = NewNumber(),
                              .code = ServerProcess::kCode};
    load::CallPair pair(io_, std::move(options), &entropy_);
    std::optional<std::string> outcome;
    const auto set = [&outcome](const std::string& failure) { outcome = failure; };
    const auto wait = [&] {
      load::RunUntil(
          io_, [&outcome] { return outcome.has_value(); }, 2 * kPatience);
      return outcome.value_or("no end");
    };
    pair.SetUp(set);
    if (const std::string failure = wait(); !failure.empty()) return "setting up: " + failure;
    for (int i = 0; i < calls; ++i) {
      outcome.reset();
      pair.Call(set);
      if (const std::string failure = wait(); !failure.empty()) return failure;
    }
    return "";
  }
};

struct Form {
  load::TransportChoice transport;
  bool inner_with_dc, rsa_pad;
};

class FormsTest : public CallsTest, public testing::WithParamInterface<Form> {};

TEST_P(FormsTest, CallHolds) {
  load::ClientOptions options = Options();
  options.transport = GetParam().transport;
  options.inner_with_dc = GetParam().inner_with_dc;
  options.rsa_pad = GetParam().rsa_pad;
  EXPECT_EQ(RunCall(options, options), "");
}

std::vector<Form> AllForms() {
  std::vector<Form> forms;
  for (const load::TransportChoice transport : load::kAllTransports) {
    for (const bool dc : {false, true}) {
      for (const bool pad : {false, true}) forms.push_back({transport, dc, pad});
    }
  }
  return forms;
}

INSTANTIATE_TEST_SUITE_P(EveryForm, FormsTest, testing::ValuesIn(AllForms()), [](const auto& info) {
  const Form& form = info.param;
  return std::string(load::NameOf(form.transport)) + (form.inner_with_dc ? "_dc" : "_nodc") +
         (form.rsa_pad ? "_pad" : "_sha1");
});

class LayersTest : public CallsTest, public testing::WithParamInterface<int> {};

TEST_P(LayersTest, CallsAndIsCalled) {
  load::ClientOptions options = Options();
  options.layer = GetParam();
  load::ClientOptions other = Options();
  other.layer = GetParam() == 198 ? 229 : 198;
  EXPECT_EQ(RunCall(options, other), "") << "as caller";
  EXPECT_EQ(RunCall(other, options), "") << "as callee";
}

INSTANTIATE_TEST_SUITE_P(EveryGeneration, LayersTest,
                         testing::Values(133, 140, 142, 166, 176, 195, 196, 198, 201, 202, 229),
                         [](const auto& info) { return "Layer" + std::to_string(info.param); });

TEST_F(CallsTest, OverTemporaryKeys) {
  load::ClientOptions options = Options();
  options.pfs = true;
  EXPECT_EQ(RunCall(options, options), "");
  options.inner_with_dc = false;
  options.rsa_pad = false;
  EXPECT_EQ(RunCall(options, Options()), "");
}

TEST_F(CallsTest, FromSaltZeroAndWithPackedRequests) {
  load::ClientOptions options = Options();
  options.zero_salt = true;
  options.gzip_requests = true;
  EXPECT_EQ(RunCall(options, options), "");
}

TEST_F(CallsTest, OneAfterTheOther) {
  EXPECT_EQ(RunCall(Options(), Options(), 5), "");
}

class ThreadsTest : public CallsTest, public testing::WithParamInterface<const char*> {};

// Keys live on different threads of the server then, and packets travel between them.
TEST_P(ThreadsTest, CallsHold) {
  TempDir directory;
  ServerProcess server(directory.path(), {"--threads", GetParam()});
  ASSERT_TRUE(server.started());
  load::ClientOptions options;
  options.server = server.endpoint();
  options.server_key = server.PublicKey();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(RunCall(options, options), "");
  options.pfs = true;
  EXPECT_EQ(RunCall(options, options), "");
  EXPECT_EQ(server.Stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(LinkThreads, ThreadsTest, testing::Values("1", "3"),
                         [](const auto& info) { return std::string("Threads") + info.param; });

}  // namespace
}  // namespace trunkline::e2e

// What clients were told survives kill -9: the same data directory, the same port, the same auth
// keys.

#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"

namespace trunkline::e2e {
namespace {

class RestartTest : public testing::Test {
 protected:
  RestartTest() { Start(0); }

  void Start(std::uint16_t port) {
    server_ = std::make_unique<ServerProcess>(directory_.path(), std::vector<std::string>(), port);
    ASSERT_TRUE(server_->started()) << server_->ready_line();
  }
  // Ends it without warning and starts it again at the same place.
  void KillAndRestart() {
    const std::uint16_t port = server_->endpoint().port();
    const std::uint64_t fingerprint = server_->PublicKey().fingerprint();
    server_->Kill();
    Start(port);
    EXPECT_EQ(server_->PublicKey().fingerprint(), fingerprint);
  }

  std::unique_ptr<Device> NewDevice(bool pfs = false) {
    load::ClientOptions options;
    options.server = server_->endpoint();
    options.server_key = server_->PublicKey();
    options.pfs = pfs;
    return std::make_unique<Device>(io_, options, &entropy_);
  }
  // Two signed-in users that know each other.
  void MakePair(bool pfs = false) {
    a_ = NewDevice(pfs);
    b_ = NewDevice(pfs);
    ASSERT_TRUE(a_->Connect()) << a_->failure();
    ASSERT_TRUE(b_->Connect()) << b_->failure();
    ASSERT_TRUE(a_->SignIn("+9996601001", ServerProcess::kCode).id) << a_->failure();
    ASSERT_TRUE(b_->SignIn("+9996601002", ServerProcess::kCode).id) << b_->failure();
    b_for_a_ = a_->Find("+9996601002");
    ASSERT_TRUE(b_for_a_.id) << a_->failure();
  }
  void Reconnect(bool keep_session) {
    for (Device* device : {a_.get(), b_.get()}) {
      if (!keep_session) device->client().ForgetSession();
      ASSERT_TRUE(device->Connect()) << device->failure();
      // Subscribes the session, without initConnection: that was remembered with the key.
      ASSERT_EQ(device->Ask(fn::updates::GetState{}).Text(), "ok");
    }
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
  boost::asio::io_context io_{1};
  SystemEntropy entropy_;
  std::unique_ptr<Device> a_, b_;
  load::Contact b_for_a_;
};

TEST_F(RestartTest, CallEndsAfterTheServerWasKilledInIt) {
  MakePair();
  LiveCall call(a_.get(), b_.get(), b_for_a_, &entropy_);
  ASSERT_TRUE(call.UpToAccepted());
  KillAndRestart();
  Reconnect(/*keep_session=*/false);
  const load::Reply reply = call.AskDiscard(*a_, 1);
  EXPECT_TRUE(call.TellsEnd(*a_, reply)) << reply.Text();
  const auto* end = b_->AwaitCall<api::PhoneCallDiscarded>();
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->id, call.id());
}

TEST_F(RestartTest, CallGoesOnAfterTheServerWasKilledInIt) {
  MakePair();
  LiveCall call(a_.get(), b_.get(), b_for_a_, &entropy_);
  ASSERT_TRUE(call.UpToAccepted());
  KillAndRestart();
  Reconnect(/*keep_session=*/false);
  ASSERT_TRUE(call.Confirm());
  KillAndRestart();
  Reconnect(/*keep_session=*/true);
  EXPECT_TRUE(call.SignalsFlow());
  EXPECT_TRUE(call.TellsEnd(*b_, call.AskDiscard(*b_, 4)));
  EXPECT_NE(a_->AwaitCall<api::PhoneCallDiscarded>(), nullptr);
}

TEST_F(RestartTest, EndedCallStaysEnded) {
  MakePair();
  LiveCall call(a_.get(), b_.get(), b_for_a_, &entropy_);
  ASSERT_TRUE(call.Establish());
  ASSERT_TRUE(call.TellsEnd(*a_, call.AskDiscard(*a_, 9)));
  KillAndRestart();
  Reconnect(/*keep_session=*/true);
  EXPECT_TRUE(call.TellsEnd(*b_, call.AskDiscard(*b_, 1))) << "idempotent over the restart";
  EXPECT_EQ(call.AskAccept(*b_).Text(), "400 CALL_ALREADY_DECLINED");
}

TEST_F(RestartTest, NobodyHasToSignInAgain) {
  MakePair(/*pfs=*/true);
  KillAndRestart();
  Reconnect(/*keep_session=*/true);
  LiveCall call(a_.get(), b_.get(), b_for_a_, &entropy_);
  EXPECT_TRUE(call.Establish());
  EXPECT_TRUE(call.TellsEnd(*a_, call.AskDiscard(*a_, 2)));
}

TEST_F(RestartTest, UnansweredQueryIsAnsweredByTheNextProcess) {
  MakePair();
  server_->Kill();
  // Written to a connection that is dead or dying; the client keeps it for the next one.
  std::optional<load::Reply> reply;
  a_->client().Invoke(fn::updates::GetState{}, [&reply](const load::Reply& r) { reply = r; });
  load::RunUntil(
      io_, [this] { return !a_->client().connected(); }, kPatience);
  Start(server_->endpoint().port());
  ASSERT_TRUE(a_->Connect()) << a_->failure();
  load::RunUntil(
      io_, [&reply] { return reply.has_value(); }, kPatience);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->Text(), "ok");
}

TEST_F(RestartTest, StopsCleanlyWhenAsked) {
  MakePair();
  EXPECT_EQ(server_->Stop(), 0);
  Start(server_->endpoint().port());
  Reconnect(/*keep_session=*/false);
}

}  // namespace
}  // namespace trunkline::e2e

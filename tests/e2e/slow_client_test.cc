// Clients that stop reading: the server keeps what it owes them within bounds, and nobody else
// notices.

#include <unistd.h>

#include <fstream>

#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"
#include "tests/e2e/sealed_link.h"

namespace trunkline::e2e {
namespace {

// Sanitizers keep freed memory aside.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t kGrowthMax = std::int64_t{1} << 30;
#else
constexpr std::int64_t kGrowthMax = 64 << 20;
#endif

class SlowClientTest : public WithServer {
 protected:
  // A whole call of two others, with signalling both ways.
  void ExpectOthersTalk() {
    Pair pair = NewPair();
    LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
    EXPECT_TRUE(call.Establish());
    EXPECT_TRUE(call.SignalsFlow());
    EXPECT_TRUE(call.TellsEnd(*pair.a, call.AskDiscard(*pair.a, 1)));
    EXPECT_NE(pair.b->AwaitCall<api::PhoneCallDiscarded>(), nullptr);
  }
  // Resident memory of the server, in bytes.
  std::int64_t ServerMemory() const {
    std::ifstream file("/proc/" + std::to_string(server_->pid()) + "/statm");
    std::int64_t pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * sysconf(_SC_PAGESIZE);
  }
};

// It asks and asks, and never reads an answer: at some point the server reads no more of it either.
TEST_F(SlowClientTest, WhoAsksWithoutReadingIsNotRead) {
  const auto device = SignedIn(NewNumber());
  SealedLink link(*device, &entropy_);
  Bytes query;
  tl::AppendTo(query, fn::messages::GetDhConfig{.version = 0, .random_length = 1024},
               device->client().options().layer);
  const std::int64_t before = ServerMemory();
  constexpr int kQueriesMax = 200'000;  // 300 MB of answers, if nothing stopped it
  int sent = 0;
  while (sent < kQueriesMax && link.SendQueryWithin(query, 300)) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, kQueriesMax) << "everything was read";
  EXPECT_LT(ServerMemory() - before, kGrowthMax);
  EXPECT_TRUE(device->Ping()) << "the same device on another connection: " << device->failure();
  ExpectOthersTalk();
}

// The other side of its call floods it with signalling: every packet has an honest answer, and the
// call can be ended by both afterwards.
TEST_F(SlowClientTest, CalleeWhoStopsReadingHurtsOnlyItself) {
  boost::asio::io_context other_io{1};  // turned only when the callee reads
  Pair pair;
  pair.a_number = NewNumber();
  pair.b_number = NewNumber();
  pair.a = SignedIn(pair.a_number);
  pair.b = SignedIn(pair.b_number);
  pair.b_for_a = pair.a->Find(pair.b_number);
  LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
  ASSERT_TRUE(call.Establish());
  // The same device in a second session, which is the one that doesn't read.
  const auto deaf = std::make_unique<Device>(other_io, Options(), &entropy_);
  deaf->client().UseKey(*pair.b->client().key());
  ASSERT_TRUE(deaf->Connect()) << deaf->failure();
  ASSERT_TRUE(deaf->Ask(fn::updates::GetState{}).ok());

  const std::int64_t before = ServerMemory();
  const std::string data(60 * 1024, 's');
  constexpr int kPackets = 300;  // more than the kernel's buffers and the outbox together
  int taken = 0;
  for (int i = 0; i < kPackets; ++i) {
    const load::Reply reply = call.AskSignal(*pair.a, data);
    ASSERT_TRUE(reply.ok() || reply.error.starts_with("FLOOD_WAIT_")) << reply.Text();
    taken += reply.ok() ? 1 : 0;
  }
  EXPECT_GT(taken, 0);
  EXPECT_LT(ServerMemory() - before, kGrowthMax);
  // The session that reads has everything that was taken, in order.
  for (int i = 0; i < taken; ++i) {
    const auto* signal = pair.b->Await<api::UpdatePhoneCallSignalingData>();
    ASSERT_NE(signal, nullptr) << i << " of " << taken << ' ' << pair.b->failure();
    EXPECT_EQ(signal->data.size(), data.size());
  }
  ExpectOthersTalk();
  EXPECT_TRUE(call.TellsEnd(*pair.b, call.AskDiscard(*pair.b, 2)));
  EXPECT_NE(pair.a->AwaitCall<api::PhoneCallDiscarded>(), nullptr);
}

}  // namespace
}  // namespace trunkline::e2e

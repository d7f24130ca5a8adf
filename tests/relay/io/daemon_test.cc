// The seam for a control channel: keys and orders in, figures and summaries out.
#include "relay/io/daemon.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/relay/io/relay_process.h"
#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

class DaemonTest : public testing::Test {
 protected:
  DaemonTest() {
    Config config;
    config.id = kRelayId;
    config.listen = {{"127.0.0.1", 0}};
    config.threads = 2;
    KeyRing keys;
    keys.Set(0, TestKey(0));
    auto started = Daemon::Start(config, keys);
    EXPECT_TRUE(started.ok()) << started.status();
    daemon = *std::move(started);
  }
  std::uint16_t port() const { return daemon->config().listen[0].port; }
  static Tag TagOf(Side side, std::uint32_t nonce, std::uint8_t key_id = 0) {
    const auto now =
        std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    return MintTag(TestKey(key_id), {.key_id = key_id,
                                     .side = side,
                                     .expiry_slot = TagSlotOf(now + std::chrono::hours(1)),
                                     .nonce = nonce});
  }
  // Asks again until it is answered, or isn't any more.
  static bool Becomes(UdpClient& client, const Tag& tag, bool answered) {
    for (int i = 0; i < 500; ++i) {
      client.Send(Ping(tag));
      if (client.Receive(20).has_value() == answered) return true;
    }
    return false;
  }
  bool Becomes(const std::function<bool(const WorkerFigures&)>& right) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (!right(daemon->figures())) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }
  std::unique_ptr<Daemon> daemon;
};

TEST_F(DaemonTest, KeysChangeUnderLiveCalls) {
  UdpClient old_call(port()), new_call(port());
  EXPECT_TRUE(Becomes(old_call, TagOf(Side::kCaller, 1), true));
  EXPECT_TRUE(Becomes(new_call, TagOf(Side::kCaller, 2, 1), false));
  KeyRing keys;
  keys.Set(1, TestKey(1));
  daemon->SetKeys(keys);
  EXPECT_TRUE(Becomes(new_call, TagOf(Side::kCaller, 2, 1), true));
  EXPECT_TRUE(Becomes(old_call, TagOf(Side::kCaller, 1), true));
  UdpClient late(port());
  EXPECT_TRUE(Becomes(late, TagOf(Side::kCaller, 3), false));
}

TEST_F(DaemonTest, ADeniedCallLeavesASummary) {
  UdpClient a(port()), b(port());
  const Tag caller = TagOf(Side::kCaller, 1), callee = TagOf(Side::kCallee, 1);
  EXPECT_TRUE(Becomes(a, caller, true));
  EXPECT_TRUE(Becomes(b, callee, true));
  a.Send(VoipData(caller, 40));
  EXPECT_EQ(b.Receive(), VoipData(callee, 40));
  EXPECT_TRUE(Becomes(
      [](const WorkerFigures& f) { return f.sessions == 1 && f.counters.packets_forwarded == 1; }));
  daemon->Deny(CallKeyOf(caller.data()));
  EXPECT_TRUE(Becomes(a, caller, false));
  EXPECT_TRUE(Becomes([](const WorkerFigures& f) { return f.sessions == 0; }));
  const std::vector<FlowSummary> ended = daemon->TakeSummaries();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].key, CallKeyOf(callee.data()));
  EXPECT_EQ(ended[0].reason, EndReason::kDenied);
  EXPECT_EQ(ended[0].legs[0].packets, 1u);
  EXPECT_EQ(ended[0].legs[0].bytes, 56u);
  EXPECT_TRUE(daemon->TakeSummaries().empty());
}

TEST_F(DaemonTest, ReadyLineBeginsAsPromised) {
  EXPECT_TRUE(daemon->ReadyLine().starts_with("ready relay=127.0.0.1:" + std::to_string(port()) +
                                              " id=7 pid="))
      << daemon->ReadyLine();
}

}  // namespace
}  // namespace trunkline::relay

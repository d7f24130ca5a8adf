// The probe of a reflector against the reflector's own core, and against liars.
#include "server/relays/reflector_probe.h"

#include <gtest/gtest.h>

#include "relay/reflector.h"

namespace trunkline::relays {
namespace {

using picker::Health;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kInterval = seconds(5);

class ReflectorProbeTest : public testing::Test {
 protected:
  ReflectorProbeTest() {
    relay::KeyRing ring;
    ring.Set(0, key_);
    verifier_ = std::make_unique<relay::KeyRingVerifier>(ring);
    reflector_ = std::make_unique<relay::Reflector>(relay::Limits{}, verifier_.get(), 1);
  }

  std::optional<Bytes> Answer(const Bytes& ping) {
    Bytes buffer(relay::kBufferBytes);
    std::copy(ping.begin(), ping.end(), buffer.begin());
    relay::Endpoint from{
        .ip = relay::Ipv4(192, 0, 2, 1), .port = 4000, .transport = relay::Transport::kUdp};
    const auto steady = std::chrono::duration_cast<std::chrono::microseconds>(now_ - kStart);
    const relay::Verdict verdict = reflector_->Receive(
        buffer, ping.size(), from, {static_cast<std::uint64_t>(steady.count()), now_});
    if (!verdict.send()) return std::nullopt;
    buffer.resize(verdict.size);
    return buffer;
  }
  // Everything that is due until `until`; whether each ping was answered.
  void Run(ReflectorProbe& probe, WallTime until, bool silent = false) {
    while (now_ < until) {
      if (const auto ping = probe.Poll(now_, entropy_)) {
        ++pings_;
        const auto answer = silent ? std::nullopt : Answer(*ping);
        if (answer) probe.Receive(*answer, now_ + milliseconds(20));
      }
      ASSERT_GT(probe.NextDeadline(), now_) << "would spin";
      now_ = probe.NextDeadline();
    }
  }

  const WallTime kStart = FromUnixSeconds(1'767'225'600);
  WallTime now_ = kStart;
  relay::TagKey key_ = relay::DeriveTagKey(AsBytes("north"), 7, 0);
  std::unique_ptr<relay::KeyRingVerifier> verifier_;
  std::unique_ptr<relay::Reflector> reflector_;
  SeededEntropy entropy_{1};
  int pings_ = 0;
};

TEST_F(ReflectorProbeTest, IsAnsweredForDays) {
  ReflectorProbe probe(key_, 99, kInterval);
  EXPECT_FALSE(probe.settled());
  Run(probe, kStart + std::chrono::hours(30));  // tags expire after two
  EXPECT_TRUE(probe.settled());
  EXPECT_EQ(probe.health(), Health::kUp);
  EXPECT_EQ(reflector_->counters().answers, static_cast<std::uint64_t>(pings_));
  EXPECT_EQ(reflector_->counters().sessions_started, 0u);  // watching isn't a call
}

TEST_F(ReflectorProbeTest, SilenceIsDownAfterThreePings) {
  ReflectorProbe probe(key_, 99, kInterval);
  Run(probe, kStart + seconds(1));
  const WallTime gone = now_;
  while (probe.health() == Health::kUp) Run(probe, now_ + milliseconds(1), true);
  EXPECT_LE(now_ - gone, seconds(7));
  Run(probe, now_ + seconds(11));
  EXPECT_EQ(probe.health(), Health::kUp);
}

TEST_F(ReflectorProbeTest, AnotherSecretIsDown) {
  ReflectorProbe probe(relay::DeriveTagKey(AsBytes("south"), 7, 0), 99, kInterval);
  Run(probe, kStart + seconds(10));
  EXPECT_TRUE(probe.settled());
  EXPECT_EQ(probe.health(), Health::kDown);
}

TEST_F(ReflectorProbeTest, RefusalCountsAsSilence) {
  ReflectorProbe probe(key_, 99, kInterval);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(probe.settled());
    ASSERT_TRUE(probe.Poll(now_, entropy_));
    probe.Refused(now_);
    probe.Refused(now_);  // told twice
    now_ = probe.NextDeadline();
  }
  EXPECT_EQ(probe.health(), Health::kDown);
}

TEST_F(ReflectorProbeTest, OnlyTheAnswerToThisPingCounts) {
  ReflectorProbe probe(key_, 99, kInterval);
  const Bytes ping = *probe.Poll(now_, entropy_);
  const Bytes answer = *Answer(ping);
  for (const std::size_t at : {0u, 15u, 16u, 27u, 28u, 36u, 43u}) {
    Bytes wrong = answer;
    wrong[at] ^= 1;
    probe.Receive(wrong, now_);
    EXPECT_FALSE(probe.settled()) << at;
  }
  probe.Receive(ping, now_);  // our own, reflected
  probe.Receive(ByteView(answer).first(43), now_);
  EXPECT_FALSE(probe.settled());
  probe.Receive(answer, now_);
  EXPECT_TRUE(probe.settled());
}

}  // namespace
}  // namespace trunkline::relays

#include <cstdio>

#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

using enum Drop;

class LimitsTest : public ReflectorTest {
 protected:
  // A call over libtgvoip whose addresses have both been validated by flow.
  void Talk() {
    for (int i = 0; i < 30; ++i) {
      Outcome(VoipData(caller_), kAt);
      Outcome(VoipData(callee_), kPeerAt);
      Pass(100);
    }
  }
};

TEST_F(LimitsTest, ThreeTimesWhatCameUntilTheAddressIsProved) {
  Outcome(Ping(callee_), kPeerAt);  // 40 bytes: 120 may go there
  EXPECT_EQ(Outcome(VoipData(caller_, 64), kAt), kNone);
  EXPECT_EQ(Outcome(VoipData(caller_, 64), kAt), kUnvalidated);
  EXPECT_EQ(Outcome(VoipData(caller_, 24), kAt), kNone);
  EXPECT_EQ(Outcome(VoipData(caller_, 24), kAt), kUnvalidated);
  Outcome(Ping(callee_), kPeerAt);
  EXPECT_EQ(Outcome(VoipData(caller_, 64), kAt), kNone);
}

TEST_F(LimitsTest, AFlowBothWaysProvesAnAddressOfLibtgvoip) {
  Talk();
  std::uint64_t sent = 0;
  for (int i = 0; i < 100; ++i, Pass(10)) sent += Outcome(VoipData(caller_), kAt) == kNone;
  EXPECT_EQ(sent, 100u);
}

TEST_F(LimitsTest, APortOfTgcallsIsProvedByAnAnsweredCheckAlone) {
  Outcome(Hello(caller_, 1), kAt);
  for (int i = 0; i < 40; ++i, Pass(100)) {
    Outcome(PortPacket(callee_, 1, 2, Bytes(12)), kPeerAt);
    Outcome(PortPacket(caller_, 2, 1, Bytes(12)), kAt);
  }
  int sent = 0;
  for (int i = 0; i < 100; ++i)
    sent += Outcome(PortPacket(callee_, 1, 2, Bytes(1000)), kPeerAt) == kNone;
  EXPECT_LT(sent, 10);

  // Not by the answer to a check that was never sent to it, and not by somebody else's answer.
  Outcome(PortPacket(caller_, 2, 1, Check(false, 9)), kAt);
  EXPECT_EQ(Outcome(PortPacket(callee_, 1, 2, Bytes(1400)), kPeerAt), kUnvalidated);
  for (int i = 0; i < 20; ++i) Outcome(PortPacket(caller_, 2, 1, Bytes(100)), kAt);
  EXPECT_EQ(Outcome(PortPacket(callee_, 1, 2, Check(true, 9)), kPeerAt), kNone);
  Outcome(PortPacket(caller_, 2, 1, Check(false, 9)), kAt);
  for (int i = 0; i < 100; ++i, Pass(5)) {
    EXPECT_EQ(Outcome(PortPacket(callee_, 1, 2, Bytes(1000)), kPeerAt), kNone);
  }
}

TEST_F(LimitsTest, TcpIsProvedByItsHandshake) {
  Outcome(Ping(callee_), Tcp(kPeerAt.ip, 1, 1));
  for (int i = 0; i < 100; ++i, Pass(10)) EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNone);
}

TEST_F(LimitsTest, PacketsAndBytesPerSecond) {
  Limits limits;
  limits.packets = {100, 100};
  limits.bytes = {50'000, 50'000};
  Start(limits);
  Talk();
  Pass(10'000);
  int small = 0, large = 0;
  for (int i = 0; i < 300; ++i) small += Outcome(VoipData(caller_, 20), kAt) == kNone;
  EXPECT_EQ(small, 100);
  Pass(1'000);
  for (int i = 0; i < 300; ++i) large += Outcome(VoipData(caller_, 984), kAt) == kNone;
  EXPECT_EQ(large, 50);
  EXPECT_EQ(Outcome(VoipData(callee_), kPeerAt), kNone);  // the other direction has its own
  Pass(500);
  large = 0;
  for (int i = 0; i < 300; ++i) large += Outcome(VoipData(caller_, 984), kAt) == kNone;
  EXPECT_EQ(large, 25);
  EXPECT_EQ(Dropped(kPacketRate), 200u + 250u + 275u);
}

TEST_F(LimitsTest, BytesOfACall) {
  Limits limits;
  limits.session_bytes = 1'000;
  Start(limits);
  Outcome(VoipData(callee_, 184), kPeerAt);
  int sent = 0;
  for (int i = 0; i < 20; ++i) {
    sent += Outcome(VoipData(caller_, 84), kAt) == kNone;
    sent += Outcome(VoipData(callee_, 84), kPeerAt) == kNone;
  }
  EXPECT_EQ(sent, 10);
}

TEST_F(LimitsTest, BadTagsOfOneSource) {
  const Bytes forged(40, 0xc5);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(Outcome(forged, kAt), kBadTag) << i;
  EXPECT_EQ(Outcome(forged, kAt), kBadTagBudget);
  EXPECT_EQ(Outcome(Ping(caller_), kAt), kBadTagBudget);  // a new call from there has to wait
  EXPECT_EQ(Outcome(Ping(caller_), kPeerAt), kNone);      // others don't
  EXPECT_EQ(Outcome(Ping(caller_), kAt), kNone);          // nor does a call that is known
  Pass(1'000);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 2)), kAt), kNone);
}

TEST_F(LimitsTest, BadTagsOfOneIpv6Network) {
  Ip ip{};
  ip[0] = 0x20;
  for (std::uint8_t i = 0; i < 40; ++i) {
    ip[15] = i;  // a host may have all of a /64
    EXPECT_EQ(Outcome(Bytes(40, 0xc5), Udp(ip, i)), kBadTag);
  }
  EXPECT_EQ(Outcome(Bytes(40, 0xc5), Udp(ip, 99)), kBadTagBudget);
  ip[7] = 1;
  EXPECT_EQ(Outcome(Bytes(40, 0xc5), Udp(ip, 99)), kBadTag);
}

TEST_F(LimitsTest, NewCallsOfOneNetwork) {
  Limits limits;
  limits.new_sessions = {10, 20};
  Start(limits);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Endpoint from = Udp(Ipv4(10, 0, 0, static_cast<std::uint8_t>(i)), 1);
    EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 100 + i)), from), kNone);
  }
  EXPECT_EQ(Outcome(Ping(caller_), Udp(Ipv4(10, 0, 0, 200), 1)), kNewSessionRate);
  EXPECT_EQ(Outcome(Ping(caller_), Udp(Ipv4(10, 0, 1, 200), 1)), kNone);
}

TEST_F(LimitsTest, SessionsFull) {
  Limits limits;
  limits.sessions_max = 3;
  Start(limits);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, i)), kAt), kNone);
  }
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 3)), kAt), kSessionsFull);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCallee, 2)), kPeerAt), kNone);
  PassTicking(61'000);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 4)), kAt), kNone);
}

TEST_F(LimitsTest, AnOverloadedRelayTakesNoNewCalls) {
  Limits limits;
  limits.relay_bytes_per_second = 10'000;
  Start(limits);
  Outcome(Ping(caller_), kAt);
  for (int i = 0; i < 150; ++i) Outcome(VoipData(caller_), kAt);
  Pass(1'000);
  reflector_->Tick(now_);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 2)), kAt), kNone);  // the second began long ago
  for (int i = 0; i < 150; ++i) Outcome(VoipData(caller_), kAt);
  Pass(1'000);
  reflector_->Tick(now_);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 3)), kAt), kOverloaded);
  EXPECT_EQ(Outcome(Ping(callee_), kPeerAt), kNone);
  Pass(1'000);
  reflector_->Tick(now_);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 3)), kAt), kNone);
}

TEST_F(LimitsTest, StunIsASwitchAndHasARate) {
  const Bytes request = FromHex("000100002112a442") + Bytes(12, 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Outcome(request, kAt), kNone);
  EXPECT_EQ(Outcome(request, kAt), kStunRate);
  EXPECT_EQ(Outcome(request, kPeerAt), kNone);
  Limits limits;
  limits.answer_stun = false;
  Start(limits);
  EXPECT_EQ(Outcome(request, kPeerAt), kStunOff);
}

// Whoever watches a relay isn't a call of it.
TEST_F(LimitsTest, AProbeIsAnsweredAndLeavesNothingBehind) {
  const auto probe_tag = [](std::uint32_t nonce, std::int64_t from_now = 600) {
    return MintTag(TestKey(), {.special = true,
                               .expiry_slot = TagSlotOf(FromUnixSeconds(kDate + from_now)),
                               .nonce = nonce});
  };
  const Sent answer = Send(Ping(probe_tag(1)), kAt);
  EXPECT_EQ(answer.drop, kNone);
  EXPECT_EQ(answer.to, kAt);
  EXPECT_EQ(answer.bytes.size(), 64u);
  EXPECT_EQ(reflector_->counters().answers, 1u);
  // Nor is there a call that its tag would open.
  Tag forged = probe_tag(1);
  forged[8] ^= 1;
  EXPECT_EQ(Outcome(Ping(forged), kAt), kBadTag);
  EXPECT_EQ(Outcome(Ping(probe_tag(1, -128)), kAt), kExpired);
  EXPECT_EQ(
      Outcome(WithTail(probe_tag(1), 9) + Bytes(12, 0xff) + FromHex("feffffff") + Bytes(8), kAt),
      kMalformed);
  EXPECT_EQ(Outcome(VoipData(probe_tag(1)), kAt), kMalformed);
  EXPECT_EQ(Outcome(PeerInfoRequest(probe_tag(1)), kAt), kMalformed);
  EXPECT_EQ(Outcome(Of(probe_tag(1)) + Bytes(4), Tcp(kAt.ip, 5, 1)), kMalformed);
  EXPECT_EQ(reflector_->sessions(), 0u);
  EXPECT_EQ(reflector_->counters().sessions_started, 0u);
}

TEST_F(LimitsTest, ProbesHaveTheRateOfNewCalls) {
  Limits limits;
  limits.new_sessions = {1, 2};
  limits.sessions_max = 1;
  Start(limits);
  EXPECT_EQ(Outcome(Ping(caller_), kAt), kNone);  // full: it is there all the same
  const Bytes probe =
      Ping(MintTag(TestKey(), {.special = true, .expiry_slot = TagSlotOf(now_.wall), .nonce = 1}));
  EXPECT_EQ(Outcome(probe, kAt), kNone);
  EXPECT_EQ(Outcome(probe, kAt), kNewSessionRate);
  EXPECT_EQ(Outcome(probe, kPeerAt), kNone);
}

TEST_F(LimitsTest, MemoryOfASession) {
  const std::uint32_t count = Limits{}.sessions_max / 2;
  for (std::uint32_t i = 0; i < count; ++i, Pass(20)) {
    Outcome(VoipData(TagOf(Side::kCaller, i)), kAt);
    Outcome(VoipData(TagOf(Side::kCallee, i)), kPeerAt);
  }
  ASSERT_EQ(reflector_->sessions(), count);
  const double each = static_cast<double>(reflector_->table().bytes_in_use()) / count;
  RecordProperty("bytes_per_session", std::to_string(each));
  std::printf("%.0f bytes per session with a port a side, %zu per further port\n", each,
              sizeof(Port));
  EXPECT_LE(each, 512);
}

}  // namespace
}  // namespace trunkline::relay

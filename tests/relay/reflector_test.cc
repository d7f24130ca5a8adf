#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

using enum Drop;

// ---- What is dropped, and why

struct DropRow {
  const char* what;
  Bytes packet;
  Endpoint from;
  Drop drop;
};

TEST_F(ReflectorTest, NothingUnverifiedIsAnswered) {
  const Endpoint tcp = Tcp(kAt.ip, 5, 1);
  const auto flipped = [this](std::size_t byte) {
    Tag tag = caller_;
    tag[byte] ^= 1;
    return tag;
  };
  Tag other_key = MintTag(TestKey(9), {.expiry_slot = TagSlotOf(now_.wall), .nonce = 1});
  Tag unknown_id = MintTag(TestKey(), {.key_id = 3, .expiry_slot = TagSlotOf(now_.wall)});
  const Bytes special = Of(caller_) + Bytes(12, 0xff);
  const DropRow rows[] = {
      {"empty", {}, kAt, kShort},
      {"27 bytes", Of(caller_) + Bytes(11), kAt, kShort},
      {"keep-alive over UDP", Of(caller_) + Bytes(4), kAt, kShort},
      {"20 bytes over TCP that aren't one", Of(caller_) + Bytes(4, 1), tcp, kShort},
      {"too long", VoipData(caller_, 1485), kAt, kOversized},
      {"special without id", special, kAt, kMalformed},
      {"special of unknown id", special + FromHex("c77215c0") + Bytes(8), kAt, kMalformed},
      {"special of unknown id, forged", Of(flipped(8)) + Bytes(12, 0xff) + Bytes(12), kAt,
       kMalformed},
      {"ping cut short", special + FromHex("feffffff") + Bytes(7), kAt, kMalformed},
      {"no tag", Bytes(40, 7), kAt, kBadTag},
      {"forged", Ping(flipped(7)), kAt, kBadTag},
      {"forged nonce", Ping(flipped(3)), kAt, kBadTag},
      {"another relay's key", Ping(other_key), kAt, kBadTag},
      {"unknown key id", Ping(unknown_id), kAt, kBadTag},
      {"forged keep-alive", Of(flipped(7)) + Bytes(4), tcp, kBadTag},
      {"expired", Ping(TagOf(Side::kCaller, 1, false, -128)), kAt, kExpired},
      {"STUN that isn't a request", FromHex("010100002112a442") + Bytes(12), kAt, kStunOff},
      {"inner length too large", PortPacket(caller_, 1, 2, Bytes(8)), kAt, kNoPeer},
  };
  for (const DropRow& row : rows) {
    EXPECT_EQ(DropName(Outcome(row.packet, row.from)), DropName(row.drop)) << row.what;
  }
  EXPECT_EQ(reflector_->counters().answers, 0u);
  EXPECT_EQ(reflector_->counters().packets_forwarded, 0u);
}

TEST_F(ReflectorTest, InnerLengthMustFit) {
  Outcome(Hello(callee_, 1), kPeerAt);
  Outcome(PortPacket(callee_, 2, 1, Bytes(40)), kPeerAt);  // some credit
  for (const std::uint32_t size : {0u, 7u, 8u, 9u, 0x10000u, 0xffffffffu}) {
    Bytes packet = PortPacket(caller_, 1, 2, Bytes(8));
    StoreLittle(packet.data() + 20, __builtin_bswap32(size));
    EXPECT_EQ(Outcome(packet, kAt), size <= 8 ? kNone : kMalformed) << size;
  }
  EXPECT_EQ(Outcome(Of(caller_) + Bytes(8), kAt), kShort);
}

// ---- Forwarding

TEST_F(ReflectorTest, VoipPacketsCarryTheRecipientsWholeTag) {
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNoPeer);
  const Sent there = Send(VoipData(callee_), kPeerAt);
  EXPECT_EQ(there.bytes, VoipData(caller_));
  EXPECT_EQ(there.to, kAt);
  const Sent back = Send(VoipData(caller_), kAt);
  EXPECT_EQ(back.bytes, VoipData(callee_));
  EXPECT_EQ(back.to, kPeerAt);
}

// Only the whole issued tag makes a packet libtgvoip's: with another tail it names a port.
TEST_F(ReflectorTest, AnotherTailIsTheOtherFamily) {
  Outcome(VoipData(callee_), kPeerAt);
  Outcome(Hello(callee_, 9), kPeerAt);
  Bytes packet = PortPacket(caller_, 9, 8, Bytes(24));
  EXPECT_EQ(Send(packet, kAt).bytes, PortPacket(callee_, 9, 8, Bytes(24)));
  StoreLittle(packet.data() + kTailAt, TailOf(caller_));
  const Sent voip = Send(packet, kAt);
  EXPECT_EQ(voip.drop, kNone);
  EXPECT_TRUE(std::equal(callee_.begin(), callee_.end(), voip.bytes.begin()));
}

TEST_F(ReflectorTest, SeveralRandomTagsOfOneSide) {
  const Endpoint wifi = kAt, mobile = Udp(Ipv4(203, 0, 113, 9), 4000);
  Outcome(Hello(caller_, 11), wifi);
  Outcome(Hello(caller_, 12), mobile);
  Outcome(Hello(callee_, 21), kPeerAt);
  for (const auto& [target, at] : {std::pair{11u, wifi}, std::pair{12u, mobile}}) {
    const Sent sent = Send(PortPacket(callee_, target, 21, Bytes(12, 1)), kPeerAt);
    EXPECT_EQ(sent.to, at);
    EXPECT_EQ(sent.bytes, PortPacket(caller_, target, 21, Bytes(12, 1)));
  }
  EXPECT_EQ(Outcome(PortPacket(callee_, 13, 21, Bytes(12)), kPeerAt), kNoPeer);
}

TEST_F(ReflectorTest, RandomTagsAreBounded) {
  for (std::uint32_t tail = 1; tail <= kPortsPerSideMax; ++tail) {
    EXPECT_EQ(Outcome(Hello(caller_, tail), kAt), kNone);
  }
  EXPECT_EQ(Outcome(Hello(caller_, 100), kAt), kTooManyPorts);
  EXPECT_EQ(Outcome(Hello(caller_, 1), kAt), kNone);
  EXPECT_EQ(Outcome(Hello(callee_, 100), kPeerAt), kNone);
  // One that has been silent makes room.
  Pass(25'000);
  EXPECT_EQ(Outcome(Hello(caller_, 100), kAt), kNone);
  EXPECT_EQ(reflector_->table().port_count(), kPortsPerSideMax + 1u);
}

TEST_F(ReflectorTest, AddressFamiliesAndTransportsAreBridged) {
  Ip ipv6{};
  ipv6[0] = 0x20;
  const Endpoint ends[] = {kPeerAt, Udp(ipv6, 7), Tcp(ipv6, 8, 1), Tcp(kPeerAt.ip, 9, 2)};
  std::uint32_t nonce = 10;
  for (const Endpoint& end : ends) {
    const Tag a = TagOf(Side::kCaller, ++nonce), b = TagOf(Side::kCallee, nonce);
    Outcome(Ping(a), kAt);
    EXPECT_EQ(Send(VoipData(b, 20), end).to, kAt);
    EXPECT_EQ(Send(VoipData(a, 20), kAt).to, end);
  }
}

TEST_F(ReflectorTest, AnswersGoWhereTheQuestionCameFrom) {
  Endpoint second = kAt;
  second.local = 3;
  EXPECT_EQ(Send(Ping(caller_), kAt).to, kAt);
  EXPECT_EQ(Send(Ping(caller_), second).to, second);
}

TEST_F(ReflectorTest, PeerInfoOnlyForDirectCalls) {
  EXPECT_EQ(Outcome(PeerInfoRequest(caller_), kAt), kPeerInfo);
  Outcome(Ping(callee_), kPeerAt);
  EXPECT_EQ(Outcome(PeerInfoRequest(caller_), kAt), kPeerInfo);
  const Tag a = TagOf(Side::kCaller, 2, true), b = TagOf(Side::kCallee, 2, true);
  EXPECT_EQ(Outcome(PeerInfoRequest(a), kAt), kPeerInfo);  // nobody there
  Outcome(Ping(b), kPeerAt);
  EXPECT_EQ(Outcome(PeerInfoRequest(a), kAt), kNone);
  Ip ipv6{};
  ipv6[0] = 0x20;
  EXPECT_EQ(Outcome(PeerInfoRequest(b), Udp(ipv6, 1)), kPeerInfo);
}

TEST_F(ReflectorTest, KeepAliveOverTcpRegisters) {
  const Endpoint tcp = Tcp(kAt.ip, 9, 1);
  Bytes packet = WithTail(caller_, 77) + Bytes(4);
  EXPECT_EQ(Outcome(packet, tcp), kKeepAlive);
  EXPECT_EQ(Send(PortPacket(callee_, 77, 5, Bytes(12)), kPeerAt).to, tcp);
}

// ---- Time

TEST_F(ReflectorTest, ExpiryGatesOnlyWhatIsNew) {
  const Tag a = TagOf(Side::kCaller, 5, false, 64), b = TagOf(Side::kCallee, 5, false, 64);
  Outcome(Hello(a, 1), kAt);
  Pass(200'000);                                                     // idle, but nobody swept
  EXPECT_EQ(Outcome(Hello(a, 1), kAt), kNone);                       // lives on
  EXPECT_EQ(Outcome(Hello(a, 2), Udp(Ipv4(1, 2, 3, 4), 5)), kNone);  // roams
  EXPECT_EQ(Outcome(Hello(b, 1), kPeerAt), kExpired);                // never came in time
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 6, false, 64)), kAt), kExpired);
  EXPECT_EQ(reflector_->sessions(), 1u);
}

TEST_F(ReflectorTest, IdlePortsAndSessionsGo) {
  Outcome(VoipData(caller_), kAt);
  Outcome(VoipData(callee_), kPeerAt);
  for (int i = 0; i < 5; ++i) {
    PassTicking(20'000);
    Outcome(VoipData(caller_), kAt);
  }
  EXPECT_EQ(reflector_->sessions(), 1u);
  EXPECT_EQ(reflector_->table().port_count(), 1u);  // the callee has long been silent
  PassTicking(61'000);
  EXPECT_EQ(reflector_->sessions(), 0u);
  EXPECT_EQ(reflector_->table().port_count(), 0u);
  std::vector<FlowSummary> ended;
  reflector_->TakeSummaries(ended);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, EndReason::kIdle);
  EXPECT_EQ(ended[0].key, CallKeyOf(caller_.data()));
}

TEST_F(ReflectorTest, LongestCall) {
  Limits limits;
  limits.session_ms_max = 10'000;
  Start(limits);
  for (int i = 0; i < 10; ++i) {
    Outcome(VoipData(caller_), kAt);
    EXPECT_EQ(reflector_->sessions(), 1u);
    PassTicking(1'000);
  }
  EXPECT_EQ(reflector_->sessions(), 0u);
}

TEST_F(ReflectorTest, RotationCutsNoCall) {
  Outcome(VoipData(caller_), kAt);
  Outcome(VoipData(callee_), kPeerAt);
  KeyRing ring;
  ring.Set(1, TestKey(50));
  const KeyRingVerifier next(ring);
  reflector_->SetVerifier(&next);
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNone);
  EXPECT_EQ(Outcome(Ping(TagOf(Side::kCaller, 2)), kAt), kBadTag);
  const Tag fresh =
      MintTag(TestKey(50), {.key_id = 1, .expiry_slot = TagSlotOf(now_.wall), .nonce = 2});
  EXPECT_EQ(Outcome(Ping(fresh), kAt), kNone);
}

TEST_F(ReflectorTest, RestartInMidCallLosesAPacketOrTwo) {
  Outcome(VoipData(caller_), kAt);
  EXPECT_EQ(Outcome(VoipData(callee_), kPeerAt), kNone);
  Start({});
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNoPeer);  // the one
  EXPECT_EQ(Outcome(VoipData(callee_), kPeerAt), kNone);
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNone);
}

TEST_F(ReflectorTest, DeniedCallsEndAndStayAway) {
  Outcome(VoipData(caller_), kAt);
  EXPECT_TRUE(reflector_->Deny(CallKeyOf(caller_.data()), now_));
  EXPECT_EQ(reflector_->sessions(), 0u);
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kDenied);
  EXPECT_EQ(Outcome(VoipData(callee_), kPeerAt), kDenied);
  for (std::uint32_t i = 1; i < Reflector::kDeniedMax; ++i) {
    EXPECT_TRUE(reflector_->Deny(CallKeyOf(TagOf(Side::kCaller, 100 + i).data()), now_));
  }
  const CallKey one_more = CallKeyOf(TagOf(Side::kCaller, 9999, false, 2000).data());
  EXPECT_FALSE(reflector_->Deny(one_more, now_));
  Pass(1'000'000);  // their tags are no good any more
  EXPECT_TRUE(reflector_->Deny(one_more, now_));
}

}  // namespace
}  // namespace trunkline::relay

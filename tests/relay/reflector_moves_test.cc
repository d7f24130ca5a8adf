// A side that appears at another address, and what the checks of tgcalls show.
#include "tests/relay/rig.h"

namespace trunkline::relay {
namespace {

using enum Drop;

class MovesTest : public ReflectorTest {
 protected:
  MovesTest() {
    Outcome(VoipData(caller_), kAt);
    Outcome(VoipData(callee_), kPeerAt);
  }
  // Where the caller's packets go now, asked by the callee, who lives on.
  Endpoint CallerAt() { return Send(VoipData(callee_, 20), kPeerAt).to; }

  const Endpoint same_host_ = Udp(kAt.ip, 60000);
  const Endpoint elsewhere_ = Udp(Ipv4(203, 0, 113, 77), 1234);
};

TEST_F(MovesTest, AnotherPortOfTheSameAddressAtOnce) {
  EXPECT_EQ(Outcome(VoipData(caller_), same_host_), kNone);
  EXPECT_EQ(CallerAt(), same_host_);
  EXPECT_EQ(reflector_->counters().moves, 1u);
}

TEST_F(MovesTest, AnotherAddressWhenTheOldOneHasBeenSilent) {
  Pass(1'000);
  EXPECT_EQ(Outcome(VoipData(caller_), elsewhere_), kNone);  // forwarded, not believed
  EXPECT_EQ(CallerAt(), kAt);
  Pass(149);
  Outcome(VoipData(caller_), elsewhere_);
  EXPECT_EQ(CallerAt(), kAt);
  Pass(1);
  Outcome(VoipData(caller_), elsewhere_);
  EXPECT_EQ(CallerAt(), elsewhere_);
}

TEST_F(MovesTest, ALiveAddressIsNotTakenAway) {
  for (int i = 0; i < 50; ++i) {
    Outcome(VoipData(caller_), elsewhere_);  // a captured packet, again and again
    Outcome(VoipData(caller_), kAt);
    EXPECT_EQ(CallerAt(), kAt);
    Pass(60);
  }
  EXPECT_EQ(reflector_->counters().moves, 0u);
}

TEST_F(MovesTest, ASlowAddressIsNotTakenAwayEither) {
  for (int i = 0; i < 100; ++i, Pass(90)) {
    if (i % 10 == 0) Outcome(VoipData(caller_), kAt);
    Outcome(VoipData(caller_), elsewhere_);
    EXPECT_EQ(CallerAt(), kAt);
  }
}

TEST_F(MovesTest, ASignOfLifeMakesTheOtherAddressBeginAgain) {
  Pass(1'000);
  Outcome(VoipData(caller_), elsewhere_);
  Outcome(VoipData(caller_), kAt);
  Pass(1'000);
  Outcome(VoipData(caller_), elsewhere_);
  EXPECT_EQ(CallerAt(), kAt);
  Pass(150);
  Outcome(VoipData(caller_), elsewhere_);
  EXPECT_EQ(CallerAt(), elsewhere_);
}

TEST_F(MovesTest, TwoAddressesAtOnceMoveNothing) {
  const Endpoint third = Udp(Ipv4(203, 0, 113, 78), 1234);
  Pass(5'000);
  for (int i = 0; i < 20; ++i, Pass(100)) {
    Outcome(VoipData(caller_), elsewhere_);
    Outcome(VoipData(caller_), third);
  }
  EXPECT_EQ(CallerAt(), kAt);
}

TEST_F(MovesTest, OncePerSecondAndSoOftenPerMinute) {
  Outcome(VoipData(caller_), same_host_);
  Pass(999);
  EXPECT_EQ(Outcome(VoipData(caller_), kAt), kNone);
  EXPECT_EQ(CallerAt(), same_host_);
  Pass(1);
  Outcome(VoipData(caller_), kAt);
  EXPECT_EQ(CallerAt(), kAt);
  for (int i = 0; i < 20; ++i) {
    Pass(1'000);
    Outcome(VoipData(caller_), i % 2 == 0 ? same_host_ : kAt);
  }
  EXPECT_EQ(reflector_->counters().moves, 10u);
  Pass(60'000);
  Outcome(VoipData(caller_), Udp(kAt.ip, 1));
  EXPECT_EQ(reflector_->counters().moves, 11u);
}

TEST_F(MovesTest, AMoveToAnotherHostHasToBeProvedAgain) {
  for (int i = 0; i < 30; ++i, Pass(100)) {
    Outcome(VoipData(caller_), kAt);
    Outcome(VoipData(callee_), kPeerAt);
  }
  Pass(1'000);
  Outcome(Ping(caller_), elsewhere_);
  Pass(200);
  Outcome(Ping(caller_), elsewhere_);
  EXPECT_EQ(CallerAt(), elsewhere_);
  EXPECT_EQ(Outcome(VoipData(callee_, 1000), kPeerAt), kUnvalidated);
}

TEST_F(MovesTest, APingDoesNotTakeALiveTcpConnectionsPlace) {
  const Endpoint tcp = Tcp(kAt.ip, 6000, 1);
  Outcome(VoipData(caller_), tcp);
  EXPECT_EQ(CallerAt(), tcp);
  Pass(1'500);
  Outcome(VoipData(caller_), tcp);
  Pass(500);
  const Sent answer = Send(Ping(caller_), kAt);  // UDP is being tried again meanwhile
  EXPECT_EQ(answer.drop, kNone);
  EXPECT_EQ(answer.to, kAt);
  EXPECT_EQ(CallerAt(), tcp);
  Outcome(VoipData(caller_), kAt);
  EXPECT_EQ(CallerAt(), kAt);
  Pass(10);
  Outcome(VoipData(caller_), tcp);  // both are known: no move, no pause
  EXPECT_EQ(CallerAt(), tcp);
  EXPECT_EQ(reflector_->counters().moves, 0u);
}

TEST_F(MovesTest, ATcpConnectionThatWasMadeAnew) {
  Outcome(VoipData(caller_), Tcp(kAt.ip, 6000, 1));
  Outcome(VoipData(caller_), Tcp(kAt.ip, 6001, 2));
  EXPECT_EQ(CallerAt(), Tcp(kAt.ip, 6001, 2));
}

class ChecksTest : public ReflectorTest {
 protected:
  ChecksTest() {
    for (int i = 0; i < 4; ++i) {
      Outcome(Hello(caller_, 1), kAt);
      Outcome(Hello(callee_, 2), kPeerAt);
    }
  }
  FlowSummary Flow() {
    std::vector<FlowSummary> live;
    EXPECT_EQ(reflector_->LiveSummaries(0, 10, now_, live), 0u);
    EXPECT_EQ(live.size(), 1u);
    return live.at(0);
  }
  void Request(std::uint8_t id) { Outcome(PortPacket(caller_, 2, 1, Check(true, id)), kAt); }
  Drop Success(std::uint8_t id, const Endpoint& from = kPeerAt) {
    return Outcome(PortPacket(callee_, 1, 2, Check(false, id)), from);
  }
};

TEST_F(ChecksTest, RoundTripOfALeg) {
  Request(1);
  Pass(80);
  Success(1);
  const LegQuality once = Flow().legs[1].quality;
  EXPECT_EQ(once.rtt_mean_us, 80'000u);
  Pass(500);
  Request(2);
  Pass(40);
  Success(2);
  const FlowSummary flow = Flow();
  EXPECT_EQ(flow.legs[1].quality.rtt_mean_us, 75'000u);
  EXPECT_EQ(flow.legs[1].quality.rtt_min_us, 40'000u);
  EXPECT_EQ(flow.legs[1].quality.answered, 2u);
  EXPECT_EQ(flow.legs[1].quality.lost, 0u);
  EXPECT_EQ(flow.legs[0].quality.answered, 0u);
}

TEST_F(ChecksTest, LossOfALeg) {
  Request(1);
  Pass(100);
  Request(2);  // rides along, not followed
  Pass(1'900);
  Request(3);
  Pass(50);
  Success(1);  // too late
  Success(3);
  const LegQuality leg = Flow().legs[1].quality;
  EXPECT_EQ(leg.lost, 1u);
  EXPECT_EQ(leg.answered, 1u);
  EXPECT_EQ(leg.rtt_mean_us, 50'000u);
}

TEST_F(ChecksTest, AnAnsweredCheckMovesAPortAtOnce) {
  const Endpoint elsewhere = Udp(Ipv4(203, 0, 113, 77), 1234);
  Request(1);
  EXPECT_EQ(Success(2, elsewhere), kNone);
  EXPECT_EQ(Send(PortPacket(caller_, 2, 1, Bytes(12)), kAt).to, kPeerAt);
  EXPECT_EQ(Success(1, elsewhere), kNone);
  EXPECT_EQ(Send(PortPacket(caller_, 2, 1, Bytes(12)), kAt).to, elsewhere);
}

TEST_F(ChecksTest, WhatFlowed) {
  const WallTime began = now_.wall;
  Pass(1'000);
  Outcome(PortPacket(caller_, 2, 1, Bytes(36)), kAt);
  Pass(2'000);
  Outcome(PortPacket(caller_, 2, 1, Bytes(36)), kAt);
  Pass(500);
  const FlowSummary flow = Flow();
  EXPECT_EQ(flow.key, CallKeyOf(callee_.data()));
  EXPECT_EQ(flow.began, began);
  EXPECT_EQ(flow.legs[0].packets, 2u);
  EXPECT_EQ(flow.legs[0].bytes, 120u);
  EXPECT_EQ(flow.legs[0].hellos, 4u);
  EXPECT_EQ(flow.legs[0].first, began + std::chrono::seconds(1));
  EXPECT_EQ(flow.legs[0].last, began + std::chrono::seconds(3));
  EXPECT_EQ(flow.legs[1].packets, 0u);
  EXPECT_EQ(flow.legs[1].first, WallTime{});
  EXPECT_FALSE(flow.legs[0].tcp);
}

}  // namespace
}  // namespace trunkline::relay

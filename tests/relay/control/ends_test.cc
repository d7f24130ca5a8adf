// A relay and a server at the two ends of a link, and what each makes of a hostile other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/relay/control/rig.h"

namespace trunkline::relay::control {
namespace {

const Load kLoad{1000, 8e6F, 0.25F, 40};

class EndsTest : public testing::Test {
 protected:
  RelayEnd relay{SomeRegistration(), At(0)};
  ServerEnd server{At(0)};

  void Carry(std::int64_t ms) {
    server.Receive(relay.TakeOutput(), At(ms));
    relay.Receive(server.TakeOutput(), At(ms));
  }
  void Register(std::int64_t ms = 0) {
    Carry(ms);
    ASSERT_TRUE(Only<Registration>(server));
    server.Accept(SomeWelcome(), At(ms));
    Carry(ms);
    ASSERT_TRUE(Only<Welcome>(relay));
    ASSERT_TRUE(relay.registered() && server.accepted());
  }
  // Straight to the server, as a relay of ours never would.
  std::optional<ServerEnd::Ended> CutBy(const Bytes& bytes, std::int64_t ms = 0) {
    server.Receive(bytes, At(ms));
    return Only<ServerEnd::Ended>(server);
  }
  std::optional<Refusal> RefusalSent() {
    relay.Receive(server.TakeOutput(), At(0));
    auto event = relay.Poll();
    if (!event || !std::holds_alternative<Refusal>(*event)) return std::nullopt;
    return std::get<Refusal>(*event);
  }
};

TEST_F(EndsTest, RegistersAndBeats) {
  Carry(0);
  const auto registration = Only<Registration>(server);
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->region, "eu-1");
  EXPECT_FALSE(server.accepted());
  server.Accept(SomeWelcome(), At(5));
  Carry(5);
  const auto welcome = Only<Welcome>(relay);
  ASSERT_TRUE(welcome);
  EXPECT_EQ(welcome->keys, SomeWelcome().keys);
  EXPECT_EQ(welcome->clock, At(5).wall);

  EXPECT_LE(relay.NextDeadline(), At(5).micros);  // the first beat goes at once
  relay.Tick(kLoad, false, At(5));
  server.Receive(relay.TakeOutput(), At(6));
  const auto beat = Only<Beat>(server);
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->load.calls, 40u);
  EXPECT_EQ(beat->load.cpu, 0.25F);
  EXPECT_EQ(beat->round_trip_us, 0u);
  relay.Receive(server.TakeOutput(), At(8));
  EXPECT_EQ(relay.round_trip_us(), 3'000u);

  EXPECT_EQ(relay.NextDeadline(), At(1005).micros);
  relay.Tick(kLoad, false, At(1004));
  EXPECT_TRUE(relay.TakeOutput().empty());
  relay.Tick(kLoad, false, At(1005));
  server.Receive(relay.TakeOutput(), At(1005));
  const auto second = Only<Beat>(server);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 2u);
  EXPECT_EQ(second->round_trip_us, 3'000u);
}

TEST_F(EndsTest, DrainingIsToldAtOnce) {
  Register();
  relay.Tick(kLoad, false, At(0));
  Carry(0);
  EventsOf(server);
  relay.Tick(kLoad, true, At(10));
  Carry(10);
  const auto beat = Only<Beat>(server);
  ASSERT_TRUE(beat);
  EXPECT_TRUE(beat->draining);
  relay.Leave("stopped");
  Carry(20);
  const auto ended = Only<ServerEnd::Ended>(server);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->clean);
  EXPECT_EQ(ended->why, "stopped");
}

TEST_F(EndsTest, OrdersReachTheRelay) {
  server.SetDraining(true);  // not accepted yet: nobody to tell
  Register();
  server.SetKeys({{3, SomeKey(7)}});
  server.SetDraining(true);
  server.Deny(0x1234);
  server.Leave("the server stops");
  relay.Receive(server.TakeOutput(), At(1));
  const auto events = EventsOf(relay);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(std::get<NewKeys>(events[0]).keys, (KeySet{{3, SomeKey(7)}}));
  EXPECT_TRUE(std::get<DrainOrder>(events[1]).on);
  EXPECT_EQ(std::get<DenyOrder>(events[2]).call, 0x1234u);
  EXPECT_EQ(std::get<RelayEnd::Ended>(events[3]).why, "the server left: the server stops");
}

TEST_F(EndsTest, FlowsArriveInFramesThatFit) {
  Register();
  std::vector<FlowSummary> flows(1'000, LongestFlow());
  for (std::size_t i = 0; i < flows.size(); ++i) flows[i].key = i;
  std::span<const FlowSummary> rest = flows;
  std::size_t arrived = 0, frames = 0;
  while (!rest.empty()) {
    relay.Report(rest);
    const Bytes bytes = relay.TakeOutput();
    EXPECT_LE(bytes.size(), kFrameBytesMax + kFrameHeaderBytes);
    server.Receive(bytes, At(1));
    const auto report = Only<FlowReport>(server);
    ASSERT_TRUE(report);
    for (const FlowSummary& flow : report->flows) EXPECT_EQ(flow.key, arrived++);
    ++frames;
  }
  EXPECT_EQ(arrived, 1'000u);
  EXPECT_LE(frames, 3u);
}

TEST_F(EndsTest, WhatTheServerMayNotHaveHeardIsKept) {
  Register();
  relay.Tick(kLoad, false, At(0));
  std::vector<FlowSummary> flows(3);
  flows[0].key = 1, flows[1].key = 2, flows[2].key = 3;
  flows[0].ended = flows[2].ended = At(1).wall;  // the second lives, and will be told again
  std::span<const FlowSummary> rest = flows;
  relay.Report(rest);
  EXPECT_EQ(relay.unheard(), 2u);
  Carry(2);  // the answer to a heartbeat that left before
  EXPECT_EQ(relay.unheard(), 2u);
  relay.Receive(FrameOf(BeatSeen{9, At(3).wall}), At(3));  // to one that never left
  EXPECT_EQ(relay.unheard(), 2u);
  relay.Tick(kLoad, false, At(1'000));
  const Bytes second = relay.TakeOutput();
  EXPECT_EQ(relay.unheard(), 2u);
  rest = std::span<const FlowSummary>(flows).first(1);
  relay.Report(rest);  // behind that heartbeat
  server.Receive(second, At(1'001));
  relay.Receive(server.TakeOutput(), At(1'002));
  EXPECT_EQ(relay.unheard(), 1u);
  relay.Leave("lost");
  const auto unheard = relay.TakeUnheard();
  ASSERT_EQ(unheard.size(), 1u);
  EXPECT_EQ(unheard[0].key, 1u);
  EXPECT_EQ(relay.unheard(), 0u);
}

TEST_F(EndsTest, EitherSideGivesUpAfterFourSilentSeconds) {
  Register();
  relay.Tick(kLoad, false, At(0));
  Carry(0);
  EventsOf(server);
  server.Tick(At(3'999));
  EXPECT_FALSE(server.ended());
  server.Tick(At(4'000));
  const auto ended = Only<ServerEnd::Ended>(server);
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->clean);
  EXPECT_EQ(ended->why, "silent for 4 s");
  relay.Tick(kLoad, false, At(3'999));
  EXPECT_FALSE(relay.ended());
  relay.Tick(kLoad, false, At(4'000));
  EXPECT_TRUE(Only<RelayEnd::Ended>(relay));
}

TEST_F(EndsTest, NobodyWaitsForEverForARegistration) {
  server.Tick(At(4'999));
  EXPECT_FALSE(server.ended());
  server.Tick(At(5'000));
  EXPECT_TRUE(Only<ServerEnd::Ended>(server));
  relay.Tick(kLoad, false, At(4'999));
  EXPECT_FALSE(relay.ended());
  relay.Tick(kLoad, false, At(5'000));
  EXPECT_TRUE(Only<RelayEnd::Ended>(relay));
}

TEST_F(EndsTest, AReceiverThatNeverAnswersIsNotWaitedFor) {
  Carry(0);
  ASSERT_TRUE(Only<Registration>(server));
  server.Tick(At(5'000));
  EXPECT_TRUE(Only<ServerEnd::Ended>(server));
  EXPECT_EQ(RefusalSent()->reason, RefusalReason::kUnavailable);
  server.Accept(SomeWelcome(), At(5'001));  // too late, and harmless
  EXPECT_TRUE(server.TakeOutput().empty());
}

TEST_F(EndsTest, ARefusalSaysWhy) {
  Carry(0);
  ASSERT_TRUE(Only<Registration>(server));
  server.Refuse(RefusalReason::kDuplicate, "id 7 is 192.0.2.1:4431");
  Carry(0);
  const auto events = EventsOf(relay);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<Refusal>(events[0]).text, "id 7 is 192.0.2.1:4431");
  EXPECT_TRUE(IsFinal(std::get<Refusal>(events[0]).reason));
  EXPECT_TRUE(std::holds_alternative<RelayEnd::Ended>(events[1]));
  EXPECT_TRUE(relay.ended() && server.ended());
}

struct Skew {
  std::int64_t relay_ms;
  const char* says;  // empty: taken
};
constexpr Skew kSkews[] = {{0, ""},
                           {10'000, ""},
                           {-10'000, ""},
                           {10'001, "relay's clock is 10.0 s ahead"},
                           {73'200, "relay's clock is 73.2 s ahead"},
                           {-73'250, "relay's clock is 73.2 s behind"},
                           {-kUnixMs, "relay's clock is 1767225600.0 s behind"}};

TEST(ClockSkewTest, RegistrationsAndBeatsWithOtherClocksAreRefused) {
  for (const Skew& skew : kSkews) {
    const auto refused = [&skew](ServerEnd& server) {
      const auto ended = Only<ServerEnd::Ended>(server);
      const auto sent = DecodeFromServer(ByteView(server.TakeOutput()).subspan(4));
      return ended && ended->why == skew.says && sent &&
             std::get<Refusal>(*sent).reason == RefusalReason::kClockSkew &&
             std::get<Refusal>(*sent).text == skew.says;
    };
    const bool taken = std::string_view(skew.says).empty();
    Registration registration = SomeRegistration();
    registration.clock = At(skew.relay_ms).wall;
    ServerEnd fresh(At(0));
    fresh.Receive(FrameOf(registration), At(0));
    if (taken) {
      EXPECT_TRUE(Only<Registration>(fresh)) << skew.relay_ms;
    } else {
      EXPECT_TRUE(refused(fresh)) << skew.relay_ms;
    }
    ServerEnd known(At(0));
    known.Receive(FrameOf(SomeRegistration()), At(0));
    known.Accept(SomeWelcome(), At(0));
    known.TakeOutput();
    EventsOf(known);
    known.Receive(FrameOf(Beat{.number = 1, .clock = At(skew.relay_ms).wall, .load = kLoad}),
                  At(0));
    if (taken) {
      EXPECT_TRUE(Only<Beat>(known)) << skew.relay_ms;
    } else {
      EXPECT_TRUE(refused(known)) << skew.relay_ms;
    }
  }
}

TEST_F(EndsTest, ImpossibleLoadsDontCountAndThreeInARowAreEnough) {
  Register();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Load odd[] = {{nan, 0, 0, 0},
                      {0, -1, 0, 0},
                      {0, 0, 1.5F, 0},
                      {0, 0, 0, kCallsMax + 1},
                      {std::numeric_limits<float>::infinity(), 0, 0, 0},
                      {0, 0, nan, 0}};
  std::uint64_t number = 0;
  std::int64_t ms = 0;
  const auto send = [&](const Load& load) {
    ms += 100;
    server.Receive(FrameOf(Beat{.number = ++number, .clock = At(ms).wall, .load = load}), At(ms));
  };
  for (const Load& load : odd) {  // never three in a row
    send(load);
    EXPECT_TRUE(Only<ServerEnd::OddBeat>(server)) << number;
    EXPECT_TRUE(server.TakeOutput().empty());  // not acknowledged
    EXPECT_EQ(server.SilentFor(At(ms)), Duration(100));
    send(kLoad);
    EXPECT_TRUE(Only<Beat>(server)) << number;
    server.TakeOutput();
  }
  send(odd[0]);
  send(odd[1]);
  EXPECT_EQ(EventsOf(server).size(), 2u);
  send(odd[2]);
  const auto ended = Only<ServerEnd::Ended>(server);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->why, "heartbeats with impossible figures");
}

TEST_F(EndsTest, AnotherVersionIsNamed) {
  Registration registration = SomeRegistration();
  registration.version = 9;
  registration.port = 0;  // of a version that isn't known nothing else is judged
  const auto ended = CutBy(FrameOf(registration));
  ASSERT_TRUE(ended);
  EXPECT_NE(ended->why.find("version 1"), std::string::npos) << ended->why;
  EXPECT_NE(ended->why.find("version 9"), std::string::npos) << ended->why;
  EXPECT_EQ(RefusalSent()->reason, RefusalReason::kVersion);
}

TEST_F(EndsTest, WhoSpeaksOutOfTurnIsCut) {
  const Bytes beat = FrameOf(Beat{.number = 1, .clock = At(0).wall, .load = kLoad});
  EXPECT_TRUE(CutBy(beat));
  server = ServerEnd(At(0));
  EXPECT_TRUE(CutBy(FrameOf(FlowReport{{FlowSummary{}}})));
  server = ServerEnd(At(0));
  Register();
  EXPECT_TRUE(CutBy(FrameOf(SomeRegistration())));
  EXPECT_EQ(RefusalSent()->text, "a second registration");

  RelayEnd early(SomeRegistration(), At(0));
  Bytes frame;
  AppendFrame(FromServerSide(DrainOrder{true}), frame);
  early.Receive(frame, At(0));
  EXPECT_TRUE(Only<RelayEnd::Ended>(early));
  RelayEnd twice(SomeRegistration(), At(0));
  frame.clear();
  AppendFrame(FromServerSide(SomeWelcome()), frame);
  AppendFrame(FromServerSide(SomeWelcome()), frame);
  twice.Receive(frame, At(0));
  const auto events = EventsOf(twice);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<RelayEnd::Ended>(events[1]));
}

TEST_F(EndsTest, LongFramesOnlyFromThoseWhoRegistered) {
  const Bytes claim = FromHex("00010000");  // 64 KiB
  EXPECT_TRUE(CutBy(claim));
  server = ServerEnd(At(0));
  Register();
  server.Receive(claim, At(0));
  EXPECT_FALSE(server.ended());
  server = ServerEnd(At(0));
  relay = RelayEnd(SomeRegistration(), At(0));
  Register();
  EXPECT_TRUE(CutBy(FromHex("00010001")));
  relay.Receive(FromHex("00001001"), At(0));
  EXPECT_TRUE(relay.ended());
}

TEST_F(EndsTest, NoiseEndsALink) {
  for (const char* noise :
       {"00000000", "00000002ffff", "474554202f20485454502f312e310d0a", "00000006fa0103616263"}) {
    server = ServerEnd(At(0));
    server.Receive(FromHex(noise), At(0));
    const bool skipped = std::string_view(noise) == "00000006fa0103616263";
    EXPECT_EQ(server.ended(), !skipped) << noise;
    EXPECT_LE(server.buffered(), kShortFrameBytesMax);
  }
}

// What comes in pieces means the same.
TEST_F(EndsTest, SplitAtEveryByte) {
  Bytes up = relay.TakeOutput();
  const std::size_t registration_bytes = up.size();
  for (const Bytes& frame :
       {FrameOf(Beat{.number = 1, .clock = At(0).wall, .load = kLoad}),
        FrameOf(FlowReport{{LongestFlow(), FlowSummary{}}}), FrameOf(Farewell{"done"})}) {
    up.insert(up.end(), frame.begin(), frame.end());
  }
  for (std::size_t cut = registration_bytes; cut <= up.size(); ++cut) {
    ServerEnd end(At(0));
    for (std::size_t i = 0; i < registration_bytes; ++i) end.Receive(ByteView(&up[i], 1), At(0));
    ASSERT_TRUE(Only<Registration>(end));
    end.Accept(SomeWelcome(), At(0));
    end.Receive(ByteView(up).subspan(registration_bytes, cut - registration_bytes), At(0));
    end.Receive(ByteView(up).subspan(cut), At(0));
    const auto events = EventsOf(end);
    ASSERT_EQ(events.size(), 3u) << cut;
    EXPECT_EQ(std::get<FlowReport>(events[1]).flows.size(), 2u);
    EXPECT_TRUE(std::get<ServerEnd::Ended>(events[2]).clean);
  }
}

}  // namespace
}  // namespace trunkline::relay::control

#include "relay/control/messages.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/relay/control/rig.h"

namespace trunkline::relay::control {
namespace {

ByteView PayloadOf(const Bytes& frame) {
  return ByteView(frame).subspan(kFrameHeaderBytes);
}

// Through bytes and back. The bytes say it all when the second trip makes the same ones.
template <class T>
T FromRelayAndBack(const T& message) {
  const Bytes frame = FrameOf(message);
  auto back = DecodeFromRelay(PayloadOf(frame));
  EXPECT_TRUE(back) << (back ? "" : back.error());
  EXPECT_TRUE(std::holds_alternative<T>(*back));
  EXPECT_EQ(FrameOf(std::get<T>(*back)), frame);
  return std::get<T>(*back);
}
template <class T>
T FromServerAndBack(const T& message) {
  Bytes frame;
  AppendFrame(FromServerSide(message), frame);
  auto back = DecodeFromServer(PayloadOf(frame));
  EXPECT_TRUE(back) << (back ? "" : back.error());
  EXPECT_TRUE(std::holds_alternative<T>(*back));
  Bytes again;
  AppendFrame(*back, again);
  EXPECT_EQ(again, frame);
  return std::get<T>(*back);
}

TEST(ControlMessagesTest, EveryMessageComesBack) {
  const Registration registration = FromRelayAndBack(SomeRegistration());
  EXPECT_EQ(registration.id, 7u);
  EXPECT_EQ(registration.instance, 0x1122334455667788u);
  EXPECT_EQ(registration.clock, At(0).wall);
  EXPECT_EQ(registration.ipv4, Ipv4(192, 0, 2, 10));
  EXPECT_EQ(registration.ipv6, SomeRegistration().ipv6);
  EXPECT_EQ(registration.port, 4431);
  EXPECT_EQ(registration.labels, SomeRegistration().labels);
  EXPECT_EQ(registration.domain, "rack-2");
  EXPECT_EQ(registration.calls, 2000);

  const Beat beat = FromRelayAndBack(Beat{.number = 3,
                                          .clock = At(1).wall,
                                          .load = {1.5F, 2.5F, 0.25F, 9},
                                          .draining = true,
                                          .round_trip_us = 450});
  EXPECT_EQ(beat.number, 3u);
  EXPECT_EQ(beat.load.cpu, 0.25F);
  EXPECT_EQ(beat.load.calls, 9u);
  EXPECT_TRUE(beat.draining);
  EXPECT_FALSE(beat.load.drops);  // as older relays leave it
  EXPECT_EQ(FromRelayAndBack(Farewell{"bye now"}).text, "bye now");

  const Welcome welcome = FromServerAndBack(SomeWelcome());
  EXPECT_EQ(welcome.keys, SomeWelcome().keys);
  EXPECT_TRUE(welcome.draining);
  EXPECT_EQ(welcome.beat_every, kBeatEvery);
  const Refusal refusal = FromServerAndBack(Refusal{RefusalReason::kClockSkew, "late"});
  EXPECT_EQ(refusal.reason, RefusalReason::kClockSkew);
  EXPECT_EQ(refusal.text, "late");
  EXPECT_EQ(FromServerAndBack(BeatSeen{5, At(2).wall}).number, 5u);
  EXPECT_EQ(FromServerAndBack(NewKeys{SomeWelcome().keys}).keys, SomeWelcome().keys);
  EXPECT_TRUE(FromServerAndBack(DrainOrder{true}).on);
  EXPECT_EQ(FromServerAndBack(DenyOrder{0xabcdef}).call, 0xabcdefu);
  EXPECT_EQ(FromServerAndBack(Farewell{"stopping"}).text, "stopping");
}

TEST(ControlMessagesTest, DropsComeBackAndTheMostFitIntoAHeartbeat) {
  Beat beat{.number = 1, .clock = At(0).wall, .load = {}};
  beat.load.drops = DropCounts{};
  EXPECT_EQ(FromRelayAndBack(beat).load.drops, DropCounts{});  // none, and told so
  beat.load.drops = DropCounts{{"no_peer", 3}, {"bad_tag", kDroppedMax}};
  EXPECT_EQ(FromRelayAndBack(beat).load.drops, beat.load.drops);
  beat.load.drops->assign(kDropReasonsMax, {std::string(kNameBytesMax, 'x'), kDroppedMax});
  EXPECT_EQ(FromRelayAndBack(beat).load.drops->size(), kDropReasonsMax);
}

TEST(ControlMessagesTest, ImpossibleDropsAreRefused) {
  using Spoil = std::function<void(Drops&)>;
  const Spoil spoils[] = {
      [](Drops& d) { d.mutable_dropped(0)->clear_reason(); },
      [](Drops& d) { d.mutable_dropped(0)->set_reason("a b"); },
      [](Drops& d) { d.mutable_dropped(0)->set_reason(std::string(kNameBytesMax + 1, 'a')); },
      [](Drops& d) { d.mutable_dropped(0)->set_packets(kDroppedMax + 1); },
      [](Drops& d) {
        while (static_cast<std::size_t>(d.dropped_size()) <= kDropReasonsMax) {
          *d.add_dropped() = d.dropped(0);
        }
      },
  };
  FromRelay good;
  good.mutable_heartbeat()->mutable_drops()->add_dropped()->set_reason("no_peer");
  ASSERT_TRUE(DecodeFromRelay(PayloadOf(Framed(good))));
  for (std::size_t i = 0; i < std::size(spoils); ++i) {
    FromRelay bad = good;
    spoils[i](*bad.mutable_heartbeat()->mutable_drops());
    EXPECT_FALSE(DecodeFromRelay(PayloadOf(Framed(bad)))) << i;
  }
}

TEST(ControlMessagesTest, TheLongestFlowsFitIntoOneFrame) {
  const FlowSummary longest = LongestFlow();
  const Bytes one = FrameOf(FlowReport{{longest}});
  EXPECT_LE(one.size() - kFrameHeaderBytes, kFlowBytesMax + 4);
  EXPECT_GT(one.size() - kFrameHeaderBytes, kFlowBytesMax - 10);  // the bound is no guess
  const FlowReport back = FromRelayAndBack(FlowReport{{longest, FlowSummary{}}});
  ASSERT_EQ(back.flows.size(), 2u);
  EXPECT_EQ(back.flows[0].key, longest.key);
  EXPECT_EQ(back.flows[0].ended, longest.ended);
  EXPECT_EQ(back.flows[0].legs[1].bytes, kFlowTrafficMax);
  EXPECT_EQ(back.flows[0].legs[1].quality.lost, ~0u);
  EXPECT_EQ(back.flows[1].ended, WallTime{});
}

TEST(ControlMessagesTest, ImpossibleRegistrationsAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  using Spoil = std::function<void(Register&)>;
  const Spoil spoils[] = {
      [](Register& r) { r.set_id(0); },
      [](Register& r) { r.set_unix_ms(~std::uint64_t{0}); },
      [](Register& r) { r.set_ipv4("abc"); },
      [](Register& r) { r.set_ipv6("abc"); },
      [](Register& r) {
        r.clear_ipv4();
        r.clear_ipv6();
      },
      [](Register& r) {
        r.set_ipv4(std::string(4, '\0'));
        r.set_ipv6(std::string(16, '\0'));
      },
      [](Register& r) { r.set_port(0); },
      [](Register& r) { r.set_port(65536); },
      [](Register& r) { r.set_stacks(0); },
      [](Register& r) { r.set_stacks(4); },
      [](Register& r) { r.set_region(std::string(kNameBytesMax + 1, 'a')); },
      [](Register& r) { r.set_domain("a\"b"); },
      [](Register& r) { r.set_program("1\n2"); },
      [](Register& r) { r.add_labels(""); },
      [](Register& r) { r.add_labels(std::string(kNameBytesMax + 1, 'a')); },
      [](Register& r) {
        while (static_cast<std::size_t>(r.labels_size()) <= kLabelsMax) r.add_labels("x");
      },
      [nan](Register& r) { r.set_packets_per_second(nan); },
      [infinite](Register& r) { r.set_bits_per_second(infinite); },
      [](Register& r) { r.set_calls(-1); },
  };
  FromRelay good;
  const Bytes frame = FrameOf(SomeRegistration());
  ASSERT_TRUE(
      good.ParseFromArray(PayloadOf(frame).data(), static_cast<int>(PayloadOf(frame).size())));
  ASSERT_TRUE(DecodeFromRelay(PayloadOf(Framed(good))));
  for (std::size_t i = 0; i < std::size(spoils); ++i) {
    FromRelay bad = good;
    spoils[i](*bad.mutable_registration());
    EXPECT_FALSE(DecodeFromRelay(PayloadOf(Framed(bad)))) << i;
  }
}

TEST(ControlMessagesTest, ImpossibleFlowsAndKeysAreRefused) {
  using Spoil = std::function<void(Flow&)>;
  const Spoil spoils[] = {
      [](Flow& f) { f.set_reason(99); },
      [](Flow& f) { f.set_began_ms(kUnixMsMax + 1); },
      [](Flow& f) { f.set_ended_ms(~std::uint64_t{0}); },
      [](Flow& f) { f.mutable_caller()->set_bytes(kFlowTrafficMax + 1); },
      [](Flow& f) { f.mutable_callee()->set_last_ms(~std::uint64_t{0}); },
      [](Flow& f) { f.mutable_callee()->set_first_ms(5); },  // later than the last
  };
  FromRelay good;
  good.mutable_flows()->add_flows()->set_call(1);
  ASSERT_TRUE(DecodeFromRelay(PayloadOf(Framed(good))));
  for (std::size_t i = 0; i < std::size(spoils); ++i) {
    FromRelay bad = good;
    spoils[i](*bad.mutable_flows()->mutable_flows(0));
    EXPECT_FALSE(DecodeFromRelay(PayloadOf(Framed(bad)))) << i;
  }
  for (std::size_t i = 0; i < kFlowsPerFrameMax; ++i) good.mutable_flows()->add_flows();
  EXPECT_FALSE(DecodeFromRelay(PayloadOf(Framed(good))));

  FromServer keys;
  keys.mutable_keys()->add_keys()->set_key(std::string(16, 'k'));
  EXPECT_TRUE(DecodeFromServer(PayloadOf(Framed(keys))));
  keys.mutable_keys()->mutable_keys(0)->set_id(8);
  EXPECT_FALSE(DecodeFromServer(PayloadOf(Framed(keys))));
  keys.mutable_keys()->mutable_keys(0)->set_id(1);
  keys.mutable_keys()->mutable_keys(0)->set_key("short");
  EXPECT_FALSE(DecodeFromServer(PayloadOf(Framed(keys))));
  FromServer fast;
  fast.mutable_registered()->set_heartbeat_ms(1);
  EXPECT_FALSE(DecodeFromServer(PayloadOf(Framed(fast))));
}

TEST(ControlMessagesTest, WhatGoesToALogIsPrintableAndShort) {
  FromServer frame;
  frame.mutable_refused()->set_text("no\n\x1b[31m\xff way" + std::string(1000, 'x'));
  frame.mutable_refused()->set_reason(1000);
  const auto back = DecodeFromServer(PayloadOf(Framed(frame)));
  ASSERT_TRUE(back);
  const Refusal& refusal = std::get<Refusal>(*back);
  EXPECT_TRUE(refusal.text.starts_with("no??[31m? wayx"));
  EXPECT_EQ(refusal.text.size(), kTextBytesMax);
  EXPECT_EQ(refusal.reason, RefusalReason::kUnavailable);
}

TEST(ControlMessagesTest, WhatIsNotKnownIsSkippedAndNoiseIsNot) {
  const Bytes newer = FromHex("fa0103616263");  // field 31, a message of three bytes
  const auto unknown = DecodeFromRelay(newer);
  ASSERT_TRUE(unknown);
  EXPECT_TRUE(std::holds_alternative<Unknown>(*unknown));
  EXPECT_FALSE(DecodeFromRelay(FromHex("0aff")));
  EXPECT_FALSE(DecodeFromServer(FromHex("ffffff")));
}

TEST(FrameReaderTest, BoundsCountBeforeAnythingIsKept) {
  FrameReader reader;
  const Bytes claim = FromHex("00001001 6161616161");  // 4097
  ByteView bytes = claim;
  EXPECT_EQ(reader.Take(bytes, 4096), FrameReader::Next::kBad);
  EXPECT_EQ(reader.buffered(), 0u);
  FrameReader same;
  bytes = claim;
  EXPECT_EQ(same.Take(bytes, 4097), FrameReader::Next::kMore);
  EXPECT_EQ(same.buffered(), 5u);
  FrameReader empty;
  const Bytes nothing(4);
  bytes = nothing;
  EXPECT_EQ(empty.Take(bytes, 4096), FrameReader::Next::kBad);
}

TEST(FrameReaderTest, FramesComeOutWhateverThePieces) {
  Bytes stream;
  for (std::size_t i = 1; i < 40; ++i) {
    const Bytes body(i * 7, static_cast<std::uint8_t>(i));
    stream.insert(stream.end(), {0, 0, static_cast<std::uint8_t>(body.size() >> 8),
                                 static_cast<std::uint8_t>(body.size())});
    stream.insert(stream.end(), body.begin(), body.end());
  }
  for (const std::size_t step : {1u, 2u, 3u, 5u, 64u, 100'000u}) {
    FrameReader reader;
    std::size_t frames = 0;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      ByteView piece = ByteView(stream).subspan(at, std::min(step, stream.size() - at));
      while (reader.Take(piece, 4096) == FrameReader::Next::kFrame) {
        ++frames;
        ASSERT_EQ(reader.payload().size(), frames * 7);
        EXPECT_EQ(reader.payload().back(), frames);
      }
    }
    EXPECT_EQ(frames, 39u) << step;
  }
}

}  // namespace
}  // namespace trunkline::relay::control

// The trace of a call: what is kept, what is cut, what the store gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "server/book/trace_event.h"
#include "server/book/tracer.h"
#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

TraceEvent Request(TraceWhat what, std::int64_t at_ms = 1) {
  TraceEvent event;
  event.at_ms = at_ms;
  event.kind = TraceKind::kRequest;
  event.party = TraceParty::kCaller;
  event.what = what;
  event.device = DeviceId(7);
  return event;
}

TEST(CallTraceTest, SurvivesItsEncoding) {
  CallTrace trace;
  trace.events.push_back(Request(TraceWhat::kRequestCall, 1'700'000'000'000));
  TraceEvent full = Request(TraceWhat::kDiscardCall, 1'700'000'000'123);
  full.kind = TraceKind::kError;
  full.device = DeviceId(-1);
  full.why = Why::kStoreRefused;
  full.refusal = Refusal::kInternal;
  full.reason = call::Reason::kMigrateConferenceCall;
  full.video = true;
  full.count = 1'000'000;
  full.number = INT64_MIN;
  full.duration = 86'400;
  trace.events.push_back(full);
  trace.cut = true;
  const auto decoded = DecodeTrace(EncodeTrace(trace));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->events, trace.events);
  EXPECT_TRUE(decoded->cut);
}

// Lines of version 1 had the reasons of relays one earlier.
TEST(CallTraceTest, ReadsLinesOfTheEarlierVersion) {
  for (const Why why : {Why::kStoreRefused, Why::kRelayBest, static_cast<Why>(kWhys - 1)}) {
    CallTrace trace;
    trace.events.push_back(Request(TraceWhat::kRelayOffered, 1'700'000'000'000));
    trace.events.back().why = why;
    Bytes lines = EncodeTrace(trace);
    ASSERT_EQ(lines.front(), 2);
    lines.front() = 1;
    if (why >= Why::kRelayBest) {
      const auto at = std::find(lines.rbegin(), lines.rend(), static_cast<std::uint8_t>(why));
      ASSERT_NE(at, lines.rend());
      --*at;
    }
    const auto decoded = DecodeTrace(lines);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->events, trace.events);
    // The last of the present reasons was none then.
    lines.front() = why == static_cast<Why>(kWhys - 1) ? 3 : 1;
    EXPECT_EQ(DecodeTrace(lines).has_value(), lines.front() == 1);
  }
}

TEST(CallTraceTest, NoPrefixAndNoChangedByteCrashesTheDecoder) {
  CallTrace trace;
  for (int i = 0; i < 10; ++i) {
    TraceEvent event = Request(TraceWhat::kRequestCall, 1'700'000'000'000 + i);
    event.number = i << (3 * i);
    event.why = static_cast<Why>(i);
    trace.events.push_back(event);
  }
  const Bytes good = EncodeTrace(trace);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(DecodeTrace(ByteView(good.data(), size)).has_value()) << size;
  }
  int taken = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(value);
      const auto decoded = DecodeTrace(bad);
      if (!decoded) continue;
      ++taken;
      EXPECT_LE(decoded->events.size(), kTraceEventsMax);
      for (const TraceEvent& event : decoded->events) {
        EXPECT_LT(static_cast<int>(event.what), kTraceWhats);
        EXPECT_LT(static_cast<int>(event.why), kWhys);
        EXPECT_LE(event.refusal, Refusal::kInternal);
      }
    }
  }
  EXPECT_GT(taken, 0);
}

TEST(CallTraceTest, IsBoundedAndKeepsItsBeginning) {
  CallTrace trace;
  for (int i = 0; i < 1000; ++i) trace.Add(Request(TraceWhat::kDiscardCall, i));
  EXPECT_EQ(trace.events.size(), kTraceEventsMax);
  EXPECT_TRUE(trace.cut);
  EXPECT_EQ(trace.events[kTraceEventsKept - 1].at_ms, 31);
  EXPECT_EQ(trace.events.back().at_ms, 999);
}

TEST(CallTraceTest, SignallingIsCounted) {
  CallTrace trace;
  for (int i = 0; i < 50; ++i) {
    TraceEvent there = Request(TraceWhat::kSendSignallingData, i);
    trace.Add(there);
    there.device = DeviceId(8);
    trace.Add(there);
  }
  ASSERT_EQ(trace.events.size(), 2u);
  EXPECT_EQ(trace.events[0].count, 50);
  EXPECT_EQ(trace.events[1].count, 50);
}

class TraceTest : public testing::Test {
 protected:
  std::string Told(CallId call) {
    const CallTrace* trace = world_.book().TraceOf(call);
    if (trace == nullptr) return "none";
    return Text(*trace);
  }
  std::optional<TraceEvent> Find(CallId call, TraceWhat what) {
    for (const TraceEvent& event : world_.book().TraceOf(call)->events) {
      if (event.what == what) return event;
    }
    return std::nullopt;
  }
  static std::string Text(const CallTrace& trace) {
    std::string text;
    for (const TraceEvent& event : trace.events) {
      text += "RrEu!"[static_cast<int>(event.kind)];
      text += std::to_string(static_cast<int>(event.what)) + " ";
    }
    return text;
  }
  static std::string Line(TraceKind kind, TraceWhat what) {
    CallTrace trace;
    TraceEvent event;
    event.kind = kind;
    event.what = what;
    trace.events.push_back(event);
    return Text(trace);
  }

  World world_;
  Phone a1_ = world_.SignedIn("9996620001");
  Phone b1_ = world_.SignedIn("9996620002");
  Phone b2_ = world_.SignedIn("9996620002");
};

TEST_F(TraceTest, TellsWhoSentWhatAndWhoWasTold) {
  const Effects effects = world_.Send(a1_, world_.Request(b1_));
  const CallView& view = ReplyAs<reply::Call>(effects)->call;
  EXPECT_EQ(Told(view.id), Line(TraceKind::kRequest, TraceWhat::kRequestCall) +
                               Line(TraceKind::kResult, TraceWhat::kPhoneCallWaiting) +
                               Line(TraceKind::kUpdate, TraceWhat::kPhoneCallRequested) +
                               Line(TraceKind::kUpdate, TraceWhat::kPhoneCallRequested));
}

TEST_F(TraceTest, RefusalsCarryTheirReason) {
  const Effects effects = world_.Send(a1_, world_.Request(b1_));
  const CallView view = ReplyAs<reply::Call>(effects)->call;
  const CallView ring = *CallTo(effects, b1_);
  world_.Send(a1_, cmd::AcceptCall{{view.id, view.access_hash}, Gb(), TestProtocol()});
  EXPECT_EQ(world_.book().TraceOf(view.id)->events.back().why, Why::kWrongDevice);
  world_.Send(b1_, cmd::AcceptCall{{ring.id, AccessHash(1)}, Gb(), TestProtocol()});
  EXPECT_EQ(world_.book().TraceOf(view.id)->events.back().why, Why::kWrongAccessHash);
  world_.Send(b1_, cmd::AcceptCall{{ring.id, ring.access_hash}, Gb(), TestProtocol()});
  world_.Send(b2_, cmd::AcceptCall{{ring.id, ring.access_hash}, Gb(), TestProtocol()});
  const TraceEvent& late = world_.book().TraceOf(view.id)->events.back();
  EXPECT_EQ(late.kind, TraceKind::kError);
  EXPECT_EQ(late.refusal, Refusal::kCallAlreadyAccepted);
  EXPECT_EQ(late.why, Why::kAcceptedElsewhere);
}

TEST_F(TraceTest, TheStoreGetsAllOfItWithTheEnd) {
  const Effects effects = world_.Send(a1_, world_.Request(b1_));
  const CallView view = ReplyAs<reply::Call>(effects)->call;
  world_.Send(a1_, cmd::DiscardCall{{view.id, view.access_hash}, false, 0, call::Reason::kMissed});
  const auto& ended = std::get<fact::CallEnded>(world_.journal().back().body);
  const auto kept = DecodeTrace(ended.trace);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->events, world_.book().TraceOf(view.id)->events);
  EXPECT_EQ(kept->events.back().what, TraceWhat::kUpdateNewMessage);  // even what was told last
}

TEST_F(TraceTest, AnUndoneGroupLeavesWhatCameAndThatItWasRefused) {
  const Effects effects = world_.Send(a1_, world_.Request(b1_));
  const CallView view = ReplyAs<reply::Call>(effects)->call;
  const std::string before = Told(view.id);
  world_.SendInVain(a1_,
                    cmd::DiscardCall{{view.id, view.access_hash}, false, 0, call::Reason::kMissed});
  EXPECT_EQ(Told(view.id), before + Line(TraceKind::kRequest, TraceWhat::kDiscardCall) +
                               Line(TraceKind::kError, TraceWhat::kRpcError));
  EXPECT_EQ(world_.book().TraceOf(view.id)->events.back().why, Why::kStoreRefused);
}

TEST_F(TraceTest, ARestartKeepsWhatIsDurable) {
  const Effects effects = world_.Send(a1_, world_.Request(b1_));
  const CallView ring = *CallTo(effects, b1_);
  world_.Send(b1_, cmd::AcceptCall{{ring.id, ring.access_hash}, Gb(), TestProtocol()});
  world_.Restart();
  EXPECT_EQ(Told(ring.id), Line(TraceKind::kRequest, TraceWhat::kRequestCall) +
                               Line(TraceKind::kRequest, TraceWhat::kAcceptCall) +
                               Line(TraceKind::kEvent, TraceWhat::kRestarted));
}

TEST_F(TraceTest, ARestartSaysNothingOfCallsThatHadEnded) {
  const Dialled call = Connect(world_, a1_, b1_);
  Discard(world_, a1_, call.caller);
  world_.Restart();
  EXPECT_EQ(Told(call.caller.id), "none");
}

TEST_F(TraceTest, ADeadlineIsToldBeforeTheEndThatItBrings) {
  const Dialled call = Dial(world_, a1_, b1_);
  world_.Send(b1_, cmd::ReceivedCall{call.callee});
  const std::string before = Told(call.caller.id);
  world_.Wait(std::chrono::minutes(2));
  const std::string after = Told(call.caller.id).substr(before.size());
  EXPECT_EQ(after.find(Line(TraceKind::kEvent, TraceWhat::kDeadline) +
                       Line(TraceKind::kEvent, TraceWhat::kEnded)),
            0u);
  EXPECT_EQ(Find(call.caller.id, TraceWhat::kDeadline)->why, Why::kRingTimeout);
}

TEST_F(TraceTest, ADeviceThatIsSignedOutIsLostToItsCalls) {
  const Dialled ringing = Dial(world_, a1_, b1_);
  world_.Send(b2_, cmd::LogOut{});
  const auto lost = Find(ringing.caller.id, TraceWhat::kDeviceLost);
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(lost->device, b2_.device);
  EXPECT_EQ(lost->party, TraceParty::kCallee);
  EXPECT_EQ(lost->why, Why::kSignedOut);
  EXPECT_FALSE(Find(ringing.caller.id, TraceWhat::kEnded).has_value());  // another one rings
  world_.Send(a1_, cmd::LogOut{});
  const auto caller = Find(ringing.caller.id, TraceWhat::kEnded);
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(caller->why, Why::kSignedOut);
}

TEST_F(TraceTest, ADeviceThatIsNotOfTheCallIsNotMissed) {
  const Dialled call = Connect(world_, a1_, b1_);
  world_.Send(b2_, cmd::LogOut{});
  EXPECT_FALSE(Find(call.caller.id, TraceWhat::kDeviceLost).has_value());
}

TEST_F(TraceTest, WhatTheServerBeganIsToldAsRefusedWithItsReason) {
  const Dialled call = Dial(world_, a1_, b1_);
  const std::string before = Told(call.caller.id);
  world_.WaitInVain(std::chrono::minutes(2));
  EXPECT_EQ(Told(call.caller.id), before + Line(TraceKind::kEvent, TraceWhat::kStoreRefused));
  EXPECT_EQ(Find(call.caller.id, TraceWhat::kStoreRefused)->why, Why::kReceiveTimeout);
  world_.OfficeInVain(call.caller.id, a1_.user, 0);
  const TraceEvent last = world_.book().TraceOf(call.caller.id)->events.back();
  EXPECT_EQ(last.what, TraceWhat::kStoreRefused);
  EXPECT_EQ(last.why, Why::kRecordDiscarded);
}

// A full disk has a deadline tried each second.
TEST_F(TraceTest, ADeadlineThatIsRefusedAgainAndAgainIsOneLine) {
  const Dialled call = Dial(world_, a1_, b1_);
  const std::string before = Told(call.caller.id);
  for (int i = 0; i < 100; ++i) world_.WaitInVain(std::chrono::minutes(2));
  EXPECT_EQ(Told(call.caller.id), before + Line(TraceKind::kEvent, TraceWhat::kStoreRefused));
  EXPECT_EQ(Find(call.caller.id, TraceWhat::kStoreRefused)->count, 100);
  world_.Wait(std::chrono::minutes(2));
  EXPECT_TRUE(Find(call.caller.id, TraceWhat::kEnded).has_value());
}

TEST_F(TraceTest, FollowersSeeCallsThatWereRefused) {
  world_.book().FollowTraces(true);
  cmd::RequestCall self = world_.Request(a1_);
  EXPECT_EQ(RefusalIn(world_.Send(a1_, self)), Refusal::kUserIdInvalid);
  const auto lines = world_.book().TakeTraceLines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].event.why, Why::kUserIsSelf);
}

}  // namespace
}  // namespace trunkline::book

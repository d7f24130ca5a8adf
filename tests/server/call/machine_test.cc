// Every state, every event, every role: written by hand from the protocol's rules, never derived
// from the machine's own table.
#include "server/call/machine.h"

#include <gtest/gtest.h>

#include <string>

namespace trunkline::call {
namespace {

constexpr WallTime kStart = FromUnixSeconds(1'700'000'000);
constexpr Timeouts kTimeouts;
constexpr DeviceId kA1(11), kA2(12), kB1(21), kB2(22);

enum Expect : std::uint8_t {
  Nothing,    // welcome, no effect
  Repeat,     // the same answer again
  Received,   // becomes kReceived
  Accepted,   // becomes kAccepted
  Confirmed,  // becomes kActive
  Signal,     // passed on
  Missed,     // ends so
  Busy,
  Hangup,
  Disconn,
  NoPeer,    // CALL_PEER_INVALID
  Taken,     // CALL_ALREADY_ACCEPTED
  Gone,      // CALL_ALREADY_DECLINED
  NotActive  // CALL_NOT_ACTIVE
};

struct Row {
  State state;
  EventKind event;
  // A1, A2, ringing device of B, B1, B2, stranger. B1 and B2 don't exist before an accept; the
  // machine treats them as ringing devices there.
  Expect expect[kRoleCount];
};

// clang-format off
constexpr Row kRows[] = {
  //                                             A1        A2       ringing   B1        B2       stranger
  {State::kRequested, EventKind::kReceived,   {NoPeer,   NoPeer,  Received, Received, Received, NoPeer}},
  {State::kRequested, EventKind::kAccept,     {NoPeer,   NoPeer,  Accepted, Accepted, Accepted, NoPeer}},
  {State::kRequested, EventKind::kConfirm,    {NoPeer,   NoPeer,  NoPeer,   NoPeer,   NoPeer,   NoPeer}},
  {State::kRequested, EventKind::kDiscard,    {Missed,   NoPeer,  Busy,     Busy,     Busy,     NoPeer}},
  {State::kRequested, EventKind::kDeadline,   {Missed,   Missed,  Missed,   Missed,   Missed,   Missed}},
  {State::kRequested, EventKind::kDeviceLost, {Missed,   Nothing, Nothing,  Nothing,  Nothing,  Nothing}},
  {State::kRequested, EventKind::kSignal,     {NotActive, NoPeer, NoPeer,   NotActive, NoPeer,  NoPeer}},

  {State::kReceived, EventKind::kReceived,    {NoPeer,   NoPeer,  Nothing,  Nothing,  Nothing,  NoPeer}},
  {State::kReceived, EventKind::kAccept,      {NoPeer,   NoPeer,  Accepted, Accepted, Accepted, NoPeer}},
  {State::kReceived, EventKind::kConfirm,     {NoPeer,   NoPeer,  NoPeer,   NoPeer,   NoPeer,   NoPeer}},
  {State::kReceived, EventKind::kDiscard,     {Missed,   NoPeer,  Busy,     Busy,     Busy,     NoPeer}},
  {State::kReceived, EventKind::kDeadline,    {Missed,   Missed,  Missed,   Missed,   Missed,   Missed}},
  {State::kReceived, EventKind::kDeviceLost,  {Missed,   Nothing, Nothing,  Nothing,  Nothing,  Nothing}},
  {State::kReceived, EventKind::kSignal,      {NotActive, NoPeer, NoPeer,   NotActive, NoPeer,  NoPeer}},

  {State::kAccepted, EventKind::kReceived,    {NoPeer,   NoPeer,  Nothing,  Nothing,  Nothing,  NoPeer}},
  {State::kAccepted, EventKind::kAccept,      {NoPeer,   NoPeer,  Taken,    Taken,    Taken,    NoPeer}},
  {State::kAccepted, EventKind::kConfirm,     {Confirmed, NoPeer, NoPeer,   NoPeer,   NoPeer,   NoPeer}},
  {State::kAccepted, EventKind::kDiscard,     {Missed,   NoPeer,  Taken,    Busy,     Taken,    NoPeer}},
  {State::kAccepted, EventKind::kDeadline,    {Disconn,  Disconn, Disconn,  Disconn,  Disconn,  Disconn}},
  {State::kAccepted, EventKind::kDeviceLost,  {Disconn,  Nothing, Nothing,  Disconn,  Nothing,  Nothing}},
  {State::kAccepted, EventKind::kSignal,      {NotActive, NoPeer, NoPeer,   NotActive, NoPeer,  NoPeer}},

  {State::kActive, EventKind::kReceived,      {NoPeer,   NoPeer,  Nothing,  Nothing,  Nothing,  NoPeer}},
  {State::kActive, EventKind::kAccept,        {NoPeer,   NoPeer,  Taken,    Taken,    Taken,    NoPeer}},
  {State::kActive, EventKind::kConfirm,       {NoPeer,   NoPeer,  NoPeer,   NoPeer,   NoPeer,   NoPeer}},
  {State::kActive, EventKind::kDiscard,       {Hangup,   NoPeer,  Taken,    Hangup,   Taken,    NoPeer}},
  {State::kActive, EventKind::kDeadline,      {Disconn,  Disconn, Disconn,  Disconn,  Disconn,  Disconn}},
  {State::kActive, EventKind::kDeviceLost,    {Disconn,  Nothing, Nothing,  Disconn,  Nothing,  Nothing}},
  {State::kActive, EventKind::kSignal,        {Signal,   NoPeer,  NoPeer,   Signal,   NoPeer,   NoPeer}},

  {State::kEnded, EventKind::kReceived,       {NoPeer,   NoPeer,  Gone,     Gone,     Gone,     NoPeer}},
  {State::kEnded, EventKind::kAccept,         {NoPeer,   NoPeer,  Gone,     Gone,     Gone,     NoPeer}},
  {State::kEnded, EventKind::kConfirm,        {Gone,     NoPeer,  NoPeer,   NoPeer,   NoPeer,   NoPeer}},
  {State::kEnded, EventKind::kDiscard,        {Repeat,   NoPeer,  Repeat,   Repeat,   Repeat,   NoPeer}},
  {State::kEnded, EventKind::kDeadline,       {Nothing,  Nothing, Nothing,  Nothing,  Nothing,  Nothing}},
  {State::kEnded, EventKind::kDeviceLost,     {Nothing,  Nothing, Nothing,  Nothing,  Nothing,  Nothing}},
  {State::kEnded, EventKind::kSignal,         {NotActive, NoPeer, NoPeer,   NotActive, NoPeer,  NoPeer}},
};
// clang-format on
static_assert(std::size(kRows) == kStateCount * kEventCount);  // no cell forgotten

Call CallIn(State state) {
  Call call;
  call.id = CallId(7);
  call.caller = UserId(1);
  call.callee = UserId(2);
  call.caller_device = kA1;
  call.requested = call.ring_from = kStart;
  call.version = 1;
  call.state = state;
  call.deadline = RequestDeadline(kStart, true, kTimeouts);
  if (state >= State::kReceived) call.received = kStart + std::chrono::seconds(1);
  if (state >= State::kAccepted) {
    call.callee_device = kB1;
    call.accepted = kStart + std::chrono::seconds(2);
    call.deadline = call.accepted + kTimeouts.connect;
  }
  if (state >= State::kActive) {
    call.established = true;
    call.started = kStart + std::chrono::seconds(3);
    call.deadline = call.started + kActiveMax;
  }
  if (state == State::kEnded) {
    call.ended = kStart + std::chrono::seconds(9);
    call.reason = Reason::kHangup;
    call.duration = 6;
    call.deadline = WallTime{};
  }
  return call;
}

bool Same(const Call& a, const Call& b) {
  return a.id == b.id && a.state == b.state && a.reason == b.reason && a.version == b.version &&
         a.callee_device == b.callee_device && a.duration == b.duration &&
         a.deadline == b.deadline && a.video == b.video && a.ended == b.ended;
}

void ExpectRefusal(const Step& step, Refusal refusal) {
  EXPECT_EQ(step.outcome, Outcome::kRefused);
  EXPECT_EQ(step.refusal, refusal);
}

void ExpectEnd(const Step& step, Reason reason, WallTime now) {
  EXPECT_EQ(step.outcome, Outcome::kEnded);
  EXPECT_EQ(step.next.state, State::kEnded);
  EXPECT_EQ(step.next.reason, reason);
  EXPECT_EQ(step.next.ended, now);
  EXPECT_EQ(step.next.deadline, WallTime{});
}

void ExpectCell(Expect expect, const Call& before, const Step& step, WallTime now) {
  const bool changes = expect >= Received && expect <= Disconn && expect != Signal;
  EXPECT_EQ(Same(before, step.next), !changes);
  EXPECT_EQ(step.next.version, before.version + (changes ? 1 : 0));
  switch (expect) {
    case Nothing:
      EXPECT_EQ(step.outcome, Outcome::kNothing);
      break;
    case Repeat:
      EXPECT_EQ(step.outcome, Outcome::kRepeated);
      break;
    case Received:
      EXPECT_EQ(step.outcome, Outcome::kReceived);
      EXPECT_EQ(step.next.state, State::kReceived);
      EXPECT_EQ(step.next.deadline, now + kTimeouts.ring + kGrace);
      break;
    case Accepted:
      EXPECT_EQ(step.outcome, Outcome::kAccepted);
      EXPECT_EQ(step.next.state, State::kAccepted);
      EXPECT_EQ(step.next.deadline, now + kTimeouts.connect);
      EXPECT_EQ(step.next.callee_device, kB2);
      break;
    case Confirmed:
      EXPECT_EQ(step.outcome, Outcome::kConfirmed);
      EXPECT_EQ(step.next.state, State::kActive);
      EXPECT_TRUE(step.next.established);
      EXPECT_EQ(step.next.started, now);
      break;
    case Signal:
      EXPECT_EQ(step.outcome, Outcome::kSignal);
      break;
    case Missed:
      ExpectEnd(step, Reason::kMissed, now);
      break;
    case Busy:
      ExpectEnd(step, Reason::kBusy, now);
      break;
    case Hangup:
      ExpectEnd(step, Reason::kHangup, now);
      break;
    case Disconn:
      ExpectEnd(step, Reason::kDisconnect, now);
      break;
    case NoPeer:
      ExpectRefusal(step, Refusal::kPeerInvalid);
      break;
    case Taken:
      ExpectRefusal(step, Refusal::kAlreadyAccepted);
      break;
    case Gone:
      ExpectRefusal(step, Refusal::kAlreadyDeclined);
      break;
    case NotActive:
      ExpectRefusal(step, Refusal::kNotActive);
      break;
  }
}

class CallMachineTest : public testing::TestWithParam<Row> {};

TEST_P(CallMachineTest, DoesWhatTheRowSays) {
  const Row& row = GetParam();
  for (int role = 0; role < kRoleCount; ++role) {
    SCOPED_TRACE("role " + std::to_string(role));
    const Call call = CallIn(row.state);
    const bool deadline = row.event == EventKind::kDeadline;
    const WallTime now =
        deadline ? kStart + kActiveMax + std::chrono::seconds(9) : kStart + std::chrono::seconds(5);
    Event event;
    event.kind = row.event;
    event.role = static_cast<Role>(role);
    event.device = kB2;
    event.reason = Reason::kHangup;
    ExpectCell(row.expect[role], call, Advance(call, event, now, kTimeouts), now);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCell, CallMachineTest, testing::ValuesIn(kRows));

// -- guards --

Step DiscardAt(State state, Role role, Reason reason, Duration after, std::int32_t duration = 0) {
  Event event;
  event.kind = EventKind::kDiscard;
  event.role = role;
  event.reason = reason;
  event.duration = duration;
  return Advance(CallIn(state), event, kStart + after, kTimeouts);
}

struct ReasonRow {
  State state;
  Role role;
  Reason given;
  Duration after;
  Reason told;
};
constexpr Duration kSoon = std::chrono::seconds(5);
constexpr Duration kBeforeLate = std::chrono::milliseconds(87'999);
constexpr Duration kLate = std::chrono::seconds(88);
constexpr ReasonRow kReasons[] = {
    {State::kReceived, Role::kCaller, Reason::kHangup, kSoon, Reason::kMissed},
    {State::kReceived, Role::kCaller, Reason::kBusy, kSoon, Reason::kMissed},
    {State::kReceived, Role::kCaller, Reason::kDisconnect, kSoon, Reason::kDisconnect},
    {State::kReceived, Role::kCalleeRinging, Reason::kHangup, kSoon, Reason::kBusy},
    {State::kReceived, Role::kCalleeRinging, Reason::kMissed, kSoon, Reason::kBusy},
    {State::kReceived, Role::kCalleeRinging, Reason::kBusy, kBeforeLate, Reason::kBusy},
    {State::kReceived, Role::kCalleeRinging, Reason::kBusy, kLate, Reason::kMissed},
    {State::kReceived, Role::kCalleeRinging, Reason::kDisconnect, kLate, Reason::kDisconnect},
    {State::kReceived, Role::kCalleeRinging, Reason::kMigrateConferenceCall, kSoon, Reason::kBusy},
    {State::kAccepted, Role::kCaller, Reason::kHangup, kSoon, Reason::kMissed},
    {State::kAccepted, Role::kCallee, Reason::kDisconnect, kSoon, Reason::kDisconnect},
    {State::kActive, Role::kCaller, Reason::kMissed, kSoon, Reason::kMissed},
    {State::kActive, Role::kCallee, Reason::kBusy, kSoon, Reason::kBusy},
    {State::kActive, Role::kCallee, Reason::kDisconnect, kSoon, Reason::kDisconnect},
    {State::kActive, Role::kCallee, Reason::kMigrateConferenceCall, kSoon, Reason::kHangup},
};

TEST(CallMachine, TellsOneReason) {
  for (const ReasonRow& row : kReasons) {
    const Step step = DiscardAt(row.state, row.role, row.given, row.after);
    EXPECT_EQ(step.next.reason, row.told)
        << "state " << static_cast<int>(row.state) << " role " << static_cast<int>(row.role)
        << " given " << static_cast<int>(row.given);
  }
}

TEST(CallMachine, DurationIsTheFirstClaimWithinBounds) {
  EXPECT_EQ(DiscardAt(State::kActive, Role::kCaller, Reason::kHangup, kSoon, 42).next.duration, 42);
  EXPECT_EQ(DiscardAt(State::kActive, Role::kCaller, Reason::kHangup, kSoon, -1).next.duration, 0);
  EXPECT_EQ(DiscardAt(State::kActive, Role::kCaller, Reason::kHangup, kSoon, 86'401).next.duration,
            86'400);
  EXPECT_EQ(DiscardAt(State::kAccepted, Role::kCaller, Reason::kHangup, kSoon, 42).next.duration,
            0);
}

TEST(CallMachine, VideoSticks) {
  Event event;
  event.kind = EventKind::kDiscard;
  event.role = Role::kCaller;
  event.video = true;
  EXPECT_TRUE(Advance(CallIn(State::kActive), event, kStart, kTimeouts).next.video);
  Call video = CallIn(State::kActive);
  video.video = true;
  event.video = false;
  EXPECT_TRUE(Advance(video, event, kStart, kTimeouts).next.video);
}

TEST(CallMachine, EarlyTimerDoesNothing) {
  Event event;
  event.kind = EventKind::kDeadline;
  const Call call = CallIn(State::kReceived);
  const Step early = Advance(call, event, call.deadline - Duration(1), kTimeouts);
  EXPECT_EQ(early.outcome, Outcome::kNothing);
  const Step in_time = Advance(call, event, call.deadline, kTimeouts);
  EXPECT_EQ(in_time.outcome, Outcome::kEnded);
}

TEST(CallMachine, OnlyAConfirmOfTheSameDeviceMayBeRepeated) {
  Event event;
  event.kind = EventKind::kAccept;
  event.repeat = true;
  event.role = Role::kCallee;
  EXPECT_EQ(Advance(CallIn(State::kAccepted), event, kStart, kTimeouts).refusal,
            Refusal::kAlreadyAccepted);
  EXPECT_EQ(Advance(CallIn(State::kActive), event, kStart, kTimeouts).refusal,
            Refusal::kAlreadyAccepted);
  event.role = Role::kCalleeOther;
  EXPECT_EQ(Advance(CallIn(State::kAccepted), event, kStart, kTimeouts).refusal,
            Refusal::kAlreadyAccepted);
  event.kind = EventKind::kConfirm;
  event.role = Role::kCaller;
  EXPECT_EQ(Advance(CallIn(State::kActive), event, kStart, kTimeouts).outcome, Outcome::kRepeated);
  event.role = Role::kCallerOther;
  EXPECT_EQ(Advance(CallIn(State::kActive), event, kStart, kTimeouts).refusal,
            Refusal::kPeerInvalid);
}

TEST(CallMachine, LostDeviceLeavesTheServersMeasure) {
  Event event;
  event.kind = EventKind::kDeviceLost;
  event.role = Role::kCallee;
  const Step step =
      Advance(CallIn(State::kActive), event, kStart + std::chrono::seconds(13), kTimeouts);
  EXPECT_EQ(step.next.duration, 10);
}

TEST(CallMachine, ServerEndsWithItsOwnReason) {
  const WallTime now = kStart + std::chrono::seconds(13);
  EXPECT_EQ(End(CallIn(State::kRequested), Reason::kBusy, now).next.reason, Reason::kBusy);
  const Step active = End(CallIn(State::kActive), Reason::kHangup, now);
  EXPECT_EQ(active.next.duration, 10);
  EXPECT_EQ(End(CallIn(State::kEnded), Reason::kBusy, now).outcome, Outcome::kNothing);
}

TEST(CallMachine, SaysWhoEndedIt) {
  const auto by = [](State state, EventKind kind, Role role) {
    Event event;
    event.kind = kind;
    event.role = role;
    const WallTime late = kStart + kActiveMax + std::chrono::seconds(9);
    return Advance(CallIn(state), event, late, kTimeouts).next.ended_by;
  };
  for (const State state :
       {State::kRequested, State::kReceived, State::kAccepted, State::kActive}) {
    const bool rings = state < State::kAccepted;
    const Role callee = rings ? Role::kCalleeRinging : Role::kCallee;
    EXPECT_EQ(by(state, EventKind::kDiscard, Role::kCaller), EndedBy::kCaller);
    EXPECT_EQ(by(state, EventKind::kDiscard, callee), EndedBy::kCallee);
    EXPECT_EQ(by(state, EventKind::kDeadline, Role::kStranger), EndedBy::kServer);
    EXPECT_EQ(by(state, EventKind::kDeviceLost, Role::kCaller), EndedBy::kServer);
  }
  const Call call = CallIn(State::kRequested);
  EXPECT_EQ(End(call, Reason::kHangup, kStart).next.ended_by, EndedBy::kServer);
  EXPECT_EQ(End(call, Reason::kBusy, kStart, EndedBy::kCallee).next.ended_by, EndedBy::kCallee);
}

TEST(CallMachine, UnreachedCalleeGetsTheShorterDeadline) {
  EXPECT_EQ(RequestDeadline(kStart, true, kTimeouts), kStart + std::chrono::seconds(95));
  EXPECT_EQ(RequestDeadline(kStart, false, kTimeouts), kStart + std::chrono::seconds(25));
}

TEST(CallMachine, Roles) {
  const Call ringing = CallIn(State::kReceived);
  const Call active = CallIn(State::kActive);
  EXPECT_EQ(RoleOf(ringing, UserId(1), kA1), Role::kCaller);
  EXPECT_EQ(RoleOf(ringing, UserId(1), kA2), Role::kCallerOther);
  EXPECT_EQ(RoleOf(ringing, UserId(2), kB1), Role::kCalleeRinging);
  EXPECT_EQ(RoleOf(active, UserId(2), kB1), Role::kCallee);
  EXPECT_EQ(RoleOf(active, UserId(2), kB2), Role::kCalleeOther);
  EXPECT_EQ(RoleOf(active, UserId(3), kA1), Role::kStranger);
}

TEST(CallMachine, CallIsSmall) {
  static_assert(sizeof(Call) <= 144);
  static_assert(std::is_trivially_copyable_v<Call>);
}

}  // namespace
}  // namespace trunkline::call

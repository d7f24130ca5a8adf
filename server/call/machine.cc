#include "server/call/machine.h"

#include <algorithm>

#include "common/check.h"

namespace trunkline::call {
namespace {

// A set of states as bits.
using StateSet = std::uint8_t;
constexpr StateSet Set(State state) {
  return static_cast<StateSet>(1u << static_cast<unsigned>(state));
}
constexpr StateSet kReceivedSet = Set(State::kReceived);
constexpr StateSet kAcceptedSet = Set(State::kAccepted);
constexpr StateSet kActiveSet = Set(State::kActive);
constexpr StateSet kEndedSet = Set(State::kEnded);

// Which state an event may lead to. 0: the event never changes a call in this state.
constexpr StateSet kMayBecome[kStateCount][kEventCount] = {
    //            Received      Accept        Confirm     Discard    Deadline   DeviceLost Signal
    /*Requested*/ {kReceivedSet, kAcceptedSet, 0, kEndedSet, kEndedSet, kEndedSet, 0},
    /*Received*/ {0, kAcceptedSet, 0, kEndedSet, kEndedSet, kEndedSet, 0},
    /*Accepted*/ {0, 0, kActiveSet, kEndedSet, kEndedSet, kEndedSet, 0},
    /*Active*/ {0, 0, 0, kEndedSet, kEndedSet, kEndedSet, 0},
    /*Ended*/ {0, 0, 0, 0, 0, 0, 0},
};

bool IsCallee(Role role) {
  return role == Role::kCalleeRinging || role == Role::kCallee || role == Role::kCalleeOther;
}
bool IsRinging(State state) {
  return state == State::kRequested || state == State::kReceived;
}
// A1 or B1.
bool IsBound(Role role) {
  return role == Role::kCaller || role == Role::kCallee;
}

Step Refuse(const Call& call, Refusal refusal) {
  return {call, refusal, Outcome::kRefused};
}
Step Unchanged(const Call& call, Outcome outcome) {
  return {call, Refusal::kNone, outcome};
}

// Every change goes through here, so a move that the table doesn't know stops the process.
Step Become(const Call& from, EventKind event, State state, Outcome outcome) {
  CHECK(kMayBecome[static_cast<int>(from.state)][static_cast<int>(event)] & Set(state));
  Step step{from, Refusal::kNone, outcome};
  step.next.state = state;
  step.next.version = from.version + 1;
  step.next.deadline = WallTime{};
  return step;
}

std::int32_t MeasuredDuration(const Call& call, WallTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - call.started).count();
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(kActiveMax).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, 0, most));
}

Step EndBy(const Call& call, EventKind event, Reason reason, EndedBy by, WallTime now) {
  Step step = Become(call, event, State::kEnded, Outcome::kEnded);
  step.next.reason = reason;
  step.next.ended_by = by;
  step.next.ended = now;
  step.next.duration = call.established ? MeasuredDuration(call, now) : 0;
  return step;
}

Step Received(const Call& call, const Event& event, Moment at, const Timeouts& timeouts) {
  if (!IsCallee(event.role)) return Refuse(call, Refusal::kPeerInvalid);
  if (call.state == State::kEnded) return Refuse(call, Refusal::kAlreadyDeclined);
  // Later devices, and devices that are too late: an error would be shown to the user.
  if (call.state != State::kRequested) return Unchanged(call, Outcome::kNothing);
  Step step = Become(call, event.kind, State::kReceived, Outcome::kReceived);
  step.next.received = at.now;
  step.next.deadline = at.clock + timeouts.ring + kGrace;
  return step;
}

Step Accept(const Call& call, const Event& event, Moment at, const Timeouts& timeouts) {
  if (!IsCallee(event.role)) return Refuse(call, Refusal::kPeerInvalid);
  if (call.state == State::kEnded) return Refuse(call, Refusal::kAlreadyDeclined);
  if (!IsRinging(call.state)) return Refuse(call, Refusal::kAlreadyAccepted);
  Step step = Become(call, event.kind, State::kAccepted, Outcome::kAccepted);
  step.next.callee_device = event.device;
  step.next.accepted = at.now;
  step.next.deadline = at.clock + timeouts.connect;
  return step;
}

Step Confirm(const Call& call, const Event& event, Moment at) {
  if (event.role != Role::kCaller) return Refuse(call, Refusal::kPeerInvalid);
  if (call.state == State::kEnded) return Refuse(call, Refusal::kAlreadyDeclined);
  if (call.state == State::kActive && event.repeat) return Unchanged(call, Outcome::kRepeated);
  if (call.state != State::kAccepted) return Refuse(call, Refusal::kPeerInvalid);
  Step step = Become(call, event.kind, State::kActive, Outcome::kConfirmed);
  step.next.established = true;
  step.next.conference = event.conference;
  step.next.started = at.now;
  step.next.deadline = at.clock + kActiveMax;
  return step;
}

// Clients disagree on reasons; both sides are told one. Not established: what matters is who gave
// up and when. Established: what the first one to hang up said.
Reason NormalReason(const Call& call, const Event& event, Moment at, const Timeouts& timeouts) {
  if (call.established) {
    const bool migrates = event.reason == Reason::kMigrateConferenceCall;
    return migrates && !call.conference ? Reason::kHangup : event.reason;
  }
  if (event.reason == Reason::kDisconnect) return Reason::kDisconnect;
  if (event.role == Role::kCaller) return Reason::kMissed;
  const bool late = at.clock >= call.ring_from + timeouts.ring - kRingTimerSlack;
  return late ? Reason::kMissed : Reason::kBusy;
}

Step Discard(const Call& call, const Event& event, Moment at, const Timeouts& timeouts) {
  if (event.role != Role::kCaller && !IsCallee(event.role)) {
    return Refuse(call, Refusal::kPeerInvalid);
  }
  // Both sides often hang up at once, and clients repeat after errors.
  if (call.state == State::kEnded) return Unchanged(call, Outcome::kRepeated);
  // A device whose accept came too late hangs up by itself; B1's call goes on.
  if (!IsRinging(call.state) && !IsBound(event.role)) {
    return Refuse(call, Refusal::kAlreadyAccepted);
  }
  const EndedBy by = event.role == Role::kCaller ? EndedBy::kCaller : EndedBy::kCallee;
  Step step = EndBy(call, event.kind, NormalReason(call, event, at, timeouts), by, at.now);
  step.next.video = call.video || event.video;
  if (call.established) {
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(kActiveMax).count();
    step.next.duration = std::clamp(event.duration, 0, static_cast<std::int32_t>(most));
  }
  return step;
}

Step Deadline(const Call& call, const Event& event, Moment at) {
  // A timer of an earlier state may arrive late.
  if (call.state == State::kEnded || at.clock < call.deadline) {
    return Unchanged(call, Outcome::kNothing);
  }
  const Reason reason = IsRinging(call.state) ? Reason::kMissed : Reason::kDisconnect;
  return EndBy(call, event.kind, reason, EndedBy::kServer, at.now);
}

Step DeviceLost(const Call& call, const Event& event, WallTime now) {
  if (call.state == State::kEnded) return Unchanged(call, Outcome::kNothing);
  if (IsRinging(call.state)) {
    // The callee's other devices go on ringing.
    if (event.role != Role::kCaller) return Unchanged(call, Outcome::kNothing);
    return EndBy(call, event.kind, Reason::kMissed, EndedBy::kServer, now);
  }
  if (!IsBound(event.role)) return Unchanged(call, Outcome::kNothing);
  return EndBy(call, event.kind, Reason::kDisconnect, EndedBy::kServer, now);
}

Step Signal(const Call& call, const Event& event) {
  if (!IsBound(event.role)) return Refuse(call, Refusal::kPeerInvalid);
  if (call.state != State::kActive) return Refuse(call, Refusal::kNotActive);
  return Unchanged(call, Outcome::kSignal);
}

}  // namespace

Role RoleOf(const Call& call, UserId user, DeviceId device) {
  if (user == call.caller) {
    return device == call.caller_device ? Role::kCaller : Role::kCallerOther;
  }
  if (user != call.callee) return Role::kStranger;
  if (!call.callee_device) return Role::kCalleeRinging;
  return device == call.callee_device ? Role::kCallee : Role::kCalleeOther;
}

Step Advance(const Call& call, const Event& event, Moment at, const Timeouts& timeouts) {
  switch (event.kind) {
    case EventKind::kReceived:
      return Received(call, event, at, timeouts);
    case EventKind::kAccept:
      return Accept(call, event, at, timeouts);
    case EventKind::kConfirm:
      return Confirm(call, event, at);
    case EventKind::kDiscard:
      return Discard(call, event, at, timeouts);
    case EventKind::kDeadline:
      return Deadline(call, event, at);
    case EventKind::kDeviceLost:
      return DeviceLost(call, event, at.now);
    case EventKind::kSignal:
      return Signal(call, event);
  }
  CHECK(false);
  return Unchanged(call, Outcome::kNothing);
}

Step End(const Call& call, Reason reason, WallTime now, EndedBy by) {
  if (call.state == State::kEnded) return Unchanged(call, Outcome::kNothing);
  return EndBy(call, EventKind::kDiscard, reason, by, now);
}

EndedBy LikelyEndedBy(Reason reason) {
  switch (reason) {
    case Reason::kBusy:
      return EndedBy::kCallee;
    case Reason::kDisconnect:
      return EndedBy::kServer;
    case Reason::kMissed:
    case Reason::kHangup:
    case Reason::kMigrateConferenceCall:
      break;
  }
  return EndedBy::kCaller;
}

WallTime RequestDeadline(WallTime clock, bool reached, const Timeouts& timeouts) {
  return clock + (reached ? timeouts.ring : timeouts.receive) + kGrace;
}

}  // namespace trunkline::call

// The rules of one call: what each device may do in each state, who ends it with which reason, and
// when the server gives up. A pure function of a small value; the book keeps everything else.
#pragma once

#include <cstdint>

#include "common/ids.h"
#include "common/time.h"
#include "server/call/call.h"

namespace trunkline::call {

// Where a device stands in a call. A device is an authorization, not a connection.
enum class Role : std::uint8_t {
  kCaller,         // A1: the device that requested
  kCallerOther,    // A2: another device of the caller, which never learned of the call
  kCalleeRinging,  // a device of the callee while no device has accepted
  kCallee,         // B1: the device that accepted
  kCalleeOther,    // B2: a device of the callee that did not accept
  kStranger,
};
inline constexpr int kRoleCount = 6;
inline constexpr int kStateCount = 5;

enum class EventKind : std::uint8_t {
  kReceived,    // phone.receivedCall
  kAccept,      // phone.acceptCall
  kConfirm,     // phone.confirmCall
  kDiscard,     // phone.discardCall
  kDeadline,    // the deadline of the state passed; the role says nothing
  kDeviceLost,  // the device was signed out or its key destroyed
  kSignal,      // phone.sendSignalingData
};
inline constexpr int kEventCount = 7;

struct Event {
  EventKind kind = EventKind::kDeadline;
  Role role = Role::kStranger;
  DeviceId device{};                // kAccept: becomes B1
  bool repeat = false;              // kConfirm: with the same key material as before
  bool conference = false;          // kConfirm: both sides can migrate to a conference
  bool video = false;               // kDiscard
  std::int32_t duration = 0;        // kDiscard, seconds, as claimed
  Reason reason = Reason::kHangup;  // kDiscard, as claimed
};

enum class Refusal : std::uint8_t {
  kNone,
  kPeerInvalid,      // CALL_PEER_INVALID
  kAlreadyAccepted,  // CALL_ALREADY_ACCEPTED
  kAlreadyDeclined,  // CALL_ALREADY_DECLINED
  kNotActive,        // CALL_NOT_ACTIVE
};

enum class Outcome : std::uint8_t {
  kRefused,   // see Refusal; the call is unchanged
  kNothing,   // welcome and without effect
  kRepeated,  // done before: give the same answer again
  kReceived,
  kAccepted,
  kConfirmed,
  kEnded,
  kSignal,  // pass the packet on
};

// The two clocks of a step. Dates that people are told come from the wall; deadlines are set and
// fire by a clock of their own, which is the wall's too unless a test moves it.
struct Moment {
  constexpr Moment(WallTime wall) : now(wall), clock(wall) {}
  constexpr Moment(WallTime wall, WallTime deadlines) : now(wall), clock(deadlines) {}
  WallTime now, clock;
};

struct Step {
  Call next;
  Refusal refusal = Refusal::kNone;
  Outcome outcome = Outcome::kNothing;
};

struct Timeouts {
  Duration receive = std::chrono::seconds(20);
  Duration ring = std::chrono::seconds(90);
  Duration connect = std::chrono::seconds(30);  // from accept to confirm
};

// Clients run the receive and ring timers themselves; the server's fire a little later, for those
// that vanished.
inline constexpr Duration kGrace = std::chrono::seconds(5);
// A callee's client may hang up by its own ring timer just before the caller's: that is a missed
// call, not a declined one.
inline constexpr Duration kRingTimerSlack = std::chrono::seconds(2);
// Longest call; also the longest duration a client may claim. Without it two dead phones would keep
// their owners busy for ever.
inline constexpr Duration kActiveMax = std::chrono::hours(24);

Role RoleOf(const Call& call, UserId user, DeviceId device);

// One event. `next.version` grows by one exactly when a fact follows: kReceived, kAccepted,
// kConfirmed, kEnded.
Step Advance(const Call& call, const Event& event, Moment at, const Timeouts& timeouts);

// The server ends a live call for its own reason (busy, replaced, keys that don't fit). The
// duration of an established call is the server's own measure. An ended call stays as it is.
// `by`: whose doing it is, where it isn't the server's.
Step End(const Call& call, Reason reason, WallTime now, EndedBy by = EndedBy::kServer);

// Of calls that ended when nobody wrote down by whom: what their reason says.
EndedBy LikelyEndedBy(Reason reason);

// Deadline of a new call: shorter when no device of the callee could be told.
WallTime RequestDeadline(WallTime clock, bool reached, const Timeouts& timeouts);

}  // namespace trunkline::call

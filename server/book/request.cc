// phone.requestCall: who may call whom, what counts as busy, and whose devices ring.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/privacy.h"
#include "server/book/protocol.h"

namespace trunkline::book {
namespace {

constexpr std::uint64_t kCallSlotMask = 1023;
// Stands for the call that a refused request didn't make, in what followers of traces see.
constexpr CallId kNoCall(-1);
constexpr WallTime kCallIdsSince = FromUnixSeconds(1'767'225'600);  // 2026-01-01; enough until 2060

// Ids count on with the clock, and on from the newest call when the clock is behind it: no call
// ever takes an older one's id, not even one's that only the store remembers, and what the store
// files by call id is filed side by side. An id is no secret; the access hashes are.
CallId NewCallId(Turn& turn) {
  const std::int64_t ms = std::max<std::int64_t>(0, turn.now_ms() - UnixMillis(kCallIdsSince));
  const std::uint64_t clock = static_cast<std::uint64_t>(ms) * kCallIdsPerSecond / 1000;
  const std::uint64_t slot = turn.config().slot & kCallSlotMask;
  for (std::uint64_t low = std::max(clock, turn.state().newest_call.value() + 1);; ++low) {
    const CallId id(static_cast<std::int64_t>(slot << kCallSlotShift | (low & kCallLowMask)));
    if ((low & kCallLowMask) != 0 && turn.state().calls.Find(id) == nullptr) return id;
  }
}

struct Obstacle {
  Refusal refusal = Refusal::kNone;
  Why why = Why::kNone;
};

// In the order in which callers should learn of obstacles.
Obstacle Check(Turn& turn, const cmd::RequestCall& command, UserId callee) {
  const User* user = turn.state().users.Find(callee);
  if (user == nullptr) return {Refusal::kUserIdInvalid, Why::kUserUnknown};
  if (user->bot) return {Refusal::kUserIdInvalid, Why::kUserIsBot};
  if (callee == turn.user()) return {Refusal::kUserIdInvalid, Why::kUserIsSelf};
  if (IsBlockedBy(turn.state(), callee, turn.user())) {
    return {Refusal::kUserIsBlocked, Why::kBlockedByCallee};
  }
  if (!Allows(turn.state(), callee, PrivacyKey::kPhoneCall, turn.user())) {
    return {Refusal::kUserPrivacyRestricted, Why::kPrivacyOfCallee};
  }
  if (command.g_a_hash.size() != kGAHashBytes) {
    return {Refusal::kGAHashInvalid, Why::kBadGAHash};
  }
  return {CheckProtocol(command.protocol), Why::kBadProtocol};
}

bool Occupies(const call::Call& call, UserId user) {
  switch (call.state) {
    case call::State::kAccepted:
    case call::State::kActive:
      return true;
    case call::State::kReceived:
      return call.callee == user;
    case call::State::kRequested:
    case call::State::kEnded:
      return false;
  }
  return false;
}

// Why the callee is busy, kNone when it isn't. Glare: it is calling us at this moment.
Why WhyBusy(Turn& turn, UserId callee) {
  const std::vector<CallId>* live = turn.state().live_calls.Find(callee);
  if (live == nullptr) return Why::kNone;
  if (live->size() >= kLiveCallsPerUserMax) return Why::kTooManyCalls;
  for (const CallId id : *live) {
    const call::Call& call = turn.state().calls.Find(id)->call;
    if (Occupies(call, callee)) return Why::kCalleeBusy;
    if (call.caller == callee && call.callee == turn.user()) return Why::kGlare;
  }
  return Why::kNone;
}

// One live outgoing call per device: clients that lost track start a new one.
void EndOlderCalls(Turn& turn) {
  const std::vector<CallId>* live = turn.state().live_calls.Find(turn.user());
  if (live == nullptr) return;
  for (const CallId id : std::vector<CallId>(*live)) {
    const call::Call& call = turn.state().calls.Find(id)->call;
    if (call.caller != turn.user() || call.caller_device != turn.device()) continue;
    const bool accepted = call.accepted != WallTime{};
    const call::Reason reason = accepted ? call::Reason::kHangup : call::Reason::kMissed;
    EndCall(turn, call::End(call, reason, turn.now(), call::EndedBy::kCaller),
            {.why = Why::kReplacedByNewCall});
  }
}

std::vector<DeviceId> DevicesToRing(Turn& turn, UserId callee) {
  std::vector<DeviceId> devices;
  for (const DeviceId device : turn.DevicesOf(callee)) {
    if (turn.IsOnline(device) && MayRing(turn.state(), device)) devices.push_back(device);
  }
  return devices;
}

TraceEvent Came(const cmd::RequestCall& command) {
  TraceEvent event;
  event.what = TraceWhat::kRequestCall;
  event.video = command.video;
  event.number = command.random_id;
  return event;
}

CallId Create(Turn& turn, const cmd::RequestCall& command, UserId callee, bool reached) {
  fact::CallRequested requested;
  requested.id = NewCallId(turn);
  requested.caller_hash = AccessHash(static_cast<std::int64_t>(turn.NonZero()));
  requested.callee_hash = AccessHash(static_cast<std::int64_t>(turn.NonZero()));
  requested.caller = turn.user();
  requested.callee = callee;
  requested.caller_device = turn.device();
  requested.random_id = command.random_id;
  requested.video = command.video;
  requested.g_a_hash = command.g_a_hash;
  requested.protocol = command.protocol;
  requested.at_ms = turn.now_ms();
  requested.deadline_ms =
      UnixMillis(call::RequestDeadline(turn.at().clock, reached, turn.timeouts()));
  const CallId id = requested.id;
  turn.state().relays.SetAddress(id, relay::Side::kCaller, command.address);
  turn.Emit(std::move(requested));
  // Not durable: a restart under a test's clock begins anew.
  turn.state().calls.Mutable(id)->call.ring_from = turn.at().clock;
  turn.TraceRequest(id, Came(command), true);
  return id;
}

void AnswerWaiting(Turn& turn, const CallRecord& record, const Protocol& protocol) {
  reply::Call reply;
  reply.call = WaitingView(record, true);
  reply.call.protocol = protocol;
  reply.users = turn.BatchFor(turn.user(), {record.call.caller, record.call.callee}).users;
  turn.Answer(std::move(reply));
}

void Ring(Turn& turn, CallId id, std::vector<DeviceId> devices) {
  if (devices.empty()) return;
  CallRecord& record = *turn.state().calls.Mutable(id);
  std::vector<SessionRef> sessions;
  for (const DeviceId device : devices) {
    const std::span<const SessionRef> open = turn.SessionsOf(device);
    sessions.insert(sessions.end(), open.begin(), open.end());
  }
  record.rang = std::move(devices);
  turn.Push(std::move(sessions), CallBatch(turn, record, record.call.callee,
                                           ViewOfCall(record, call::Role::kCalleeRinging)));
}

// Clients repeat the request after a reconnect, with the same random_id.
bool AnswerRepeat(Turn& turn, const cmd::RequestCall& command, UserId callee) {
  const CallId* id = turn.state().random_ids.Find({turn.device(), command.random_id});
  const CallRecord* record = id == nullptr ? nullptr : turn.state().calls.Find(*id);
  if (record == nullptr || record->call.callee != callee) return false;
  turn.TraceRequest(*id, Came(command));
  AnswerWaiting(turn, *record, command.protocol);
  // Waiting is the only answer that clients take here; how it ended follows.
  if (record->call.state == call::State::kEnded) {
    turn.Push({turn.from().session},
              CallBatch(turn, *record, turn.user(), ViewOfCall(*record, call::Role::kCaller)));
  }
  return true;
}

}  // namespace

void Handle(Turn& turn, const cmd::RequestCall& command) {
  const UserId callee = FindUser(turn, command.user);
  if (callee && AnswerRepeat(turn, command, callee)) return;
  const Obstacle obstacle = Check(turn, command, callee);
  if (obstacle.refusal != Refusal::kNone) {
    turn.TraceRequest(kNoCall, Came(command));
    return turn.Refuse(obstacle.refusal, obstacle.why);
  }
  EndOlderCalls(turn);
  const Why busy = WhyBusy(turn, callee);
  std::vector<DeviceId> devices;
  if (busy == Why::kNone) devices = DevicesToRing(turn, callee);
  const CallId id = Create(turn, command, callee, !devices.empty());
  const CallRecord& record = *turn.state().calls.Find(id);
  AnswerWaiting(turn, record, command.protocol);
  if (busy != Why::kNone) {
    EndCall(turn, call::End(record.call, call::Reason::kBusy, turn.now(), call::EndedBy::kCallee),
            {.callee_missed = true, .why = busy});
  } else {
    Ring(turn, id, std::move(devices));
  }
}

}  // namespace trunkline::book

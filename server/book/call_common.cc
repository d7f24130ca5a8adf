#include "server/book/call_common.h"

#include <algorithm>
#include <utility>

namespace trunkline::book {
namespace {

Update CallUpdate(CallView view) {
  Update update;
  update.kind = Update::Kind::kPhoneCall;
  update.call_id = view.id;
  update.call = std::move(view);
  return update;
}

void AddMessage(const State& state, UserId owner, std::int32_t pts, UpdateBatch& batch) {
  const MessageView* message = state.messages.Find({owner, pts});
  if (message == nullptr) return;
  Update update;
  update.kind = Update::Kind::kNewMessage;
  update.message = *message;
  update.pts = pts;
  batch.updates.push_back(std::move(update));
}

std::int32_t PtsOf(const CallRecord& record, UserId owner) {
  return owner == record.call.caller ? record.caller_pts : record.callee_pts;
}

struct Ending {
  const CallRecord& record;
  const std::vector<DeviceId>& rang;
  const EndOptions& options;
};

// Devices that know of the call: the bound one, or all that ring.
bool Knows(const Ending& ending, UserId owner, DeviceId device) {
  const call::Call& call = ending.record.call;
  if (owner == call.caller) return device == call.caller_device;
  if (call.callee_device) return device == call.callee_device;
  return std::find(ending.rang.begin(), ending.rang.end(), device) != ending.rang.end();
}

void TellEnd(Turn& turn, const Ending& ending, UserId owner) {
  const call::Call& call = ending.record.call;
  std::vector<SessionRef> knowing, others;
  DeviceId witness;
  for (const DeviceId device : turn.DevicesOf(owner)) {
    if (device == ending.options.lost) continue;
    const bool knows = Knows(ending, owner, device);
    if (knows) witness = device;
    if (knows && !turn.IsOnline(device)) Owe(turn.state(), device, call.id);
    for (const SessionRef& session : turn.SessionsOf(device)) {
      if (ending.options.in_reply && turn.IsAsking(session)) continue;
      (knows ? knowing : others).push_back(session);
    }
  }
  const std::int32_t pts = PtsOf(ending.record, owner);
  if (!knowing.empty()) {
    // All devices of one side that know of the call get the same view.
    UpdateBatch batch =
        CallBatch(turn, ending.record, owner, ViewForDevice(ending.record, owner, witness));
    AddMessage(turn.state(), owner, pts, batch);
    turn.Push(std::move(knowing), std::move(batch));
  }
  if (!others.empty()) {
    UpdateBatch batch = turn.BatchFor(owner, {call.caller, call.callee});
    AddMessage(turn.state(), owner, pts, batch);
    turn.Push(std::move(others), std::move(batch));
  }
}

// One of so many calls is asked about; never draws for none or all.
bool Draw(Turn& turn, int percent) {
  if (percent <= 0 || percent >= 100) return percent >= 100;
  return turn.entropy().U64() % 100 < static_cast<std::uint64_t>(percent);
}

Why WhyFired(const call::Call& call) {
  switch (call.state) {
    case call::State::kRequested:
      return Why::kReceiveTimeout;
    case call::State::kReceived:
      return Why::kRingTimeout;
    case call::State::kAccepted:
      return Why::kConnectTimeout;
    case call::State::kActive:
    case call::State::kEnded:
      break;
  }
  return Why::kLongestCall;
}

picker::CallEnd WhatRelaysLearn(Turn& turn, const fact::CallEnded& ended,
                                const EndOptions& options) {
  picker::CallEnd end;
  if (ended.reason == call::Reason::kDisconnect) end.ending = picker::Ending::kDisconnect;
  if (ended.established) end.duration = std::chrono::seconds(ended.duration);
  const CallRecord& record = *turn.state().calls.Find(ended.id);
  const bool by_caller = options.in_reply && turn.user() == record.call.caller;
  (by_caller ? end.caller_connection : end.callee_connection) = options.connection_id;
  return end;
}

Box BoxOf(const State& state, UserId owner) {
  const Box* box = state.boxes.Find(owner);
  return box == nullptr ? Box{} : *box;
}

}  // namespace

FoundCall FindCall(Turn& turn, const cmd::PeerCall& peer, TraceEvent came) {
  turn.TraceRequest(peer.id, came);
  const auto refuse = [&turn](Why why) {
    turn.Refuse(Refusal::kCallPeerInvalid, why);
    return FoundCall{};
  };
  const CallRecord* record = turn.state().calls.Find(peer.id);
  if (record == nullptr) return refuse(Why::kUnknownCall);
  const call::Role role = call::RoleOf(record->call, turn.user(), turn.device());
  if (role == call::Role::kStranger) return refuse(Why::kNotAParty);
  const bool caller = turn.user() == record->call.caller;
  const AccessHash hash = caller ? record->caller_hash : record->callee_hash;
  if (hash != peer.access_hash) return refuse(Why::kWrongAccessHash);
  return {record, role};
}

namespace {

// CALL_PEER_INVALID: from whom it may not come, or, by the right device, at the wrong time.
Why WhyInvalid(const FoundCall& found, call::EventKind event) {
  const bool mine = event == call::EventKind::kConfirm && found.role == call::Role::kCaller;
  if (!mine) return Why::kWrongDevice;
  return found.record->call.established ? Why::kAlreadyConfirmed : Why::kNotAccepted;
}

}  // namespace

void RefuseCall(Turn& turn, const FoundCall& found, call::EventKind event, call::Refusal refusal) {
  const bool ended = found.record->call.state == call::State::kEnded;
  switch (refusal) {
    case call::Refusal::kPeerInvalid:
      return turn.Refuse(Refusal::kCallPeerInvalid, WhyInvalid(found, event));
    case call::Refusal::kAlreadyAccepted:
      return turn.Refuse(Refusal::kCallAlreadyAccepted, found.role == call::Role::kCallee
                                                            ? Why::kAcceptedHere
                                                            : Why::kAcceptedElsewhere);
    case call::Refusal::kAlreadyDeclined:
      return turn.Refuse(Refusal::kCallAlreadyDeclined, Why::kCallEnded);
    case call::Refusal::kNotActive:
      return turn.Refuse(Refusal::kCallNotActive, ended ? Why::kCallEnded : Why::kNotConfirmed);
    case call::Refusal::kNone:
      break;
  }
  turn.Refuse(Refusal::kInternal);
}

CallView ViewForDevice(const CallRecord& record, UserId user, DeviceId device) {
  const call::Role role = call::RoleOf(record.call, user, device);
  // Declined on another device: the one that declined has it in its reply.
  const bool declined = role == call::Role::kCalleeRinging &&
                        record.call.state == call::State::kEnded &&
                        record.call.reason == call::Reason::kBusy;
  return ViewOfCall(record, declined ? call::Role::kCalleeOther : role);
}

UpdateBatch CallBatch(Turn& turn, const CallRecord& record, UserId viewer, CallView view) {
  UpdateBatch batch = turn.BatchFor(viewer, {record.call.caller, record.call.callee});
  batch.updates.push_back(CallUpdate(std::move(view)));
  return batch;
}

void TellDevice(Turn& turn, const CallRecord& record, DeviceId device) {
  const std::span<const SessionRef> sessions = turn.SessionsOf(device);
  if (sessions.empty()) return Owe(turn.state(), device, record.call.id);
  const Key* key = turn.state().keys.Find(device);
  if (key == nullptr) return;
  turn.Push({sessions.begin(), sessions.end()},
            CallBatch(turn, record, key->user, ViewForDevice(record, key->user, device)));
}

void Owe(State& state, DeviceId device, CallId call) {
  std::vector<CallId>& owed = state.owed.MutableOrNew(device);
  if (std::find(owed.begin(), owed.end(), call) != owed.end()) return;
  if (owed.size() == kOwedCallsMax) owed.erase(owed.begin());
  owed.push_back(call);
}

void Forgive(State& state, DeviceId device, CallId call) {
  std::vector<CallId>* owed = state.owed.Mutable(device);
  if (owed == nullptr) return;
  owed->erase(std::remove(owed->begin(), owed->end(), call), owed->end());
  if (owed->empty()) state.owed.Erase(device);
}

bool MayRing(const State& state, DeviceId device) {
  const Key* key = state.keys.Find(device);
  return key != nullptr && !key->calls_disabled;
}

void EndCall(Turn& turn, const call::Step& step, const EndOptions& options) {
  State& state = turn.state();
  const call::Call& next = step.next;
  const std::vector<DeviceId> rang = state.calls.Find(next.id)->rang;
  const Box caller_box = BoxOf(state, next.caller);
  const Box callee_box = BoxOf(state, next.callee);
  fact::CallEnded ended;
  ended.id = next.id;
  ended.reason = next.reason;
  ended.ended_by = next.ended_by;
  ended.established = next.established;
  ended.duration = next.duration;
  ended.video = next.video;
  ended.connection_id = options.connection_id;
  ended.slug = options.slug;
  ended.callee_missed = options.callee_missed;
  ended.need_rating = next.established && Draw(turn, turn.config().ask_rating_percent);
  ended.need_debug = next.established && Draw(turn, turn.config().ask_debug_percent);
  ended.at_ms = UnixMillis(next.ended);
  ended.caller_message_id = caller_box.last_id + 1;
  ended.caller_pts = caller_box.pts + 1;
  ended.callee_message_id = callee_box.last_id + 1;
  ended.callee_pts = callee_box.pts + 1;
  TraceEvent line;
  line.what = TraceWhat::kEnded;
  line.why = options.why;
  line.reason = next.reason;
  if (next.established) line.duration = next.duration;
  turn.TraceServer(next.id, line);
  state.relays.End(next.id, WhatRelaysLearn(turn, ended, options));
  turn.Emit(std::move(ended));
  const Ending ending{*state.calls.Find(next.id), rang, options};
  TellEnd(turn, ending, next.caller);
  TellEnd(turn, ending, next.callee);
}

UpdateBatch EndBatch(Turn& turn, const CallRecord& record, UserId viewer) {
  const bool caller = viewer == record.call.caller;
  UpdateBatch batch = CallBatch(
      turn, record, viewer, ViewOfCall(record, caller ? call::Role::kCaller : call::Role::kCallee));
  batch.date = UnixDate(record.call.ended);
  AddMessage(turn.state(), viewer, PtsOf(record, viewer), batch);
  return batch;
}

namespace {

// Devices that never were of the call, or are no longer, aren't missed.
void TraceLostDevice(Turn& turn, const call::Call& call, call::Role role, DeviceId device) {
  if (role == call::Role::kCallerOther || role == call::Role::kCalleeOther) return;
  TraceEvent line;
  line.what = TraceWhat::kDeviceLost;
  line.why = Why::kSignedOut;
  line.party = role == call::Role::kCaller ? TraceParty::kCaller : TraceParty::kCallee;
  line.device = device;
  turn.TraceServer(call.id, line);
}

}  // namespace

void EndCallsOfDevice(Turn& turn, DeviceId device, UserId user) {
  const std::vector<CallId>* live = turn.state().live_calls.Find(user);
  if (live == nullptr) return;
  for (const CallId id : std::vector<CallId>(*live)) {
    const call::Call& call = turn.state().calls.Find(id)->call;
    call::Event event;
    event.kind = call::EventKind::kDeviceLost;
    event.role = call::RoleOf(call, user, device);
    const call::Step step = call::Advance(call, event, turn.at(), turn.timeouts());
    TraceLostDevice(turn, call, event.role, device);
    if (step.outcome == call::Outcome::kEnded) {
      EndCall(turn, step, {.lost = device, .why = Why::kSignedOut});
    }
  }
}

void FireCallDeadline(Turn& turn, CallId id) {
  const CallRecord* record = turn.state().calls.Find(id);
  if (record == nullptr) return;
  const call::Event event{.kind = call::EventKind::kDeadline};
  const call::Step step = call::Advance(record->call, event, turn.at(), turn.timeouts());
  if (step.outcome != call::Outcome::kEnded) return;
  const Why why = WhyFired(record->call);
  turn.TraceServer(id, {.what = TraceWhat::kDeadline, .why = why});
  EndCall(turn, step, {.why = why});
}

}  // namespace trunkline::book

// Who is connected, and what a device hears when it comes back.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/sessions.h"
#include "server/book/streams.h"

namespace trunkline::book {
namespace {

bool IsRinging(const call::Call& call) {
  return call.state == call::State::kRequested || call.state == call::State::kReceived;
}

void WelcomeNews(Turn& turn, const SessionRef& session, DeviceId device, UserId user) {
  const std::vector<CallId>* owed = turn.state().owed.Find(device);
  if (owed == nullptr) return;
  for (const CallId id : *owed) {
    const CallRecord* record = turn.state().calls.Find(id);
    if (record == nullptr) continue;
    const bool ended = record->call.state == call::State::kEnded;
    if (ended && turn.now() > record->call.ended + kNewsLife) continue;
    // A ring is told by WelcomeRings.
    if (record->call.callee == user && IsRinging(record->call)) continue;
    turn.Push({session}, CallBatch(turn, *record, user, ViewForDevice(*record, user, device)));
  }
  turn.state().owed.Erase(device);
}

void WelcomeSignals(Turn& turn, const SessionRef& session, DeviceId device, UserId user) {
  const std::vector<CallId>* live = turn.state().live_calls.Find(user);
  if (live == nullptr) return;
  for (const CallId id : *live) {
    const SignalQueue* queue = turn.state().signals.Find({id, device});
    if (queue == nullptr) continue;
    UpdateBatch batch;
    batch.date = turn.date();
    for (const std::shared_ptr<const Bytes>& packet : queue->packets) {
      Update& update = batch.updates.emplace_back();
      update.kind = Update::Kind::kSignalling;
      update.call_id = id;
      update.data = *packet;
    }
    turn.Push({session}, std::move(batch));
    turn.state().signals.Erase({id, device});
  }
}

void WelcomeRings(Turn& turn, const SessionRef& session, DeviceId device, UserId user) {
  for (const CallRecord* record : RingingFor(turn, device, user, true)) {
    turn.Push({session}, CallBatch(turn, *record, user, ViewForDevice(*record, user, device)));
  }
}

void CloseSession(State& state, const SessionRef& session, DeviceId device) {
  const auto at = state.presence.sessions.find(device);
  if (at == state.presence.sessions.end()) return;
  std::vector<SessionRef>& open = at->second;
  const auto found = std::find(open.begin(), open.end(), session);
  if (found == open.end()) return;
  open.erase(found);
  --state.presence.count;
  if (open.empty()) state.presence.sessions.erase(at);
}

// The last session may not have got the ring: it is repeated to the next one, and the end of the
// call is owed if it comes first.
void ForgetRings(State& state, DeviceId device, UserId user) {
  const std::vector<CallId>* live = state.live_calls.Find(user);
  if (live == nullptr) return;
  for (const CallId id : *live) {
    const CallRecord* record = state.calls.Find(id);
    if (record->call.callee != user || !IsRinging(record->call)) continue;
    std::vector<DeviceId>& rang = state.calls.Mutable(id)->rang;
    if (std::erase(rang, device) != 0) Owe(state, device, id);
  }
}

}  // namespace

std::vector<const CallRecord*> RingingFor(Turn& turn, DeviceId device, UserId user, bool only_new) {
  std::vector<const CallRecord*> ringing;
  const std::vector<CallId>* live = turn.state().live_calls.Find(user);
  if (live == nullptr || !MayRing(turn.state(), device)) return ringing;
  for (const CallId id : *live) {
    const CallRecord* record = turn.state().calls.Find(id);
    if (record->call.callee != user || !IsRinging(record->call)) continue;
    const auto& rang = record->rang;
    const bool told = std::find(rang.begin(), rang.end(), device) != rang.end();
    if (!told) turn.state().calls.Mutable(id)->rang.push_back(device);
    if (!told || !only_new) ringing.push_back(record);
  }
  return ringing;
}

bool OpenSession(State& state, const SessionRef& session, DeviceId device) {
  std::erase(state.presence.leaving, std::pair(device, session));
  std::vector<SessionRef>& open = state.presence.sessions[device];
  if (std::find(open.begin(), open.end(), session) != open.end()) return false;
  if (open.size() == kSessionsPerDeviceMax) {
    open.erase(open.begin());
    --state.presence.count;
  }
  open.push_back(session);
  ++state.presence.count;
  return true;
}

void LeaveSessions(State& state, AuthKeyId key, DeviceId device) {
  const auto at = state.presence.sessions.find(device);
  if (at == state.presence.sessions.end()) return;
  for (const SessionRef& session : at->second) {
    if (key == device || session.key == key) state.presence.leaving.emplace_back(device, session);
  }
}

void CloseLeaving(State& state) {
  for (const auto& [device, session] : state.presence.leaving) {
    CloseSession(state, session, device);
  }
  state.presence.leaving.clear();
}

void Welcome(Turn& turn, const SessionRef& session, DeviceId device) {
  const Key* key = turn.state().keys.Find(device);
  if (key == nullptr || !key->user) return;
  WelcomeRings(turn, session, device, key->user);
  // The call before its signalling.
  WelcomeNews(turn, session, device, key->user);
  WelcomeSignals(turn, session, device, key->user);
}

void OweAfterRestart(State& state, const FactBody& body) {
  const CallRecord* record = state.calls.Find(CallId(StreamOf(body).id));
  if (record == nullptr) return;
  const call::Call& call = record->call;
  if (std::holds_alternative<fact::CallRequested>(body)) {
    // Any of them may be ringing, and has to learn how that ends.
    const std::vector<DeviceId>* devices = state.devices.Find(call.callee);
    if (devices == nullptr) return;
    for (const DeviceId device : *devices) Owe(state, device, call.id);
  } else if (std::holds_alternative<fact::CallReceived>(body)) {
    Owe(state, call.caller_device, call.id);
  } else if (std::holds_alternative<fact::CallAccepted>(body)) {
    Owe(state, call.caller_device, call.id);
    Forgive(state, call.callee_device, call.id);
  } else if (std::holds_alternative<fact::CallConfirmed>(body)) {
    Forgive(state, call.caller_device, call.id);
    Owe(state, call.callee_device, call.id);
  } else if (std::holds_alternative<fact::CallEnded>(body)) {
    Owe(state, call.caller_device, call.id);
    if (call.callee_device) Owe(state, call.callee_device, call.id);
  }
}

void Handle(Turn& turn, const cmd::SessionOpened&) {
  OpenSession(turn.state(), turn.from().session, turn.device());
  Welcome(turn, turn.from().session, turn.device());
}

void Handle(Turn& turn, const cmd::SessionClosed&) {
  CloseSession(turn.state(), turn.from().session, turn.device());
  if (turn.IsOnline(turn.device()) || !turn.user()) return;
  ForgetRings(turn.state(), turn.device(), turn.user());
  turn.state().keys.Mutable(turn.device())->active_ms = turn.now_ms();
  User* user = turn.state().users.Mutable(turn.user());
  if (user != nullptr && !user->offline) user->seen_ms = turn.now_ms();
}

}  // namespace trunkline::book

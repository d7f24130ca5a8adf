// What a step adds to the traces of calls.

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "server/book/sessions.h"
#include "server/book/turn.h"

namespace trunkline::book {
namespace {

TraceWhat WhatOf(const CallView& view) {
  switch (view.kind) {
    case CallView::Kind::kWaiting:
      return TraceWhat::kPhoneCallWaiting;
    case CallView::Kind::kRequested:
      return TraceWhat::kPhoneCallRequested;
    case CallView::Kind::kAccepted:
      return TraceWhat::kPhoneCallAccepted;
    case CallView::Kind::kActive:
      return TraceWhat::kPhoneCall;
    case CallView::Kind::kDiscarded:
      break;
  }
  return TraceWhat::kPhoneCallDiscarded;
}

void Describe(const CallView& view, TraceEvent& event) {
  event.what = WhatOf(view);
  event.video = view.video;
  event.reason = view.reason;
  if (view.duration) event.duration = *view.duration;
  event.number = static_cast<std::int64_t>(view.connections.size());
}

// A fact of a call as the request that made it.
struct Restored {
  State& state;

  void Line(CallId call, TraceWhat what, TraceParty party, DeviceId device, std::int64_t at_ms) {
    TraceEvent event;
    event.at_ms = at_ms;
    event.kind = TraceKind::kRequest;
    event.party = party;
    event.what = what;
    event.device = device;
    state.tracer.Add(call, event, what == TraceWhat::kRequestCall);
  }
  void operator()(const fact::CallRequested& f) {
    Line(f.id, TraceWhat::kRequestCall, TraceParty::kCaller, f.caller_device, f.at_ms);
  }
  void operator()(const fact::CallReceived& f) {
    Line(f.id, TraceWhat::kReceivedCall, TraceParty::kCallee, DeviceId(), f.at_ms);
  }
  void operator()(const fact::CallAccepted& f) {
    Line(f.id, TraceWhat::kAcceptCall, TraceParty::kCallee, f.callee_device, f.at_ms);
  }
  void operator()(const fact::CallConfirmed& f) {
    const CallRecord* record = state.calls.Find(f.id);
    if (record == nullptr) return;
    Line(f.id, TraceWhat::kConfirmCall, TraceParty::kCaller, record->call.caller_device, f.at_ms);
  }
  // The store has all of it.
  void operator()(const fact::CallEnded& f) { state.tracer.Forget(f.id); }
  template <class Other>
  void operator()(const Other&) {}
};

}  // namespace

void TraceRestored(State& state, const FactBody& body) {
  std::visit(Restored{state}, body);
}

TraceEvent Turn::LineOf(TraceKind kind, TraceWhat what) const {
  TraceEvent event;
  event.at_ms = now_ms();
  event.kind = kind;
  event.what = what;
  return event;
}

TraceParty Turn::PartyOf(CallId call, UserId user) const {
  const CallRecord* record = state_->calls.Find(call);
  if (record == nullptr || !user) return TraceParty::kStranger;
  if (user == record->call.caller) return TraceParty::kCaller;
  return user == record->call.callee ? TraceParty::kCallee : TraceParty::kStranger;
}

DeviceId Turn::DeviceOf(const SessionRef& session) const {
  const Key* key = state_->keys.Find(session.key);
  return key != nullptr && key->bound_to ? key->bound_to : session.key;
}

void Turn::TraceRequest(CallId call, TraceEvent event, bool opens) {
  traced_ = call;
  event.kind = TraceKind::kRequest;
  event.at_ms = now_ms();
  event.device = device();
  event.party = PartyOf(call, user());
  state_->tracer.Add(call, event, opens);
}

void Turn::TraceServer(CallId call, TraceEvent event) {
  event.kind = TraceKind::kEvent;
  event.at_ms = now_ms();
  state_->tracer.Add(call, event);
}

void Turn::TraceAnswer(const ReplyBody& body) {
  if (!traced_) return;
  TraceEvent event = LineOf(TraceKind::kResult, TraceWhat::kBool);
  event.device = device();
  event.party = PartyOf(traced_, user());
  if (const auto* refused = std::get_if<reply::Refused>(&body)) {
    event.kind = TraceKind::kError;
    event.what = TraceWhat::kRpcError;
    event.refusal = refused->refusal;
    event.number = refused->argument;
  } else if (const auto* call = std::get_if<reply::Call>(&body)) {
    Describe(call->call, event);
  } else if (const auto* batch = std::get_if<UpdateBatch>(&body)) {
    event.what = TraceWhat::kUpdates;
    event.number = static_cast<std::int64_t>(batch->updates.size());
  }
  event.why = std::exchange(why_, Why::kNone);
  state_->tracer.Add(traced_, event);
}

void Turn::TracePush(const book::Push& push) {
  absl::InlinedVector<DeviceId, 8> told;
  for (const SessionRef& session : push.sessions) {
    const DeviceId device = DeviceOf(session);
    if (std::find(told.begin(), told.end(), device) != told.end()) continue;
    told.push_back(device);
    const Key* key = state_->keys.Find(device);
    for (const Update& update : push.batch->updates) {
      TraceNews(update, device, key == nullptr ? UserId() : key->user);
    }
  }
}

void Turn::TraceNews(const Update& update, DeviceId device, UserId user) {
  TraceEvent event = LineOf(TraceKind::kUpdate, TraceWhat::kUpdateNewMessage);
  CallId call = update.call_id;
  switch (update.kind) {
    case Update::Kind::kPhoneCall:
      Describe(update.call, event);
      break;
    case Update::Kind::kSignalling:
      event.what = TraceWhat::kUpdateSignallingData;
      event.number = static_cast<std::int64_t>(update.data.size());
      break;
    case Update::Kind::kNewMessage:
      call = update.message.call_id;
      event.number = update.pts;
      break;
    default:
      return;
  }
  event.device = device;
  event.party = PartyOf(call, user);
  state_->tracer.Add(call, event);
}

}  // namespace trunkline::book

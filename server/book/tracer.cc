#include "server/book/tracer.h"

#include <utility>

namespace trunkline::book {
namespace {

// What the server began by itself, so that no request says what became of it.
bool IsOwnDoing(const TraceEvent& event) {
  if (event.kind != TraceKind::kEvent) return false;
  if (event.what == TraceWhat::kEnded) return event.why == Why::kRecordDiscarded;
  return event.what == TraceWhat::kDeadline || event.what == TraceWhat::kDeviceLost;
}

}  // namespace

CallTrace Tracer::Of(CallId call) const {
  const CallTrace* const known = Find(call);
  CallTrace trace = known == nullptr ? CallTrace{} : *known;
  for (const Pending& pending : pending_) {
    if (pending.line.call == call) trace.Add(pending.line.event);
  }
  return trace;
}

const CallTrace* Tracer::Find(CallId call) const {
  const auto at = traces_.find(call);
  return at == traces_.end() ? nullptr : &at->second;
}

void Tracer::Commit() {
  for (const Pending& pending : pending_) Write(pending.line, pending.opens);
  pending_.clear();
}

void Tracer::Rollback(std::int64_t at_ms) {
  for (const Pending& pending : std::exchange(pending_, {})) {
    if (pending.line.event.kind == TraceKind::kRequest) WriteRefusedRequest(pending.line, at_ms);
    if (IsOwnDoing(pending.line.event)) WriteRefusedEvent(pending.line, at_ms);
  }
}

void Tracer::Undo(std::int64_t at_ms) {
  for (const Pending& pending : std::exchange(pending_, {})) {
    const TraceEvent& event = pending.line.event;
    if (event.what == TraceWhat::kDeadline) WriteRefusedEvent(pending.line, at_ms);
  }
}

void Tracer::WriteRefusedRequest(const Line& request, std::int64_t at_ms) {
  Write(request, false);
  Line refused = request;
  refused.event.at_ms = at_ms;
  refused.event.kind = TraceKind::kError;
  refused.event.what = TraceWhat::kRpcError;
  refused.event.refusal = Refusal::kCallOccupyFailed;
  refused.event.why = Why::kStoreRefused;
  Write(refused, false);
}

void Tracer::WriteRefusedEvent(const Line& event, std::int64_t at_ms) {
  TraceEvent refused;
  refused.at_ms = at_ms;
  refused.what = TraceWhat::kStoreRefused;
  refused.why = event.event.why;
  Write({event.call, refused}, false);
}

void Tracer::Write(const Line& line, bool opens) {
  if (following_) followed_.push_back(line);
  auto at = traces_.find(line.call);
  if (at == traces_.end()) {
    if (!opens) return;
    at = traces_.try_emplace(line.call).first;
  }
  at->second.Add(line.event);
  if (line.event.what == TraceWhat::kEnded) Bury(line.call);
}

void Tracer::Bury(CallId call) {
  ended_.push_back(call);
  if (ended_.size() <= kEndedTracesMax) return;
  traces_.erase(ended_.front());
  ended_.pop_front();
}

}  // namespace trunkline::book

// Signalling during a call, rating and debug data after it.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/rating.h"

namespace trunkline::book {
namespace {

// False: no room; order is kept by taking nothing more until there is.
bool Queue(State& state, CallId call, DeviceId device, const Bytes& data) {
  SignalQueue& queue = state.signals.MutableOrNew({call, device});
  const bool fits = queue.packets.size() < kSignalQueuePacketsMax &&
                    queue.bytes + data.size() <= kSignalQueueBytesMax;
  if (!fits) return false;
  queue.bytes += data.size();
  queue.packets.push_back(std::make_shared<const Bytes>(data));
  return true;
}

// Takes `bytes` off what the side may send now. False: too fast, and nothing was taken.
bool Spend(SignalAllowance& allowance, std::int64_t bytes, std::int64_t now_ms) {
  const std::int64_t passed_ms = std::max<std::int64_t>(now_ms - allowance.at_ms, 0);
  const std::int64_t back = std::min(passed_ms, kSignalBurstBytes) * kSignalBytesPerSecond / 1000;
  const std::int64_t spent = std::max<std::int64_t>(allowance.bytes - back, 0);
  if (spent + bytes > kSignalBurstBytes) return false;
  allowance = {spent + bytes, now_ms};
  return true;
}

void PushSignal(Turn& turn, CallId call, std::span<const SessionRef> sessions, const Bytes& data) {
  UpdateBatch batch;
  batch.date = turn.date();
  Update& update = batch.updates.emplace_back();
  update.kind = Update::Kind::kSignalling;
  update.call_id = call;
  update.data = data;
  turn.Push({sessions.begin(), sessions.end()}, std::move(batch));
}

std::string CutComment(const std::string& comment) {
  std::size_t size = std::min(comment.size(), kCommentBytesMax);
  // Not inside a UTF-8 character.
  while (size > 0 && size < comment.size() && (comment[size] & 0xc0) == 0x80) --size;
  return comment.substr(0, size);
}

}  // namespace

// Nothing is dropped in silence: what can't be passed on or kept is refused, with a wait that
// clients keep by themselves.
void Handle(Turn& turn, const cmd::SendSignalling& command) {
  const auto size = static_cast<std::int64_t>(command.data.size());
  const FoundCall found =
      FindCall(turn, command.peer, {.what = TraceWhat::kSendSignallingData, .number = size});
  if (found.record == nullptr) return;
  const call::Call& call = found.record->call;
  const call::Event event{.kind = call::EventKind::kSignal, .role = found.role};
  const call::Step step = call::Advance(call, event, turn.at(), turn.timeouts());
  if (step.outcome == call::Outcome::kRefused)
    return RefuseCall(turn, found, event.kind, step.refusal);
  if (command.data.size() > kSignalBytesMax) {
    return turn.Refuse(Refusal::kDataTooLong, Why::kTooLong);
  }
  const bool from_caller = found.role == call::Role::kCaller;
  CallRecord& record = *turn.state().calls.Mutable(call.id);
  SignalAllowance& allowance = from_caller ? record.caller_signals : record.callee_signals;
  if (!Spend(allowance, size, turn.now_ms())) {
    return turn.Refuse(Refusal::kFloodWait, Why::kTooFast, kSignalWait);
  }
  const DeviceId peer = from_caller ? call.callee_device : call.caller_device;
  const std::span<const SessionRef> sessions = turn.SessionsOf(peer);
  if (sessions.empty() && !Queue(turn.state(), call.id, peer, command.data)) {
    return turn.Refuse(Refusal::kFloodWait, Why::kPeerTooSlow, kSignalWait);
  }
  turn.Done();
  if (!sessions.empty()) PushSignal(turn, call.id, sessions, command.data);
}

// The device's only session lost updates, among them perhaps signalling, which no difference brings
// back. Engines that miss some of it hang: better both hear that the call is over.
void Handle(Turn& turn, const cmd::UpdatesLost&) {
  const std::vector<CallId>* live = turn.state().live_calls.Find(turn.user());
  if (live == nullptr || turn.SessionsOf(turn.device()).size() > 1) return;
  for (const CallId id : std::vector<CallId>(*live)) {
    const CallRecord& record = *turn.state().calls.Find(id);
    const bool caller = record.call.caller_device == turn.device();
    if (record.call.state != call::State::kActive) continue;
    if (!caller && record.call.callee_device != turn.device()) continue;
    if ((caller ? record.callee_signals : record.caller_signals).at_ms == 0) continue;
    EndCall(turn, call::End(record.call, call::Reason::kDisconnect, turn.now()),
            {.why = Why::kSignallingLost});
  }
}

void Handle(Turn& turn, const cmd::SetCallRating& command) {
  const FoundCall found =
      FindCall(turn, command.peer, {.what = TraceWhat::kSetCallRating, .number = command.rating});
  if (found.record == nullptr) return;
  if (found.record->call.state != call::State::kEnded) {
    return turn.Refuse(Refusal::kCallPeerInvalid, Why::kWrongDevice);
  }
  const std::string comment = CutComment(command.comment);
  const std::int32_t rating = std::clamp(command.rating, 1, 5);
  const std::uint32_t tags = RatingTags(comment);
  turn.state().relays.Rate(command.peer.id, rating, tags, turn.now());
  turn.Emit(fact::CallRated{command.peer.id, turn.user(), command.user_initiative, rating, comment,
                            tags});
  UpdateBatch nothing;
  nothing.date = turn.date();
  turn.Answer(std::move(nothing));
}

void Handle(Turn& turn, const cmd::SaveCallDebug& command) {
  const auto size = static_cast<std::int64_t>(command.json.size());
  const FoundCall found =
      FindCall(turn, command.peer, {.what = TraceWhat::kSaveCallDebug, .number = size});
  if (found.record == nullptr) return;
  if (!command.valid) return turn.Refuse(Refusal::kDataJsonInvalid, Why::kNotJson);
  if (command.json.size() > kDebugBytesMax) {
    return turn.Refuse(Refusal::kDataTooLong, Why::kTooLong);
  }
  // More would fill the disk for nothing; an error or `false` makes clients send yet more.
  if (found.record->debugs < kDebugsPerCallMax) {
    turn.Emit(fact::CallDebugSaved{command.peer.id, turn.user(), command.json});
  }
  turn.Done();
}

void Handle(Turn& turn, const cmd::SaveCallLog& command) {
  const FoundCall found =
      FindCall(turn, command.peer, {.what = TraceWhat::kSaveCallLog, .number = command.bytes});
  if (found.record == nullptr) return;
  turn.Done();
}

}  // namespace trunkline::book

// Signalling during a call, rating and debug data after it.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"

namespace trunkline::book {
namespace {

// A full queue drops what is new: engines repeat what was not acknowledged, but need it in order.
void Queue(State& state, CallId call, DeviceId device, const Bytes& data) {
  SignalQueue& queue = state.signals.MutableOrNew({call, device});
  const bool fits = queue.packets.size() < kSignalQueuePacketsMax &&
                    queue.bytes + data.size() <= kSignalQueueBytesMax;
  if (!fits) return;
  queue.bytes += data.size();
  queue.packets.push_back(std::make_shared<const Bytes>(data));
}

std::string CutComment(const std::string& comment) {
  std::size_t size = std::min(comment.size(), kCommentBytesMax);
  // Not inside a UTF-8 character.
  while (size > 0 && size < comment.size() && (comment[size] & 0xc0) == 0x80) --size;
  return comment.substr(0, size);
}

}  // namespace

void Handle(Turn& turn, const cmd::SendSignalling& command) {
  const FoundCall found = FindCall(turn, command.peer);
  if (found.record == nullptr) return turn.Refuse(Refusal::kCallPeerInvalid);
  const call::Call& call = found.record->call;
  const call::Event event{.kind = call::EventKind::kSignal, .role = found.role};
  const call::Step step = call::Advance(call, event, turn.now(), turn.timeouts());
  if (step.outcome == call::Outcome::kRefused) return turn.Refuse(RefusalFrom(step.refusal));
  if (command.data.size() > kSignalBytesMax) return turn.Refuse(Refusal::kDataTooLong);
  turn.Done();
  const bool from_caller = found.role == call::Role::kCaller;
  const DeviceId peer = from_caller ? call.callee_device : call.caller_device;
  const std::span<const SessionRef> sessions = turn.SessionsOf(peer);
  if (sessions.empty()) return Queue(turn.state(), call.id, peer, command.data);
  UpdateBatch batch;
  batch.date = turn.date();
  Update& update = batch.updates.emplace_back();
  update.kind = Update::Kind::kSignalling;
  update.call_id = call.id;
  update.data = command.data;
  turn.Push({sessions.begin(), sessions.end()}, std::move(batch));
}

void Handle(Turn& turn, const cmd::SetCallRating& command) {
  const FoundCall found = FindCall(turn, command.peer);
  if (found.record == nullptr || found.record->call.state != call::State::kEnded) {
    return turn.Refuse(Refusal::kCallPeerInvalid);
  }
  turn.Emit(fact::CallRated{command.peer.id, turn.user(), command.user_initiative,
                            std::clamp(command.rating, 1, 5), CutComment(command.comment)});
  UpdateBatch nothing;
  nothing.date = turn.date();
  turn.Answer(std::move(nothing));
}

void Handle(Turn& turn, const cmd::SaveCallDebug& command) {
  const FoundCall found = FindCall(turn, command.peer);
  if (found.record == nullptr) return turn.Refuse(Refusal::kCallPeerInvalid);
  if (command.json.size() > kDebugBytesMax) return turn.Refuse(Refusal::kDataTooLong);
  // More would fill the disk for nothing; an error or `false` makes clients send yet more.
  if (found.record->debugs < kDebugsPerCallMax) {
    turn.Emit(fact::CallDebugSaved{command.peer.id, turn.user(), command.json});
  }
  turn.Done();
}

}  // namespace trunkline::book

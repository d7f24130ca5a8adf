// Message boxes: state, difference, history. The only messages are those of ended calls.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/sessions.h"

namespace trunkline::book {
namespace {

Box BoxOf(Turn& turn) {
  const Box* box = turn.state().boxes.Find(turn.user());
  return box == nullptr ? Box{} : *box;
}

reply::State StateAt(Turn& turn, std::int32_t pts) {
  return {pts, turn.date(), 0};
}

void AddUpdates(Turn& turn, reply::Difference& difference, std::vector<UserId>& users) {
  for (const CallRecord* record : RingingFor(turn, turn.device(), turn.user(), false)) {
    Update& update = difference.other_updates.emplace_back();
    update.kind = Update::Kind::kPhoneCall;
    update.call_id = record->call.id;
    update.call = ViewForDevice(*record, turn.user(), turn.device());
    users.push_back(record->call.caller);
    users.push_back(record->call.callee);
  }
}

}  // namespace

void Handle(Turn& turn, const cmd::GetState&) {
  turn.Answer(StateAt(turn, BoxOf(turn).pts));
}

void Handle(Turn& turn, const cmd::GetDifference& command) {
  if (command.pts <= 0) return turn.Refuse(Refusal::kPersistentTimestampInvalid);
  const Box box = BoxOf(turn);
  reply::Difference difference;
  difference.state = StateAt(turn, box.pts);
  // Also a client that is ahead of us: it reloads.
  if (command.pts > box.pts || command.pts + 1 < box.kept_from) {
    difference.kind = reply::Difference::Kind::kTooLong;
    return turn.Answer(std::move(difference));
  }
  const std::int32_t last = std::min(box.pts, command.pts + kDifferenceMax);
  std::vector<UserId> users;
  for (std::int32_t pts = command.pts + 1; pts <= last; ++pts) {
    const MessageView* message = turn.state().messages.Find({turn.user(), pts});
    if (message == nullptr) continue;
    difference.messages.push_back(*message);
    users.push_back(message->from_id);
    users.push_back(message->peer_id);
  }
  AddUpdates(turn, difference, users);
  if (last < box.pts) {
    difference.kind = reply::Difference::Kind::kSlice;
    difference.state.pts = last;
  } else if (last > command.pts || !difference.other_updates.empty()) {
    difference.kind = reply::Difference::Kind::kFull;
  }
  difference.users = ViewsOfUsers(turn.state(), turn.user(), std::move(users), turn.now());
  turn.Answer(std::move(difference));
}

void Handle(Turn& turn, const cmd::GetHistory& command) {
  const UserId peer = FindUser(turn, command.peer);
  if (!peer) return turn.Refuse(Refusal::kPeerIdInvalid);
  const Box box = BoxOf(turn);
  const std::int32_t limit = std::clamp(command.limit, 0, kHistoryMax);
  reply::History history;
  for (std::int32_t pts = box.pts; pts >= box.kept_from; --pts) {
    const MessageView* message = turn.state().messages.Find({turn.user(), pts});
    if (message == nullptr || message->peer_id != peer) continue;
    ++history.total;
    const bool before = command.offset_id <= 0 || message->id < command.offset_id;
    if (before && std::ssize(history.messages) < limit) history.messages.push_back(*message);
  }
  history.users = ViewsOfUsers(turn.state(), turn.user(), {turn.user(), peer}, turn.now());
  turn.Answer(std::move(history));
}

}  // namespace trunkline::book

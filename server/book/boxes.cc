// Message boxes: state, difference, history. The only messages are those of ended calls.

#include <algorithm>
#include <utility>

#include "server/book/box_state.h"
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

Update DeletionUpdate(std::int32_t pts, std::int32_t message_id) {
  Update update;
  update.kind = Update::Kind::kDeleteMessage;
  update.message.id = message_id;
  update.pts = pts;
  return update;
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

bool DeleteMessage(Turn& turn, UserId owner, std::int32_t message_id) {
  const Box* found = turn.state().boxes.Find(owner);
  if (found == nullptr || message_id <= 0 || message_id > found->last_id) return false;
  const std::int32_t at = PtsOfMessage(turn.state(), owner, message_id);
  if (at != 0 && turn.state().messages.Find({owner, at}) == nullptr) return false;
  const std::int32_t pts = found->pts + 1;
  turn.Emit(fact::MessageDeleted{owner, message_id, pts, found->last_id});
  UpdateBatch batch = turn.BatchFor(owner, {});
  batch.updates.push_back(DeletionUpdate(pts, message_id));
  turn.Push(turn.OtherSessions(owner), std::move(batch));
  return true;
}

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
    if (const MessageView* message = turn.state().messages.Find({turn.user(), pts})) {
      difference.messages.push_back(*message);
      users.push_back(message->from_id);
      users.push_back(message->peer_id);
    } else if (const Deletion* deletion = FindDeletion(turn.state(), turn.user(), pts)) {
      difference.other_updates.push_back(DeletionUpdate(pts, deletion->message_id));
    }
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

#include "server/book/box_state.h"

#include <algorithm>
#include <utility>

namespace trunkline::book {
namespace {

// What lies before the newest kBoxMessagesMax pts.
void Trim(State& state, UserId owner, Box& box) {
  if (box.pts - box.kept_from < kBoxMessagesMax) return;
  for (; box.pts - box.kept_from >= kBoxMessagesMax; ++box.kept_from) {
    state.messages.Erase({owner, box.kept_from});
  }
  const std::vector<Deletion>* kept = state.deletions.Find(owner);
  if (kept == nullptr || kept->front().pts >= box.kept_from) return;
  std::vector<Deletion>& list = *state.deletions.Mutable(owner);
  std::erase_if(list, [&box](const Deletion& deletion) { return deletion.pts < box.kept_from; });
  if (list.empty()) state.deletions.Erase(owner);
}

Box& Raise(State& state, UserId owner, std::int32_t pts, std::int32_t message_id) {
  Box& box = state.boxes.MutableOrNew(owner);
  box.pts = std::max(box.pts, pts);
  box.last_id = std::max(box.last_id, message_id);
  return box;
}

bool IsBefore(const Deletion& deletion, std::int32_t pts) {
  return deletion.pts < pts;
}

// How many deletions there were before this message came.
std::int32_t DeletionsBefore(const State& state, UserId owner, const Box& box, std::int32_t id) {
  const std::vector<Deletion>* kept = state.deletions.Find(owner);
  if (kept == nullptr) return box.pts - 1 - box.last_id;
  const auto next = std::partition_point(
      kept->begin(), kept->end(),
      [id](const Deletion& deletion) { return deletion.newest_message_id < id; });
  return next == kept->begin() ? next->Ordinal() - 1 : std::prev(next)->Ordinal();
}

}  // namespace

void PutMessage(State& state, UserId owner, std::int32_t pts, MessageView message) {
  if (pts <= 0) return;
  Box& box = Raise(state, owner, pts, message.id);
  if (pts < box.kept_from) return;
  state.messages.Insert({owner, pts}, std::move(message));
  Trim(state, owner, box);
}

void PutDeletion(State& state, UserId owner, const Deletion& deletion) {
  if (deletion.pts <= 0) return;
  Box& box = Raise(state, owner, deletion.pts, deletion.newest_message_id);
  Trim(state, owner, box);
  if (deletion.pts < box.kept_from) return;
  std::vector<Deletion>& list = state.deletions.MutableOrNew(owner);
  const auto at = std::lower_bound(list.begin(), list.end(), deletion.pts, IsBefore);
  if (at == list.end() || at->pts != deletion.pts) list.insert(at, deletion);
  const std::int32_t pts = PtsOfMessage(state, owner, deletion.message_id);
  if (pts != 0) state.messages.Erase({owner, pts});
}

std::int32_t PtsOfMessage(const State& state, UserId owner, std::int32_t message_id) {
  const Box* box = state.boxes.Find(owner);
  if (box == nullptr || message_id <= 0 || message_id > box->last_id) return 0;
  const std::int32_t pts = message_id + 1 + DeletionsBefore(state, owner, *box, message_id);
  return pts >= box->kept_from ? pts : 0;
}

const Deletion* FindDeletion(const State& state, UserId owner, std::int32_t pts) {
  const std::vector<Deletion>* kept = state.deletions.Find(owner);
  if (kept == nullptr) return nullptr;
  const auto at = std::lower_bound(kept->begin(), kept->end(), pts, IsBefore);
  return at == kept->end() || at->pts != pts ? nullptr : &*at;
}

}  // namespace trunkline::book

#include "server/mtproto/unacked.h"

#include <algorithm>
#include <utility>

#include "server/mtproto/session_limits.h"

namespace trunkline::mtproto {
namespace {

// An empty queue of an idle session keeps no more than this.
constexpr std::size_t kIdleCapacity = 4;

std::size_t BytesOf(const UnackedQueue::Message& message) {
  return message.body.size() + kUnackedOverhead;
}

}  // namespace

void UnackedQueue::Add(Message message) {
  bytes_ += BytesOf(message);
  messages_.push_back(std::move(message));
}

// Drops what the predicate names; true when an update was among it.
template <class Predicate>
bool UnackedQueue::Drop(Predicate predicate) {
  bool updates = false;
  std::erase_if(messages_, [&](const Message& message) {
    if (!predicate(message)) return false;
    bytes_ -= BytesOf(message);
    updates |= message.kind == Kind::kUpdate;
    return true;
  });
  if (messages_.empty() && messages_.capacity() > kIdleCapacity) messages_.shrink_to_fit();
  return updates;
}

bool UnackedQueue::DropOldest(Kind kind) {
  const auto at = std::ranges::find(messages_, kind, &Message::kind);
  if (at == messages_.end()) return false;
  bytes_ -= BytesOf(*at);
  messages_.erase(at);
  return true;
}

UnackedQueue::Room UnackedQueue::MakeRoom(std::size_t bytes, Kind kind) {
  Room room;
  const std::size_t wanted = bytes + kUnackedOverhead;
  while (bytes_ + wanted > kUnackedBytesMax && DropOldest(Kind::kUpdate))
    room.updates_dropped = true;
  if (kind != Kind::kUpdate) {
    while (bytes_ + wanted > kUnackedBytesMax && DropOldest(Kind::kResult)) continue;
  }
  room.fits = kind != Kind::kUpdate || bytes_ + wanted <= kUnackedBytesMax;
  return room;
}

UnackedQueue::Message* UnackedQueue::Find(MessageId id) {
  const auto at = std::ranges::lower_bound(messages_, id, {}, &Message::id);
  return at != messages_.end() && at->id == id ? &*at : nullptr;
}

UnackedQueue::Message* UnackedQueue::FindAnswer(MessageId query) {
  const auto at = std::ranges::find_if(messages_, [&](const Message& message) {
    return message.kind == Kind::kResult && message.query == query;
  });
  return at != messages_.end() ? &*at : nullptr;
}

void UnackedQueue::Acknowledge(std::span<const std::int64_t> ids) {
  if (messages_.empty()) return;
  bool any = false;
  for (const std::int64_t id : ids) {
    Message* const message = Find(MessageId(id));
    if (message == nullptr) continue;
    message->acknowledged = true;
    any = true;
  }
  if (any) Drop([](const Message& message) { return message.acknowledged; });
}

std::vector<Bytes> UnackedQueue::TakeUpdates() {
  std::vector<Bytes> updates;
  for (Message& message : messages_) {
    if (message.kind != Kind::kUpdate || message.acknowledged) continue;
    updates.push_back(message.body);
    message.acknowledged = true;
  }
  Drop([](const Message& message) { return message.acknowledged; });
  return updates;
}

void UnackedQueue::Remove(MessageId id) {
  Drop([&](const Message& message) { return message.id == id; });
}

bool UnackedQueue::DropBefore(MessageId id) {
  if (messages_.empty() || messages_.front().id >= id) return false;
  return Drop([&](const Message& message) { return message.id < id; });
}

}  // namespace trunkline::mtproto

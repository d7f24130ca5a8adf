// The client's message ids that one session has accepted lately: what makes a duplicate
// recognisable. Every id is a multiple of 4, so the two low bits tell what became of the message.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"

namespace trunkline::mtproto {

class SeenWindow {
 public:
  enum Mark : std::uint64_t { kQuery = 1, kAnswered = 2 };

  // Below this nothing is known any more: a message could be an old one sent again.
  bool Forgotten(MessageId id) const { return id.value() <= forgotten_; }
  bool Contains(MessageId id) const { return Find(id) != nullptr; }
  // The marks of an id that Contains; 0 for others.
  std::uint64_t MarksOf(MessageId id) const;

  // `id` is a multiple of 4, not contained and not forgotten.
  void Add(MessageId id);
  void SetMark(MessageId id, Mark mark);
  // For a message that was refused after all.
  void Remove(MessageId id);
  // Drops ids up to `oldest`, which the age rule refuses anyway, and gives memory back.
  void Forget(MessageId oldest);

  // 0 when empty.
  MessageId Highest() const { return MessageId(ids_.empty() ? 0 : IdOf(ids_.back())); }
  MessageId Lowest() const { return MessageId(ids_.empty() ? 0 : IdOf(ids_.front())); }
  std::size_t size() const { return ids_.size(); }

 private:
  static std::int64_t IdOf(std::uint64_t entry) {
    return static_cast<std::int64_t>(entry & ~std::uint64_t{3});
  }
  const std::uint64_t* Find(MessageId id) const;

  std::vector<std::uint64_t> ids_;  // ascending
  std::int64_t forgotten_ = 0;
};

}  // namespace trunkline::mtproto

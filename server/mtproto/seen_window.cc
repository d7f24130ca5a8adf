#include "server/mtproto/seen_window.h"

#include <algorithm>

#include "server/mtproto/session_limits.h"

namespace trunkline::mtproto {

// Nearly every question is about the newest id, or about one that is newer still.
const std::uint64_t* SeenWindow::Find(MessageId id) const {
  const auto wanted = static_cast<std::uint64_t>(id.value());
  if (ids_.empty() || wanted > (ids_.back() | 3)) return nullptr;
  if (IdOf(ids_.back()) == id.value()) return &ids_.back();
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), wanted);
  return at != ids_.end() && IdOf(*at) == id.value() ? &*at : nullptr;
}

std::uint64_t SeenWindow::MarksOf(MessageId id) const {
  const std::uint64_t* const entry = Find(id);
  return entry == nullptr ? 0 : *entry & 3;
}

void SeenWindow::Add(MessageId id) {
  const auto entry = static_cast<std::uint64_t>(id.value());
  const bool newest = ids_.empty() || entry > ids_.back();
  ids_.insert(newest ? ids_.end() : std::lower_bound(ids_.begin(), ids_.end(), entry), entry);
  if (ids_.size() <= kSeenMax) return;
  forgotten_ = std::max(forgotten_, IdOf(ids_[kSeenDropped - 1]));
  ids_.erase(ids_.begin(), ids_.begin() + kSeenDropped);
}

void SeenWindow::SetMark(MessageId id, Mark mark) {
  const std::uint64_t* const entry = Find(id);
  if (entry != nullptr) ids_[static_cast<std::size_t>(entry - ids_.data())] |= mark;
}

void SeenWindow::Remove(MessageId id) {
  const std::uint64_t* const entry = Find(id);
  if (entry != nullptr) ids_.erase(ids_.begin() + (entry - ids_.data()));
}

void SeenWindow::Forget(MessageId oldest) {
  const auto end =
      std::upper_bound(ids_.begin(), ids_.end(), static_cast<std::uint64_t>(oldest.value()) | 3);
  if (end != ids_.begin()) {
    forgotten_ = std::max(forgotten_, IdOf(*(end - 1)));
    ids_.erase(ids_.begin(), end);
  }
  if (ids_.capacity() > kSeenIdleMax && ids_.capacity() > 2 * ids_.size()) ids_.shrink_to_fit();
}

}  // namespace trunkline::mtproto

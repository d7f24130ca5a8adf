// What must happen at which time, in order, with the same undo as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "server/book/table.h"

namespace trunkline::book {

struct Deadline {
  enum class Kind : std::uint8_t { kCall, kCode, kTempKey };

  std::int64_t at_ms = 0;
  Kind kind = Kind::kCall;
  std::int64_t id = 0;  // call id, phone number as PhoneKey, key id

  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};

class Deadlines final : public Undoable {
 public:
  explicit Deadlines(Group* group) : group_(group) {}

  // at_ms 0 means none, in both arguments.
  void Move(Deadline::Kind kind, std::int64_t id, std::int64_t from_ms, std::int64_t to_ms) {
    if (from_ms == to_ms) return;
    if (from_ms != 0) Change(Deadline{from_ms, kind, id}, false);
    if (to_ms != 0) Change(Deadline{to_ms, kind, id}, true);
  }
  std::optional<Deadline> First() const {
    if (queue_.empty()) return std::nullopt;
    return *queue_.begin();
  }
  std::size_t size() const { return queue_.size(); }

  void Commit() override { changes_.clear(); }
  void Rollback() override {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
      if (change->second) {
        queue_.erase(change->first);
      } else {
        queue_.insert(change->first);
      }
    }
    changes_.clear();
  }

 private:
  void Change(const Deadline& deadline, bool insert) {
    const bool changed = insert ? queue_.insert(deadline).second : queue_.erase(deadline) != 0;
    if (!changed) return;
    if (changes_.empty()) group_->Add(this);
    changes_.emplace_back(deadline, insert);
  }

  Group* group_;
  absl::btree_set<Deadline> queue_;
  std::vector<std::pair<Deadline, bool>> changes_;
};

}  // namespace trunkline::book

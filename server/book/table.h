// Maps whose changes since the last commit can be undone. A group of steps either reaches the disk
// whole or never happened; the tables remember what each touched value was when the group began.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "common/check.h"

namespace trunkline::book {

class Undoable {
 public:
  virtual void Commit() = 0;
  virtual void Rollback() = 0;

 protected:
  ~Undoable() = default;
};

// The changed things of the present group.
class Group {
 public:
  std::uint32_t number() const { return number_; }
  void Add(Undoable* changed) { changed_.push_back(changed); }
  void Commit() {
    for (Undoable* changed : changed_) changed->Commit();
    Next();
  }
  void Rollback() {
    for (Undoable* changed : changed_) changed->Rollback();
    Next();
  }

 private:
  void Next() {
    changed_.clear();
    ++number_;
  }

  std::uint32_t number_ = 1;
  std::vector<Undoable*> changed_;
};

// A pointer stays valid until its own entry is erased or the group is rolled back; other entries
// may come and go.
template <class Key, class T>
class Table final : public Undoable {
 public:
  explicit Table(Group* group) : group_(group) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  std::size_t size() const { return map_.size(); }

  const T* Find(const Key& key) const {
    const auto at = map_.find(key);
    return at == map_.end() ? nullptr : &at->second.value;
  }
  // nullptr when absent.
  T* Mutable(const Key& key) {
    const auto at = map_.find(key);
    if (at == map_.end()) return nullptr;
    Touch(key, at->second);
    return &at->second.value;
  }
  // Absent: an empty value first.
  T& MutableOrNew(const Key& key) {
    const auto [at, inserted] = map_.try_emplace(key);
    if (inserted) {
      Remember(key, std::nullopt);
      at->second.group = group_->number();
    } else {
      Touch(key, at->second);
    }
    return at->second.value;
  }
  // Replaces what was there.
  T& Insert(const Key& key, T value) {
    T& slot = MutableOrNew(key);
    slot = std::move(value);
    return slot;
  }
  void Erase(const Key& key) {
    const auto at = map_.find(key);
    if (at == map_.end()) return;
    Remember(key, std::move(at->second.value));
    map_.erase(at);
  }
  // Between groups only: no way back.
  void Drop(const Key& key) {
    CHECK(before_.empty());
    map_.erase(key);
  }

  template <class Visit>
  void ForEach(Visit visit) const {
    for (const auto& [key, slot] : map_) visit(key, slot.value);
  }

  void Commit() override { before_.clear(); }
  void Rollback() override {
    for (auto change = before_.rbegin(); change != before_.rend(); ++change) {
      if (change->second) {
        map_[change->first].value = std::move(*change->second);
      } else {
        map_.erase(change->first);
      }
    }
    before_.clear();
  }

 private:
  struct Slot {
    T value{};
    std::uint32_t group = 0;  // the last group that changed it: its value before is remembered
  };

  void Touch(const Key& key, Slot& slot) {
    if (slot.group == group_->number()) return;
    Remember(key, slot.value);
    slot.group = group_->number();
  }
  void Remember(const Key& key, std::optional<T> value) {
    if (before_.empty()) group_->Add(this);
    before_.emplace_back(key, std::move(value));
  }

  Group* group_;
  absl::node_hash_map<Key, Slot> map_;
  std::vector<std::pair<Key, std::optional<T>>> before_;  // in the order of the changes
};

// A number that only grows, with the same undo.
class HighMark final : public Undoable {
 public:
  explicit HighMark(Group* group) : group_(group) {}

  std::uint64_t value() const { return value_; }
  void Raise(std::uint64_t to) {
    if (to <= value_) return;
    if (!before_) {
      group_->Add(this);
      before_ = value_;
    }
    value_ = to;
  }

  void Commit() override { before_.reset(); }
  void Rollback() override { value_ = *std::exchange(before_, std::nullopt); }

 private:
  Group* group_;
  std::uint64_t value_ = 0;
  std::optional<std::uint64_t> before_;
};

}  // namespace trunkline::book

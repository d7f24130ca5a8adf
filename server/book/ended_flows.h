// What relays counted for calls, on its way into the journal: it waits here until a group of the
// book has taken it and is committed. Pure; a part of the relay desk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "server/book/fact.h"

namespace trunkline::book {

class EndedFlows {
 public:
  // While the disk takes nothing; what comes then is lost.
  static constexpr std::size_t kWaitingMax = 16'384;
  static constexpr std::size_t kGroupMax = 256;

  // false: too many wait.
  bool Add(fact::CallRelayed flow) {
    if (waiting_.size() >= kWaitingMax) return false;
    waiting_.push_back(std::move(flow));
    return true;
  }
  // Of the present group; once a group.
  std::vector<fact::CallRelayed> Take() {
    taken_ = std::min(waiting_.size(), kGroupMax);
    return {waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken_)};
  }
  bool empty() const { return waiting_.empty(); }

  void Commit() {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  void Rollback() { taken_ = 0; }

 private:
  std::deque<fact::CallRelayed> waiting_;
  std::size_t taken_ = 0;  // of the first ones, by the present group
};

}  // namespace trunkline::book

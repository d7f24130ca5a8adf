// The outputs of a step, first in, first out.
#pragma once

#include <utility>
#include <vector>

#include "server/mtproto/engine.h"

namespace trunkline::mtproto {

class Outputs {
 public:
  template <class T>
  void Add(T output) {
    queue_.emplace_back(std::move(output));
  }
  bool Take(Output& output) {
    if (next_ == queue_.size()) return false;
    output = std::move(queue_[next_++]);
    if (next_ == queue_.size()) {
      queue_.clear();
      next_ = 0;
    }
    return true;
  }
  bool empty() const { return queue_.empty(); }

 private:
  std::vector<Output> queue_;
  std::size_t next_ = 0;
};

}  // namespace trunkline::mtproto

// How many connections there may be, in all and from one address. Asked once per accepted
// connection, by any link thread.
#pragma once

#include <cstddef>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "common/address_key.h"

namespace trunkline::io {

class Admission {
 public:
  Admission(std::size_t connections_max, std::size_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}

  // False: over a bound. Each true is paired with one Leave.
  bool Enter(const AddressKey& address) {
    const std::lock_guard lock(mutex_);
    if (connections_ >= connections_max_) return false;
    std::size_t& here = by_address_[address];
    if (here >= per_address_max_) return false;
    ++here;
    ++connections_;
    return true;
  }
  void Leave(const AddressKey& address) {
    const std::lock_guard lock(mutex_);
    const auto it = by_address_.find(address);
    if (it == by_address_.end()) return;
    --connections_;
    if (--it->second == 0) by_address_.erase(it);
  }

 private:
  const std::size_t connections_max_, per_address_max_;
  std::mutex mutex_;
  std::size_t connections_ = 0;
  absl::flat_hash_map<AddressKey, std::size_t> by_address_;
};

}  // namespace trunkline::io

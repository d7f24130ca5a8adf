// How many connections there may be, in all and from one address. Asked once per accepted
// connection, by any link thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "boost/asio/ip/address.hpp"

namespace trunkline::io {

// IPv4 mapped into IPv6. Of an IPv6 address only the first 64 bits count: one subscriber has them
// all.
using AddressKey = std::array<std::uint8_t, 16>;

inline AddressKey KeyOf(const boost::asio::ip::address& address) {
  AddressKey key{};
  if (address.is_v4()) {
    key[10] = key[11] = 0xff;
    const auto bytes = address.to_v4().to_bytes();
    std::memcpy(key.data() + 12, bytes.data(), bytes.size());
    return key;
  }
  const auto v6 = address.to_v6();
  const auto bytes = v6.to_bytes();
  std::memcpy(key.data(), bytes.data(), v6.is_v4_mapped() ? 16 : 8);
  return key;
}

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

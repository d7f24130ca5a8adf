// Whom an address stands for, where so many of something are allowed to each.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "boost/asio/ip/address.hpp"

namespace trunkline {

// An IPv6 address; IPv4 is mapped into it. Of IPv6 proper only the first 64 bits count, the others
// are zeros: one subscriber has them all.
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

}  // namespace trunkline

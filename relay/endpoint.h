// Where a packet came from and where its answer goes, apart from sockets.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace trunkline::relay {

enum class Transport : std::uint8_t { kNone, kUdp, kTcp };

using Ip = std::array<std::uint8_t, 16>;  // network order; IPv4 as ::ffff:a.b.c.d
inline constexpr std::array<std::uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0,    0,
                                                             0, 0, 0, 0, 0xff, 0xff};
inline constexpr Ip Ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}
inline constexpr bool IsIpv4(const Ip& ip) {
  for (std::size_t i = 0; i < kIpv4Prefix.size(); ++i) {
    if (ip[i] != kIpv4Prefix[i]) return false;
  }
  return true;
}

struct Endpoint {
  Ip ip{};
  std::uint32_t connection = 0;  // TCP: the shell's number for it, never reused; UDP: 0
  std::uint16_t port = 0;        // host order
  Transport transport = Transport::kNone;
  std::uint8_t local = 0;  // UDP: which of the relay's own addresses was contacted, as the shell
                           // counts them; answers leave from there
  friend bool operator==(const Endpoint& a, const Endpoint& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  }
};
static_assert(sizeof(Endpoint) == 24 && std::has_unique_object_representations_v<Endpoint>);

}  // namespace trunkline::relay

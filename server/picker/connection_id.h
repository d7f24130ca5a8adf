// What phone.discardCall's connection_id says about the entries that were offered: the id of the
// relay that libtgvoip preferred, perhaps with a mark XORed in for TCP and IPv6. 0 says nothing.
#pragma once

#include <cstdint>

#include "server/picker/types.h"

namespace trunkline::picker {

inline constexpr std::int64_t kTcpMark = 0x5443'5000'0000'0000;   // "TCP\0"
inline constexpr std::int64_t kIpv6Mark = 0x4950'7636'0000'0000;  // "IPv6"
// The library's own clean-up takes "TCP " away, which leaves this bit set.
inline constexpr std::int64_t kCleanedTcp = 0x20'0000'0000;

struct ConnectionHint {
  enum class Kind : std::uint8_t { kNone, kOffered, kForeign } kind = Kind::kNone;
  std::int8_t index = -1;  // in the offer, when kOffered
  bool tcp = false, ipv6 = false;
};

ConnectionHint ReadConnectionId(std::int64_t connection_id, const Offer& offer);

}  // namespace trunkline::picker

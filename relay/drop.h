// Why a packet was dropped. Each reason is a counter; nothing is logged per packet.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace trunkline::relay {

enum class Drop : std::uint8_t {
  kNone,            // not dropped
  kShort,           // shorter than anything that is valid
  kOversized,       // longer than a client accepts
  kMalformed,       // a special packet that isn't known, or a length that doesn't fit
  kStunOff,         // raw STUN, and answering is switched off or not asked for
  kStunRate,        // raw STUN, too often from one source
  kBadTag,          // forged, or of a key that isn't known
  kBadTagBudget,    // not even looked at: the source has sent too many bad tags
  kExpired,         // a new call or side with a tag whose time has passed
  kDenied,          // a call that the operator has cut
  kSessionsFull,    // a new call beyond the cap
  kOverloaded,      // a new call while the relay carries more than it may
  kNewSessionRate,  // a new call, too many from one network
  kTooManyPorts,    // a side with more random tags than are kept
  kNoPeer,          // the other side isn't there (yet)
  kPacketRate,      // the side sends more packets or bytes than a call may
  kByteCap,         // the call has had its share of bytes
  kUnvalidated,     // the destination hasn't shown that it wants this much
  kPeerInfo,        // asked for the peer's address where direct connections aren't allowed
  kKeepAlive,       // taken, needs no answer; not a fault
  kCount,
};
inline constexpr std::size_t kDropCount = static_cast<std::size_t>(Drop::kCount);

// For metrics and traces.
inline constexpr std::array<std::string_view, kDropCount> kDropNames = {
    "none",          "short",      "oversized",        "malformed",      "stun_off",
    "stun_rate",     "bad_tag",    "bad_tag_budget",   "expired",        "denied",
    "sessions_full", "overloaded", "new_session_rate", "too_many_ports", "no_peer",
    "packet_rate",   "byte_cap",   "unvalidated",      "peer_info",      "keep_alive"};
inline constexpr std::string_view DropName(Drop drop) {
  return kDropNames[static_cast<std::size_t>(drop)];
}
// Whether the packet carried a genuine tag, whatever became of it.
inline constexpr bool IsGenuine(Drop drop) {
  switch (drop) {
    case Drop::kNone:
    case Drop::kNoPeer:
    case Drop::kPacketRate:
    case Drop::kByteCap:
    case Drop::kUnvalidated:
    case Drop::kPeerInfo:
    case Drop::kKeepAlive:
      return true;
    default:
      return false;
  }
}

}  // namespace trunkline::relay

// One call as a reflector sees it: two sides, each with the ports through which it is reached.
// Times are milliseconds of the shell's steady clock modulo 2^32; a call lives much shorter.
#pragma once

#include <array>
#include <cstdint>

#include "relay/endpoint.h"
#include "relay/rate.h"
#include "relay/tag.h"

namespace trunkline::relay {

inline constexpr std::uint32_t kNoIndex = 0xffffffff;

// One way to a side. libtgvoip has one over UDP and may have one over TCP, both with the tail of
// the issued tag; tgcalls has one for each random tag that it drew.
struct Port {
  Endpoint at;
  std::uint32_t tail = 0;
  std::uint32_t next = kNoIndex;  // of the same side; or of the free list
  std::uint32_t seen_ms = 0;      // last packet from `at`
  std::uint32_t bound_ms = 0;     // since when it is at `at`
  // A STUN request on its way to this port: what a success response must quote, and since when.
  std::uint64_t check = 0;
  std::uint32_t check_us = 0;
  bool check_pending = false;
  bool validated = false;  // whoever is at `at` has shown that it gets what is sent there
  bool reached = false;    // something was forwarded to `at`
  std::uint8_t heard = 0;  // data packets from `at`, saturating
  // Until it is validated: bytes that may still be sent, three times what came from it.
  std::uint32_t credit = 0;
  std::uint32_t data_ms = 0;  // last packet from `at` that wasn't a ping; while heard is 0: none
};
static_assert(sizeof(Port) == 64);

// Round trip between the relay and one side, from the checks that cross the relay.
struct LegQuality {
  std::uint32_t rtt_mean_us = 0;  // moving average, weight 1/8
  std::uint32_t rtt_min_us = 0;
  std::uint32_t answered = 0;
  std::uint32_t lost = 0;
};

struct SideState {
  Tag tag{};
  std::uint32_t first_port = kNoIndex;
  std::uint8_t ports = 0;
  std::uint8_t moves = 0;  // within the minute that began at moves_from_ms
  bool moved = false;      // moved_ms says when
  std::uint32_t moves_from_ms = 0, moved_ms = 0;

  // Where a port may be going: another address that has begun to speak for it.
  std::uint32_t candidate_port = kNoIndex;
  std::uint32_t candidate_ms = 0;
  Endpoint candidate;

  // What was forwarded from this side to the other.
  std::uint64_t bytes = 0;
  std::uint32_t packets = 0;
  std::uint32_t hellos = 0;  // pings answered
  std::uint32_t first_ms = 0, last_ms = 0;
  TokenBucket packet_bucket, byte_bucket;
  LegQuality leg;
};

struct Session {
  CallKey key = 0;
  std::uint32_t began_ms = 0;
  std::uint32_t next_free = kNoIndex;
  bool live = false;
  bool p2p_allowed = false;
  std::array<SideState, 2> sides;

  SideState& side(Side which) { return sides[static_cast<std::size_t>(which)]; }
};

}  // namespace trunkline::relay

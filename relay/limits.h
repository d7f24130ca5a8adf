// What a reflector allows. Every figure is a setting of the operator's; rates are per second.
#pragma once

#include <cstdint>

namespace trunkline::relay {

// A client accepts no more, and the relay neither cuts nor joins.
inline constexpr std::size_t kPacketBytesMax = 1500;
// An answer may be longer than its question: buffers have room for any.
inline constexpr std::size_t kBufferBytes = 2048;
// One random tag per network interface and address family of a client.
inline constexpr std::uint8_t kPortsPerSideMax = 8;

struct Rate {
  float per_second = 0;
  float burst = 0;
};

struct Limits {
  std::uint32_t sessions_max = 20'000;
  Rate packets{1'000, 1'000};                   // of one side of a call
  Rate bytes{500'000, 500'000};                 // likewise: 4 Mbit/s
  std::uint64_t session_bytes = 4'000'000'000;  // of one call, both ways
  float relay_bytes_per_second = 0;             // above this no new calls are taken; 0: any

  Rate bad_tags{20, 40};         // of one source: an IPv4 address, an IPv6 /64
  Rate new_sessions{100, 400};   // of one network: an IPv4 /24, an IPv6 /56
  std::uint32_t sources = 4096;  // whose budgets are remembered, at most; of each kind
  bool answer_stun = true;
  Rate stun{10, 20};  // of one source

  // Milliseconds. Clients keep a binding alive every 10 s.
  std::uint32_t idle_ms = 60'000;
  std::uint32_t session_ms_max = 24 * 3'600'000;

  // A side that appears at another address (see MayMove in reflector_ports.cc).
  std::uint32_t move_seen_ms = 150;     // how long it must have been there
  std::uint32_t move_silent_ms = 1000;  // and how long the old one must have been silent
  std::uint32_t move_pause_ms = 1000;   // between two moves of one side
  std::uint8_t moves_per_minute = 10;
};

}  // namespace trunkline::relay

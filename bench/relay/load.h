// Voice packets from the callers to the callees of calls that are open, and what forwarding them
// cost.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "bench/relay/ways.h"

namespace trunkline::bench {

struct LoadOptions {
  std::uint32_t calls = 1;
  // One of the two: so many packets under way at any time, or an open loop at this rate.
  std::uint32_t window = 0;
  double packets_per_second = 0;
  double seconds = 2;
  pid_t relay = 0;  // whose CPU time is read
};

struct LoadResult {
  std::uint64_t sent = 0, received = 0;
  double seconds = 0, packets_per_second = 0;
  double relay_ns_per_packet = 0, relay_share = 0;  // of one CPU
  double load_share = 0;
  double p50_us = 0, p99_us = 0;  // from the caller's send to the callee's receive
};

// After three tenths of a second to warm up.
LoadResult RunLoad(Wire& caller, Wire& callee, Way& way, const LoadOptions& options);

}  // namespace trunkline::bench

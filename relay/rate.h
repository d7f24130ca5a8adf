// Token buckets: one, and a table of them by source address.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "relay/endpoint.h"
#include "relay/limits.h"

namespace trunkline::relay {

// A bucket that was never used is full.
struct TokenBucket {
  float missing = 0;  // of the burst
  std::uint32_t at_ms = 0;

  void Refill(const Rate& rate, std::uint32_t now_ms) {
    const float gained = static_cast<float>(now_ms - at_ms) * rate.per_second / 1000;
    missing = std::max(0.0f, missing - gained);
    at_ms = now_ms;
  }
  bool Take(float cost, const Rate& rate, std::uint32_t now_ms) {
    Refill(rate, now_ms);
    if (missing + cost > rate.burst) return false;
    missing += cost;
    return true;
  }
};

// Budgets of sources in a table of fixed size. Two sources that fall on one entry displace each
// other, which forgets what the first had spent: it can let a stranger through, never lock out a
// client. `seed` keeps others from choosing who falls where.
class SourceBudgets {
 public:
  // Sources are told apart by the first `ipv4_bits` or `ipv6_bits` of their address, 8 at a time.
  SourceBudgets(std::uint64_t seed, std::size_t entries, unsigned ipv4_bits, unsigned ipv6_bits)
      : seed_(seed),
        ipv4_bytes_(12 + ipv4_bits / 8),
        ipv6_bytes_(ipv6_bits / 8),
        entries_(entries) {}

  bool Take(const Ip& ip, const Rate& rate, std::uint32_t now_ms) {
    return EntryOf(ip).bucket.Take(1, rate, now_ms);
  }
  // Whether a Take would succeed.
  bool Has(const Ip& ip, const Rate& rate, std::uint32_t now_ms) {
    TokenBucket copy = EntryOf(ip).bucket;
    return copy.Take(1, rate, now_ms);
  }

 private:
  struct Entry {
    std::uint32_t mark = 0;
    TokenBucket bucket;
  };

  Entry& EntryOf(const Ip& ip);

  std::uint64_t seed_;
  std::size_t ipv4_bytes_, ipv6_bytes_;
  std::vector<Entry> entries_;
};

}  // namespace trunkline::relay

// A cheap bijection that spreads bits (the finaliser of splitmix64), for tables in memory only.
#pragma once

#include <cstdint>

#include "common/bytes.h"

namespace trunkline::relay {

inline std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace trunkline::relay

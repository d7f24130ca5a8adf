// A cheap bijection that spreads bits (the finaliser of splitmix64), for tables in memory and for
// drawing on; worth nothing against whoever sees its results.
#pragma once

#include <cstdint>

namespace trunkline {

inline std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace trunkline

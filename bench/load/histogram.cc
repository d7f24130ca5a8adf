#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace trunkline::load {

// Values below 2^(kFineBits + 1) have a bucket each; above, each power of two has 2^kFineBits.
std::size_t Histogram::BucketOf(std::uint64_t ns) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(ns)) - kFineBits - 1);
  return (static_cast<std::size_t>(shift) << kFineBits) + static_cast<std::size_t>(ns >> shift);
}

std::uint64_t Histogram::EndOf(std::size_t bucket) {
  const std::size_t shift = bucket < (2u << kFineBits) ? 0 : (bucket >> kFineBits) - 1;
  return ((bucket - (shift << kFineBits) + 1) << shift) - 1;
}

void Histogram::Record(std::chrono::nanoseconds duration) {
  constexpr std::int64_t kMax = (std::int64_t{1} << kBitsMax) - 1;
  const auto ns =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(duration.count(), std::int64_t{0}, kMax));
  ++counts_[BucketOf(ns)];
  ++count_;
  max_ = std::max(max_, ns);
}

std::chrono::nanoseconds Histogram::Percentile(double percent) const {
  const auto wanted =
      static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) {
      return std::chrono::nanoseconds(std::min(EndOf(bucket), max_));
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace trunkline::load

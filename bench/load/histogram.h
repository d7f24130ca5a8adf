// Counts of durations in buckets a sixty-fourth of their value wide, so that a percentile is off by
// less than 1.6 % whatever its size, and recording costs nothing that disturbs what is measured.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace trunkline::load {

class Histogram {
 public:
  // Negative counts as zero, more than 36 minutes as 36 minutes.
  void Record(std::chrono::nanoseconds duration);
  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds max() const { return std::chrono::nanoseconds(max_); }
  // The smallest value that at least `percent` of those recorded don't exceed, rounded up to its
  // bucket's end, never above max(); zero when nothing was recorded.
  std::chrono::nanoseconds Percentile(double percent) const;

 private:
  static constexpr int kFineBits = 6;
  static constexpr int kBitsMax = 41;  // of a duration: 2^41 ns

  static std::size_t BucketOf(std::uint64_t ns);
  static std::uint64_t EndOf(std::size_t bucket);

  std::array<std::uint64_t, (kBitsMax - kFineBits + 1) << kFineBits> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace trunkline::load

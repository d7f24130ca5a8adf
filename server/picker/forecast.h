// How long calls last, as learned from those that ended, and from it when a draining relay is
// empty.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/time.h"

namespace trunkline::picker {

class DurationCurve {
 public:
  DurationCurve();
  void Add(Duration duration);
  // Share of the calls that last longer than `age`: 1 at 0, falling, never quite 0 below a day.
  double Survival(Duration age) const;

 private:
  static constexpr std::size_t kBuckets =
      34;                               // half octaves from a second; the last holds the rest
  std::array<double, kBuckets> calls_;  // old ones fade
  double total_ = 0;
};

struct DrainForecast {
  Duration likely{};  // even odds that nobody is left
  Duration surely{};  // nineteen times out of twenty
};

// `ages` of the calls that are still there. No call outlasts kDrainHorizon.
inline constexpr Duration kDrainHorizon = std::chrono::hours(24);
DrainForecast ForecastEmpty(std::span<const Duration> ages, const DurationCurve& curve);

}  // namespace trunkline::picker

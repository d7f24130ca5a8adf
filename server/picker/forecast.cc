#include "server/picker/forecast.h"

#include <algorithm>
#include <cmath>

namespace trunkline::picker {
namespace {

// Before calls have ended: an exponential of three minutes, worth this many calls.
constexpr double kPriorCalls = 20, kPriorSeconds = 180;
// A call counts for half after so many more.
constexpr double kFade = 0.9999;  // 6,931 calls

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double BucketEnd(std::size_t bucket) {
  return std::exp2(0.5 * static_cast<double>(bucket));
}

// Even odds that all are gone when the product of the odds is a half.
double AllGone(std::span<const Duration> ages, const DurationCurve& curve, Duration ahead) {
  double odds = 1;
  for (const Duration age : ages) {
    const double now = curve.Survival(age);
    if (now > 0) odds *= 1 - curve.Survival(age + ahead) / now;
  }
  return odds;
}

Duration Until(double odds, std::span<const Duration> ages, const DurationCurve& curve) {
  Duration low{}, high = kDrainHorizon;
  while (high - low > std::chrono::seconds(1)) {
    const Duration middle = (low + high) / 2;
    (AllGone(ages, curve, middle) >= odds ? high : low) = middle;
  }
  return high;
}

}  // namespace

DurationCurve::DurationCurve() {
  double before = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const double until = i + 1 < kBuckets ? BucketEnd(i) : INFINITY;
    calls_[i] =
        kPriorCalls * (std::exp(-before / kPriorSeconds) - std::exp(-until / kPriorSeconds));
    before = until;
    total_ += calls_[i];
  }
}

void DurationCurve::Add(Duration duration) {
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && Seconds(duration) >= BucketEnd(bucket)) ++bucket;
  for (double& calls : calls_) calls *= kFade;
  total_ = total_ * kFade + 1;
  calls_[bucket] += 1;
}

double DurationCurve::Survival(Duration age) const {
  const double seconds = Seconds(age);
  if (seconds >= Seconds(kDrainHorizon)) return 0;
  double longer = 0, begin = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const double end = i + 1 < kBuckets ? BucketEnd(i) : Seconds(kDrainHorizon);
    const double left = std::clamp((end - seconds) / (end - begin), 0.0, 1.0);
    longer += calls_[i] * left;
    begin = end;
  }
  return longer / total_;
}

DrainForecast ForecastEmpty(std::span<const Duration> ages, const DurationCurve& curve) {
  if (ages.empty()) return {};
  return {Until(0.5, ages, curve), Until(0.95, ages, curve)};
}

}  // namespace trunkline::picker

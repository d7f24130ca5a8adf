#include "server/picker/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace trunkline::picker {
namespace {

// Before calls have ended: an exponential of three minutes, worth this many calls.
constexpr double kPriorCalls = 20, kPriorSeconds = 180;
// A call counts for half after so many more.
constexpr double kFade = 0.9999;  // 6,931 calls
constexpr std::size_t kCohortsMax = 34;

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double BucketEnd(std::size_t bucket) {
  return std::exp2(0.5 * static_cast<double>(bucket));
}

// Calls of about one age.
struct Cohort {
  Duration age{};
  double calls = 0;
};

// So many at most, whatever the number of calls: the curve tells ages apart by half octaves.
std::vector<Cohort> CohortsOf(std::span<const Duration> ages) {
  std::vector<Cohort> cohorts;
  if (ages.size() <= kCohortsMax) {
    for (const Duration age : ages) cohorts.push_back({age, 1});
    return cohorts;
  }
  std::array<double, kCohortsMax> calls{}, seconds{};
  for (const Duration age : ages) {
    const double octaves = std::log2(std::max(Seconds(age), 1.0));
    const auto at = std::min(static_cast<std::size_t>(2 * octaves), kCohortsMax - 1);
    calls[at] += 1;
    seconds[at] += Seconds(age);
  }
  for (std::size_t i = 0; i < kCohortsMax; ++i) {
    if (calls[i] == 0) continue;
    const auto mean = std::chrono::duration<double>(seconds[i] / calls[i]);
    cohorts.push_back({std::chrono::duration_cast<Duration>(mean), calls[i]});
  }
  return cohorts;
}

// Even odds that all are gone when the product of the odds is a half.
double AllGone(std::span<const Cohort> cohorts, const DurationCurve& curve, Duration ahead) {
  double odds = 1;
  for (const Cohort& cohort : cohorts) {
    const double now = curve.Survival(cohort.age);
    if (now <= 0) continue;
    odds *= std::pow(1 - curve.Survival(cohort.age + ahead) / now, cohort.calls);
  }
  return odds;
}

Duration Until(double odds, std::span<const Cohort> ages, const DurationCurve& curve) {
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
  const std::vector<Cohort> cohorts = CohortsOf(ages);
  return {Until(0.5, cohorts, curve), Until(0.95, cohorts, curve)};
}

}  // namespace trunkline::picker

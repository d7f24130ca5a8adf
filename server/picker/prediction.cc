#include "server/picker/prediction.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace trunkline::picker {
namespace {

constexpr float kEarthRadiusKm = 6'371;
constexpr float kMsPerKm = 0.01F;      // both ways through 100 km of fibre take a millisecond
constexpr float kPathStretch = 1.75F;  // real paths are 1.5 to 2 times as long
constexpr float kAccessMs = 12;        // the last mile of a client
constexpr float kUnknownPriorMs = 90;
constexpr float kLossPrior = 0.004F;
// A call of minutes tells its own loss well, but not that of the next one.
constexpr float kLossSamples = 6;
constexpr float kRecentSamples = 3;

// What a level adds to the uncertainty of the one above (standard deviation between its groups),
// and how much one sample of a group scatters around the group's mean: the levels below it and the
// noise.
struct Level {
  float between, scatter;
};
constexpr float kNoiseMs = 12;
constexpr Level kCountry{30, 28}, kNetwork{22, 16}, kPrefix{8, kNoiseMs};
constexpr float kWithoutPlaceMs = 60;  // `between` of the first level when geography knows nothing

constexpr float Square(float x) {
  return x * x;
}

// Abramowitz and Stegun 4.4.45: within 7e-5, half a kilometre on the ground.
float FastAcos(float x) {
  const float positive = std::min(std::fabs(x), 1.0F);
  const float angle =
      std::sqrt(1 - positive) *
      (1.5707288F + positive * (-0.2121144F + positive * (0.0742610F - positive * 0.0187293F)));
  return x < 0 ? std::numbers::pi_v<float> - angle : angle;
}

// Normal means with known variances: what is known about the group against what its parent says.
template <class Range>
void Refine(const Level& level, const Row* row, WallTime now, const Range& sites, Legs& legs) {
  const float between = Square(level.between);
  if (row == nullptr) {
    for (std::size_t i = sites.begin; i < sites.end; ++i) legs.variance[i] += between;
    return;
  }
  const float factor = row->FactorAt(now);
  const float per_sample = factor / Square(level.scatter);
  for (std::size_t i = sites.begin; i < sites.end; ++i) {
    const float prior = 1 / (legs.variance[i] + between);
    const float data = row->weight[i] * per_sample;
    const float variance = 1 / (prior + data);
    legs.rtt_ms[i] += data * variance * (row->rtt_ms[i] - legs.rtt_ms[i]);
    legs.variance[i] = variance;
    const float samples = row->weight[i] * factor;
    legs.loss[i] += samples / (samples + kLossSamples) * (row->loss[i] - legs.loss[i]);
  }
}

}  // namespace

std::uint64_t PrefixKey(const Client& client) {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::uint8_t* const at = client.address.data();
  const bool ipv4 = std::memcmp(at, kMapped, sizeof kMapped) == 0;
  std::uint64_t key = 0;
  const std::size_t from = ipv4 ? 12 : 0;
  for (std::size_t i = from; i < from + (ipv4 ? 3 : 6); ++i) key = key << 8 | at[i];
  if (ipv4) return key | std::uint64_t{1} << 62;
  return key == 0 ? 0 : key | std::uint64_t{1} << 63;
}

Prediction::Point Prediction::PointOf(const Place& place) {
  if (!place.known) return {};
  constexpr float kRadians = std::numbers::pi_v<float> / 180;
  const float latitude = place.latitude * kRadians, longitude = place.longitude * kRadians;
  return {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude),
          std::sin(latitude), 1};
}

// Without a place on either side: the length of a middling path.
float Prediction::PriorMs(const Point& a, const Point& b) {
  const float angle = FastAcos(a.x * b.x + a.y * b.y + a.z * b.z);
  const float prior = kAccessMs + angle * kEarthRadiusKm * kMsPerKm * kPathStretch;
  return a.known * b.known > 0 ? prior : kUnknownPriorMs;
}

void Prediction::SetSite(std::size_t site, const Place& place) {
  sites_[site] = PointOf(place);
  prefixes_.ForgetSite(site);
  networks_.ForgetSite(site);
  countries_.ForgetSite(site);
  recent_.ForgetSite(site);
}

Prediction::Groups Prediction::Find(const Client& client) {
  return {countries_.Find(client.country), networks_.Find(client.network),
          prefixes_.Find(PrefixKey(client)), recent_.Find(client.network)};
}

void Prediction::PredictSlow(const Client& client, const Groups& groups, WallTime now,
                             const Range& sites, Legs& legs) const {
  const Point here = PointOf(client.place);
  for (std::size_t i = sites.begin; i < sites.end; ++i) {
    legs.rtt_ms[i] = 0;
    legs.variance[i] = here.known * sites_[i].known > 0 ? 0 : Square(kWithoutPlaceMs);
    legs.loss[i] = kLossPrior;
  }
  Refine(kCountry, groups.country, now, sites, legs);
  Refine(kNetwork, groups.network, now, sites, legs);
  Refine(kPrefix, groups.prefix, now, sites, legs);
  for (std::size_t i = sites.begin; i < sites.end; ++i) {
    legs.rtt_ms[i] += PriorMs(here, sites_[i]);
  }
}

void Prediction::Predict(const Client& client, const Groups& groups, WallTime now,
                         const Range& sites, Legs& legs) const {
  PredictSlow(client, groups, now, sites, legs);
  if (const Row* const recent = groups.recent) {
    const float factor = recent->FactorAt(now);
    for (std::size_t i = sites.begin; i < sites.end; ++i) {
      const float samples = recent->weight[i] * factor;
      const float believed = samples / (samples + kRecentSamples);
      legs.rtt_ms[i] += believed * recent->rtt_ms[i];
      legs.loss[i] += believed * recent->loss[i];
    }
  }
  for (std::size_t i = sites.begin; i < sites.end; ++i) {
    legs.rtt_ms[i] = std::max(1.0F, legs.rtt_ms[i]);
    legs.loss[i] = std::max(0.0F, legs.loss[i]);
  }
}

// The tables are larger than the processor's caches: the rows of both are on their way from memory
// before the first is used.
void Prediction::PredictBoth(const Client& caller, const Client& callee, WallTime now,
                             std::size_t sites, Legs& caller_legs, Legs& callee_legs) {
  const Groups caller_groups = Find(caller), callee_groups = Find(callee);
  for (const Groups& groups : {caller_groups, callee_groups}) {
    for (const Row* const row : {groups.country, groups.network, groups.prefix, groups.recent}) {
      if (row != nullptr) row->Prefetch(sites);
    }
  }
  Predict(caller, caller_groups, now, {0, sites}, caller_legs);
  Predict(callee, callee_groups, now, {0, sites}, callee_legs);
}

void Prediction::Observe(const Client& client, std::size_t site, const LegSample& sample,
                         WallTime now) {
  const Point here = PointOf(client.place), there = sites_[site];
  const float prior = PriorMs(here, there);
  // Half of the straight way forgives a wrong place of the client.
  const float fastest =
      here.known * there.known > 0 ? (prior - kAccessMs) / kPathStretch / 2 : 0.0F;
  const float rtt = std::clamp(sample.rtt_ms, fastest, kRttMsMax);
  const float loss = std::clamp(sample.loss, 0.0F, 1.0F);
  const auto learn = [&](Rows& rows, std::uint64_t key) {
    if (key != 0) rows.FindOrAdd(key, now).Add(site, rtt - prior, loss, sample.samples, now);
  };
  learn(countries_, client.country);
  learn(networks_, client.network);
  learn(prefixes_, PrefixKey(client));
  // What the slow levels don't take in at once.
  if (client.network != 0) {
    PredictSlow(client, Find(client), now, {site, site + 1}, scratch_);
    recent_.FindOrAdd(client.network, now)
        .Add(site, rtt - scratch_.rtt_ms[site], loss - scratch_.loss[site], sample.samples, now);
  }
}

}  // namespace trunkline::picker

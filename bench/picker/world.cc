#include "bench/picker/world.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace trunkline::bench {
namespace {

constexpr float kMeanCallSeconds = 180;
constexpr float kStretch = 1.75F, kStretchSigma = 0.25F;
constexpr float kCongestedMs = 40, kCongestedLoss = 0.02F;

struct City {
  const char* name;
  float latitude, longitude;
};
// Where relays stand.
constexpr City kRegionCities[kRegions] = {
    {"Frankfurt", 50.1F, 8.7F},  {"London", 51.5F, -0.1F},      {"Virginia", 39.0F, -77.5F},
    {"California", 37.4F, -122}, {"Sao Paulo", -23.6F, -46.6F}, {"Mumbai", 19.1F, 72.9F},
    {"Singapore", 1.4F, 103.8F}, {"Tokyo", 35.7F, 139.7F},      {"Sydney", -33.9F, 151.2F},
    {"Johannesburg", -26.2F, 28}};

struct Metro {
  float latitude, longitude, millions;
};
// Where people are: one large agglomeration stands for a country.
constexpr Metro kMetros[] = {
    {52.5F, 13.4F, 40},  {48.9F, 2.3F, 35},  {51.5F, -0.1F, 40},   {40.4F, -3.7F, 25},
    {41.9F, 12.5F, 28},  {52.2F, 21, 20},    {50.5F, 30.5F, 20},   {55.8F, 37.6F, 60},
    {41, 29, 45},        {35.7F, 51.4F, 50}, {41.3F, 69.2F, 20},   {51.2F, 71.4F, 10},
    {30, 31.2F, 40},     {6.5F, 3.4F, 50},   {9, 38.7F, 25},       {-1.3F, 36.8F, 20},
    {-26.2F, 28, 25},    {24.7F, 46.7F, 20}, {33.3F, 44.4F, 20},   {28.6F, 77.2F, 120},
    {19.1F, 72.9F, 100}, {23.8F, 90.4F, 40}, {24.9F, 67, 45},      {13.8F, 100.5F, 30},
    {-6.2F, 106.8F, 80}, {14.6F, 121, 45},   {21, 105.8F, 35},     {3.1F, 101.7F, 15},
    {35.7F, 139.7F, 40}, {37.6F, 127, 25},   {22.3F, 114.2F, 20},  {-33.9F, 151.2F, 15},
    {-36.8F, 174.8F, 4}, {40.7F, -74, 60},   {34.1F, -118.2F, 50}, {43.7F, -79.4F, 20},
    {19.4F, -99.1F, 50}, {4.7F, -74.1F, 25}, {-23.6F, -46.6F, 80}, {-34.6F, -58.4F, 25}};
constexpr float kSpreadDegrees = 4;  // of a country around its middle

}  // namespace

float Kilometres(const picker::Place& a, const picker::Place& b) {
  constexpr float kRadians = std::numbers::pi_v<float> / 180;
  const float u = std::sin((b.latitude - a.latitude) * kRadians / 2);
  const float v = std::sin((b.longitude - a.longitude) * kRadians / 2);
  const float h = u * u + std::cos(a.latitude * kRadians) * std::cos(b.latitude * kRadians) * v * v;
  return 2 * 6371 * std::asin(std::sqrt(std::min(1.0F, h)));
}

picker::Place World::PlaceOf(std::size_t region) {
  return {kRegionCities[region].latitude, kRegionCities[region].longitude, true};
}

std::string World::NameOf(std::size_t region) {
  return kRegionCities[region].name;
}

World::World(std::uint64_t seed, std::size_t networks) : of_country_(std::size(kMetros)) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform;
  const auto lognormal = [&](float median, float sigma) {
    return median * std::exp(sigma * normal(random));
  };
  std::vector<float> millions;
  for (const Metro& metro : kMetros) millions.push_back(metro.millions);
  std::discrete_distribution<std::size_t> metro_of(millions.begin(), millions.end());
  std::vector<float> weights;
  for (std::size_t i = 0; i < networks; ++i) {
    // The first ones see to it that each country has two.
    const std::size_t country = i < 2 * std::size(kMetros) ? i / 2 : metro_of(random);
    const Metro& metro = kMetros[country];
    Network network;
    network.place = {std::clamp(metro.latitude + kSpreadDegrees * normal(random), -60.0F, 70.0F),
                     metro.longitude + kSpreadDegrees * normal(random), true};
    network.country = static_cast<std::uint16_t>(country);
    network.weight = lognormal(1, 1);
    weights.push_back(network.weight);
    of_country_[country].push_back(static_cast<std::uint16_t>(i));
    const float access = lognormal(12, 0.5F);
    auto& base = base_ms_.emplace_back();
    auto& congested = congested_.emplace_back();
    for (std::size_t region = 0; region < kRegions; ++region) {
      const float tromboning = uniform(random) < 0.125F ? -60 * std::log(1 - uniform(random)) : 0;
      congested[region] = uniform(random) < 0.1F;
      for (std::size_t domain = 0; domain < kDomainsPerRegion; ++domain) {
        base[region * kDomainsPerRegion + domain] =
            access + tromboning +
            Kilometres(network.place, PlaceOf(region)) / 100 * lognormal(kStretch, kStretchSigma);
      }
    }
    auto& prefixes = prefix_ms_.emplace_back();
    for (float& prefix : prefixes) prefix = std::fabs(4 * normal(random));
    evening_ms_.push_back(lognormal(6, 0.8F));
    evening_loss_.push_back(lognormal(0.004F, 0.8F));
    loss_.push_back(lognormal(0.001F, 0.7F));
    networks_.push_back(network);
  }
  pick_network_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
}

float World::Evening(std::size_t network, double now_s) const {
  const double local = std::fmod(now_s / 3600 + networks_[network].place.longitude / 15 + 48, 24);
  const double wave = std::cos((local - 21) * std::numbers::pi / 12);
  return wave <= 0 ? 0 : static_cast<float>(wave * wave * wave);
}

// 0.3 at night, 2 in the evening.
float World::Demand(std::size_t network, double now_s) const {
  const double local = std::fmod(now_s / 3600 + networks_[network].place.longitude / 15 + 48, 24);
  return static_cast<float>(1.15 + 0.85 * std::cos((local - 19) * std::numbers::pi / 12));
}

Path World::Leg(const Endpoint& client, std::size_t relay, double now_s) const {
  const std::size_t site = SiteOf(relay);
  const std::size_t i = client.network;
  const float evening = Evening(i, now_s);
  const bool congested = congested_[i][site / kDomainsPerRegion];
  const bool is_grey = relay == grey_.relay && now_s >= grey_.from_s && now_s < grey_.until_s;
  const float grey = is_grey ? grey_.loss : 0;
  return {base_ms_[i][site] + prefix_ms_[i][client.prefix] +
              evening * (evening_ms_[i] + (congested ? kCongestedMs : 0)),
          grey + loss_[i] + evening * (evening_loss_[i] + (congested ? kCongestedLoss : 0))};
}

Path World::Between(const Call& call, std::size_t relay, double now_s) const {
  const Path a = Leg(call.caller, relay, now_s), b = Leg(call.callee, relay, now_s);
  return {a.rtt_ms + b.rtt_ms, a.loss + b.loss - a.loss * b.loss};
}

Call World::Next(double after_s, double calls_per_second, std::mt19937_64& random) const {
  std::uniform_real_distribution<float> uniform;
  std::normal_distribution<float> normal;
  const auto endpoint = [&](std::size_t network) {
    return Endpoint{static_cast<std::uint16_t>(network),
                    static_cast<std::uint8_t>(random() % kPrefixesPerNetwork),
                    uniform(random) >= 0.07F};
  };
  Call call;
  std::size_t network = 0;
  double at = after_s;
  constexpr float kDemandMax = 2;
  // Thinning: moments at the highest rate, kept by how much of it there is.
  do {
    at += -std::log(1 - uniform(random)) / (calls_per_second * kDemandMax);
    network = pick_network_(random);
  } while (uniform(random) * kDemandMax > Demand(network, at));
  call.begin_s = at;
  call.caller = endpoint(network);
  const auto& at_home = of_country_[networks_[network].country];
  call.callee = endpoint(uniform(random) < 0.75F ? at_home[random() % at_home.size()]
                                                 : pick_network_(random));
  constexpr float kSigma = 1;
  call.seconds = kMeanCallSeconds * std::exp(kSigma * normal(random) - kSigma * kSigma / 2);
  const float kind = uniform(random);
  call.chooser = kind < 0.5F   ? Chooser::kLeastRtt
                 : kind < 0.8F ? Chooser::kFirst
                               : Chooser::kHysteresis;
  return call;
}

}  // namespace trunkline::bench

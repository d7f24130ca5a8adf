// A made-up Internet for the picker's simulation: relays, clients, and what is true between them.
//
// What it is made of (where no source is named, what such things usually are):
//   40 relays in 10 regions of two failure domains; 1,000 networks of four prefixes
//   propagation: a millisecond of round trip per 100 km of great circle, times a stretch per
//     network and site, lognormal around 1.75 (real paths are 1.5 to 2 times as long), sigma 0.25
//   access: lognormal, median 12 ms, sigma 0.5, per network; 4 ms between its prefixes
//   detours: an eighth of all (network, region) pairs, 60 ms more on average (exponential), that no
//     map foretells
//   evenings: delay (median 6 ms, sigma 0.8) and loss (median 0.4 %) per network, with a peak at 21
//     o'clock local; a tenth of all (network, region) pairs congested more: 40 ms, 2 % loss
//   poor: round trip above 320 ms or loss above 1.2 % (Jiang et al., VIA, SIGCOMM 2016)
//   calls: three of four inside a country, 180 s on average (lognormal, sigma 1), twice as many in
//     the evening as in the mean; seven of a hundred clients without UDP
// None of them was chosen by looking at a policy's result, and no policy sees any of them.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/picker/types.h"

namespace trunkline::bench {

inline constexpr std::size_t kRegions = 10, kDomainsPerRegion = 2, kRelaysPerDomain = 2;
inline constexpr std::size_t kSites = kRegions * kDomainsPerRegion;
inline constexpr std::size_t kRelays = kSites * kRelaysPerDomain;
inline constexpr std::size_t kPrefixesPerNetwork = 4;
inline constexpr float kPoorRttMs = 320, kPoorLoss = 0.012F;
// What all who know the truth minimise, and what the picker tries to: the picker's own exchange
// rate.
inline constexpr float kMsPerLossShare = picker::kLossPenaltyMsPerPercent * 100;

// Along the great circle.
float Kilometres(const picker::Place& a, const picker::Place& b);

struct Path {
  float rtt_ms = 0, loss = 0;
  float Cost() const { return rtt_ms + loss * kMsPerLossShare; }
  bool IsPoor() const { return rtt_ms > kPoorRttMs || loss > kPoorLoss; }
};

struct Endpoint {
  std::uint16_t network = 0;
  std::uint8_t prefix = 0;
  bool udp = true;
};

// How a client chooses among what it is offered.
enum class Chooser : std::uint8_t {
  kLeastRtt,    // older tgcalls: equal priorities, ICE takes the shorter
  kFirst,       // newer tgcalls: the order is the priority
  kHysteresis,  // libtgvoip: the first, until another is below 0.8 of it
};

struct Call {
  Endpoint caller, callee;
  double begin_s = 0;
  float seconds = 0;
  Chooser chooser = Chooser::kLeastRtt;
};

class World {
 public:
  struct Network {
    picker::Place place;
    std::uint16_t country = 0;
    float weight = 0;
  };

  World(std::uint64_t seed, std::size_t networks);

  static std::size_t SiteOf(std::size_t relay) { return relay / kRelaysPerDomain; }
  static std::size_t RegionOf(std::size_t relay) { return SiteOf(relay) / kDomainsPerRegion; }
  static picker::Place PlaceOf(std::size_t region);
  static std::string NameOf(std::size_t region);
  const Network& network(std::size_t i) const { return networks_[i]; }
  std::size_t networks() const { return networks_.size(); }

  // For a while a relay drops packets, and nobody tells.
  struct Grey {
    std::size_t relay = kRelays;
    double from_s = 0, until_s = 0;
    float loss = 0;  // per leg
  };
  void SetGrey(const Grey& grey) { grey_ = grey; }

  // At a moment, in seconds since the start, midnight UTC.
  Path Leg(const Endpoint& client, std::size_t relay, double now_s) const;
  Path Between(const Call& call, std::size_t relay, double now_s) const;
  // Who calls whom and for how long; the next call after `after_s`.
  Call Next(double after_s, double calls_per_second, std::mt19937_64& random) const;

 private:
  // 0 to 1: how deep in its evening a network is.
  float Evening(std::size_t network, double now_s) const;
  float Demand(std::size_t network, double now_s) const;

  std::vector<Network> networks_;
  std::vector<std::array<float, kSites>> base_ms_;
  std::vector<std::array<float, kPrefixesPerNetwork>> prefix_ms_;
  std::vector<float> evening_ms_, evening_loss_, loss_;
  std::vector<std::array<bool, kRegions>> congested_;
  std::vector<std::vector<std::uint16_t>> of_country_;
  std::discrete_distribution<std::size_t> mutable pick_network_;
  Grey grey_;
};

}  // namespace trunkline::bench

// Days of calls under one policy, and how they went.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/picker/policies.h"

namespace trunkline::bench {

struct Setup {
  std::uint64_t seed = 1;
  std::size_t networks = 1000;
  double calls_per_second = 10;
  int hours = 48, measured_from_hour = 24;
  int stale_seconds = 2;  // how old a relay's load is when its heartbeat arrives
  // A relay dies, another turns grey.
  std::size_t dead_relay = 5, grey_relay = 9;
  double dead_from_s = 30 * 3600 + 0.5, dead_until_s = 31 * 3600;
  double grey_from_s = 33 * 3600, grey_until_s = 35 * 3600;
  float grey_loss = 0.08F;
  // Twice what the mean hour needs: the evening of a rich region doesn't fit into its own relays.
  float CapacityCalls() const {
    return static_cast<float>(calls_per_second * 180 / 0.35 / static_cast<double>(kRelays));
  }
};

struct Result {
  std::string name;
  std::size_t calls = 0;  // measured: both sides have UDP
  double mean_ms = 0, p95_ms = 0, poor = 0;
  double load_ratio = 0, load_ratio_p95 = 0;  // max/mean within a region, weighted by its calls
  double utilisation_max = 0;
  double explored_share = 0;                // of the calls, carried by the explored entry
  double explored_extra = 0;                // mean cost that they paid for it, relative
  double dead_offered_s = 0;                // last offer of the dead relay after its death
  double grey_before = 0, grey_during = 0;  // share of the calls on the grey relay
  double udp_less_reached = 0;              // of calls with a side without UDP, those with a way
  std::vector<double> hourly_ms;
  std::vector<double> hourly_ratio;
  std::vector<float> rtt_ms;  // of every measured call, sorted
};

Result Run(const Setup& setup, const World& world, Policy& policy);

// Equal relays of one region under many calls with stale figures: what herds, herds here.
struct Spread {
  std::string name;
  double p99 = 0, mean = 0;  // max/mean load
};
enum class SpreadPolicy : std::uint8_t { kPicker, kLeastLoaded, kRandom };
Spread RunSpread(SpreadPolicy policy, int stale_seconds);

// A hundred relays: picks a second of one core, and the time that 99 of 100 picks stay below.
struct Speed {
  double picks_per_second = 0, p99_us = 0;
};
Speed MeasureSpeed();

}  // namespace trunkline::bench

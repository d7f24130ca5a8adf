#include "bench/picker/simulation.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <queue>

namespace trunkline::bench {
namespace {

constexpr float kNoiseMs = 6, kClientNoiseMs = 5;
constexpr float kHysteresis = 0.8F;
constexpr float kUnreachable = std::numeric_limits<float>::infinity();

using Measured = std::array<float, kListMax>;

// The entry that a client ends up with; kListMax when none works. `without` is left out.
std::size_t ChooseOf(const List& list, const Measured& rtt, Chooser chooser, std::size_t without) {
  std::size_t chosen = kListMax;
  for (std::size_t i = 0; i < list.count; ++i) {
    if (i == without || rtt[i] == kUnreachable) continue;
    const bool better = chosen == kListMax ||
                        (chooser == Chooser::kLeastRtt && rtt[i] < rtt[chosen]) ||
                        (chooser == Chooser::kHysteresis && rtt[i] < kHysteresis * rtt[chosen]);
    if (better) chosen = i;
  }
  return chosen;
}

struct Live {
  double end_s = 0;
  std::size_t number = 0;
  Call call;
  List list;
  Outcome outcome;
  bool operator>(const Live& other) const {
    return std::tie(end_s, number) > std::tie(other.end_s, other.number);
  }
};

class Simulation {
 public:
  Simulation(const Setup& setup, const World& world, Policy& policy)
      : setup_(setup), world_(world), policy_(policy), calls_random_(setup.seed + 1) {
    hourly_sum_.resize(static_cast<std::size_t>(setup.hours));
    hourly_calls_ = hourly_ratio_sum_ = hourly_ratio_weight_ = hourly_sum_;
  }

  Result Run() {
    Call next = world_.Next(0, setup_.calls_per_second, calls_random_);
    for (int second = 0; second < setup_.hours * 3600; ++second) {
      Second(second);
      while (next.begin_s < second + 1) {
        Begin(next, number_++);
        next = world_.Next(next.begin_s, setup_.calls_per_second, calls_random_);
      }
    }
    return Summary();
  }

 private:
  bool IsDead(std::size_t relay, double now_s) const {
    return relay == setup_.dead_relay && now_s >= setup_.dead_from_s && now_s < setup_.dead_until_s;
  }

  void Second(int second) {
    while (!live_.empty() && live_.top().end_s <= second) {
      const Live& ended = live_.top();
      policy_.Ended(ended.call, ended.number, ended.list, ended.outcome, second);
      if (ended.outcome.carrier != kNobody) --calls_[ended.outcome.carrier];
      live_.pop();
    }
    history_.push_back(calls_);
    if (history_.size() > static_cast<std::size_t>(setup_.stale_seconds) + 1) history_.pop_front();
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
      visible_.alive[relay] = !IsDead(relay, second);
      visible_.load[relay] = static_cast<float>(history_.front()[relay]) / setup_.CapacityCalls();
    }
    policy_.Second(second, visible_);
    if (second % 60 == 0) Sample(second);
  }

  // How even the relays of each region are loaded.
  void Sample(int second) {
    for (std::size_t region = 0; region < kRegions; ++region) {
      constexpr std::size_t kOfRegion = kRelays / kRegions;
      double sum = 0, most = 0;
      bool whole = true;
      for (std::size_t i = region * kOfRegion; i < (region + 1) * kOfRegion; ++i) {
        sum += calls_[i];
        most = std::max<double>(most, calls_[i]);
        whole = whole && !IsDead(i, second) && i != setup_.grey_relay;
        utilisation_max_ =
            std::max(utilisation_max_, calls_[i] / static_cast<double>(setup_.CapacityCalls()));
      }
      const double mean = sum / kOfRegion;
      if (mean < 10 || !whole) continue;
      const auto hour = static_cast<std::size_t>(second / 3600);
      hourly_ratio_sum_[hour] += sum * (most / mean);
      hourly_ratio_weight_[hour] += sum;
      if (second >= setup_.measured_from_hour * 3600) {
        ratios_.push_back(most / mean);
      }
    }
  }

  void Begin(const Call& call, std::size_t number) {
    const double now = call.begin_s;
    for (std::size_t relay = 0; relay < kRelays; ++relay) {
      visible_.truth[relay] = static_cast<float>(calls_[relay]) / setup_.CapacityCalls();
    }
    Live live{
        call.begin_s + call.seconds, number, call, policy_.Offer(call, number, now, visible_), {}};
    const bool udp = call.caller.udp && call.callee.udp;
    Measured rtt{};
    // The noise of a call is the same under every policy that offers as many.
    std::mt19937_64 random(setup_.seed * 1'000'003 + number);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < live.list.count; ++i) {
      const std::size_t relay = live.list.relays[i];
      rtt[i] = kUnreachable;
      if (relay == kNobody) continue;
      const auto noisy = [&](Path path) {
        path.rtt_ms = std::max(1.0F, path.rtt_ms + kNoiseMs * normal(random));
        path.loss = std::max(0.0F, path.loss * (1 + 0.3F * normal(random)));
        return path;
      };
      live.outcome.caller[i] = noisy(world_.Leg(call.caller, relay, now));
      live.outcome.callee[i] = noisy(world_.Leg(call.callee, relay, now));
      if (relay == setup_.dead_relay && now >= setup_.dead_from_s && now < setup_.dead_until_s) {
        dead_offered_s_ = std::max(dead_offered_s_, now - setup_.dead_from_s);
      }
      if (IsDead(relay, now)) continue;
      rtt[i] = world_.Between(call, relay, now).rtt_ms + kClientNoiseMs * normal(random);
    }
    Carry(live, rtt, udp, now);
    live_.push(live);
  }

  void Carry(Live& live, const Measured& rtt, bool udp, double now) {
    const Chooser chooser = live.call.chooser;
    std::size_t chosen = ChooseOf(live.list, rtt, chooser, kListMax);
    if (!udp) {
      // libtgvoip speaks TCP to the same relay; WebRTC needs another way.
      const bool other_way = std::ranges::count(live.list.relays, kNobody) > 0;
      const bool reached = chooser == Chooser::kHysteresis ? chosen < kListMax : other_way;
      live.outcome.tcp = true;
      udp_less_ += 1;
      udp_less_reached_ += reached ? 1 : 0;
      if (chooser != Chooser::kHysteresis) chosen = kListMax;
    }
    if (chosen == kListMax) return;
    live.outcome.carrier = live.list.relays[chosen];
    ++calls_[live.outcome.carrier];
    if (udp) Account(live, rtt, chosen, now);
  }

  void Account(const Live& live, const Measured& rtt, std::size_t chosen, double now) {
    const Path path = world_.Between(live.call, live.outcome.carrier, now);
    const auto hour = static_cast<std::size_t>(now / 3600);
    if (hour >= hourly_sum_.size()) return;
    hourly_sum_[hour] += path.rtt_ms;
    hourly_calls_[hour] += 1;
    const bool grey = live.outcome.carrier == setup_.grey_relay;
    const double length = setup_.grey_until_s - setup_.grey_from_s;
    // The first minutes are for finding out.
    if (now >= setup_.grey_from_s + 300 && now < setup_.grey_until_s) grey_during_ += grey ? 1 : 0;
    if (now < setup_.grey_from_s && now >= setup_.grey_from_s - length + 300) {
      grey_before_ += grey ? 1 : 0;
    }
    if (now < setup_.measured_from_hour * 3600) return;
    rtts_.push_back(path.rtt_ms);
    poor_ += path.IsPoor() ? 1 : 0;
    if (chosen != live.list.explored) return;
    const std::size_t other = ChooseOf(live.list, rtt, live.call.chooser, chosen);
    if (other == kListMax) return;
    ++explored_;
    explored_extra_ += path.rtt_ms - world_.Between(live.call, live.list.relays[other], now).rtt_ms;
  }

  Result Summary() {
    Result result;
    result.name = policy_.name();
    result.calls = rtts_.size();
    std::ranges::sort(rtts_);
    double sum = 0;
    for (const float rtt : rtts_) sum += rtt;
    const auto calls = static_cast<double>(rtts_.size());
    result.mean_ms = sum / calls;
    result.p95_ms = rtts_[rtts_.size() * 95 / 100];
    result.poor = poor_ / calls;
    result.explored_share = explored_ / calls;
    result.explored_extra = explored_extra_ / sum;
    result.dead_offered_s = dead_offered_s_;
    result.grey_before = grey_before_;
    result.grey_during = grey_during_;
    result.udp_less_reached = udp_less_reached_ / udp_less_;
    result.utilisation_max = utilisation_max_;
    std::ranges::sort(ratios_);
    if (!ratios_.empty()) result.load_ratio_p95 = ratios_[ratios_.size() * 95 / 100];
    double weighted = 0, weight = 0;
    for (std::size_t hour = 0; hour < hourly_sum_.size(); ++hour) {
      result.hourly_ms.push_back(hourly_sum_[hour] / std::max(1.0, hourly_calls_[hour]));
      result.hourly_ratio.push_back(hourly_ratio_weight_[hour] > 0
                                        ? hourly_ratio_sum_[hour] / hourly_ratio_weight_[hour]
                                        : 1);
      if (hour < static_cast<std::size_t>(setup_.measured_from_hour)) continue;
      weighted += hourly_ratio_sum_[hour];
      weight += hourly_ratio_weight_[hour];
    }
    result.load_ratio = weight > 0 ? weighted / weight : 1;
    result.rtt_ms = std::move(rtts_);
    return result;
  }

  const Setup& setup_;
  const World& world_;
  Policy& policy_;
  std::mt19937_64 calls_random_;
  std::size_t number_ = 0;
  std::array<int, kRelays> calls_{};
  std::deque<std::array<int, kRelays>> history_;
  Visible visible_;
  std::priority_queue<Live, std::vector<Live>, std::greater<>> live_;

  std::vector<double> hourly_sum_, hourly_calls_, hourly_ratio_sum_, hourly_ratio_weight_, ratios_;
  std::vector<float> rtts_;
  double poor_ = 0, explored_ = 0, explored_extra_ = 0, dead_offered_s_ = 0, utilisation_max_ = 0;
  double grey_before_ = 0, grey_during_ = 0, udp_less_ = 0, udp_less_reached_ = 0;
};

}  // namespace

Result Run(const Setup& setup, const World& world, Policy& policy) {
  return Simulation(setup, world, policy).Run();
}

}  // namespace trunkline::bench

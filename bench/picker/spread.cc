// Ten equal relays, forty calls a second, figures that are some seconds old.
#include <algorithm>
#include <deque>
#include <queue>

#include "bench/picker/simulation.h"
#include "common/check.h"

namespace trunkline::bench {
namespace {

constexpr std::size_t kEqual = 10;
constexpr double kCallsPerSecond = 40, kMeanSeconds = 180;
constexpr int kWarmSeconds = 900, kSeconds = 1'500;
constexpr float kCapacity = static_cast<float>(kCallsPerSecond * kMeanSeconds / kEqual / 0.5);

struct Ending {
  double at = 0;
  std::size_t relay = 0, number = 0;
  bool operator>(const Ending& other) const { return at > other.at; }
};

class SpreadRun {
 public:
  SpreadRun(SpreadPolicy policy, int stale_seconds) : policy_(policy), stale_(stale_seconds) {
    for (std::size_t i = 0; i < kEqual; ++i) {
      picker::EntryConfig config;
      config.id = picker::EntryId(static_cast<std::int64_t>(i) + 1);
      config.ip = std::to_string(i);
      config.port = 599;
      config.domain = std::to_string(i % 2);
      config.place = World::PlaceOf(0);
      config.capacity.calls = kCapacity;
      CHECK(picker_.Add(config).ok());
    }
  }

  Spread Run() {
    std::poisson_distribution<int> arrivals(kCallsPerSecond);
    for (int second = 0; second < kSeconds; ++second) {
      Beat(second);
      for (int left = arrivals(random_); left > 0; --left) Begin(second);
      if (second >= kWarmSeconds) Sample();
    }
    std::ranges::sort(ratios_);
    double sum = 0;
    for (const double ratio : ratios_) sum += ratio;
    constexpr const char* kNames[] = {"picker", "least loaded", "random"};
    return {kNames[static_cast<std::size_t>(policy_)], ratios_[ratios_.size() * 99 / 100],
            sum / static_cast<double>(ratios_.size())};
  }

 private:
  WallTime Now(int second) const { return FromUnixSeconds(1'767'225'600 + second); }

  void Beat(int second) {
    while (!endings_.empty() && endings_.top().at <= second) {
      const Ending ending = endings_.top();
      endings_.pop();
      --calls_[ending.relay];
      if (policy_ == SpreadPolicy::kPicker) {
        picker_.OnEnd(assignments_[ending.number], {}, Now(second));
      }
    }
    history_.push_back(calls_);
    if (history_.size() > static_cast<std::size_t>(stale_) + 1) history_.pop_front();
    for (std::size_t i = 0; i < kEqual; ++i) {
      picker_.fleet().Heartbeat(picker::EntryId(static_cast<std::int64_t>(i) + 1),
                                {.calls = static_cast<std::uint32_t>(history_.front()[i])},
                                Now(second));
    }
  }

  std::size_t Choose(int second) {
    const auto& known = history_.front();
    if (policy_ == SpreadPolicy::kRandom) return random_() % kEqual;
    if (policy_ == SpreadPolicy::kLeastLoaded) {
      return static_cast<std::size_t>(std::ranges::min_element(known) - known.begin());
    }
    picker::Request request;
    request.caller.place = request.callee.place = World::PlaceOf(0);
    assignments_.push_back(picker_.Pick(request, Now(second), random_()));
    const auto& offer = assignments_.back().offer;
    // All are equally far: half of the clients take the first, the others what noise says.
    const std::size_t at = random_() % 2 == 0 ? 0 : random_() % offer.count;
    return static_cast<std::size_t>(offer.entries[at].id.value()) - 1;
  }

  void Begin(int second) {
    const std::size_t relay = Choose(second);
    ++calls_[relay];
    std::exponential_distribution<double> length(1 / kMeanSeconds);
    endings_.push({second + length(random_), relay, assignments_.size() - 1});
  }

  void Sample() {
    double sum = 0, most = 0;
    for (const int calls : calls_) {
      sum += calls;
      most = std::max<double>(most, calls);
    }
    ratios_.push_back(most * kEqual / sum);
  }

  SpreadPolicy policy_;
  int stale_;
  picker::Picker picker_;
  std::mt19937_64 random_{11};
  std::array<int, kEqual> calls_{};
  std::deque<std::array<int, kEqual>> history_;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings_;
  std::vector<picker::Assignment> assignments_;
  std::vector<double> ratios_;
};

}  // namespace

Spread RunSpread(SpreadPolicy policy, int stale_seconds) {
  return SpreadRun(policy, stale_seconds).Run();
}

}  // namespace trunkline::bench

// Virtual time and all randomness of a simulated world.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "common/entropy.h"
#include "common/time.h"

namespace trunkline::sim {

using Nanos = std::chrono::nanoseconds;

// What happens when, in order; what is due at one moment happens in the order it was asked for.
class Timeline {
 public:
  WallTime now() const { return now_; }
  void At(WallTime when, std::function<void()> what) {
    events_.push({std::max(when, now_), ++last_, std::move(what)});
  }
  void In(Nanos delay, std::function<void()> what) { At(now_ + delay, std::move(what)); }
  void RunUntil(WallTime end) {
    while (!events_.empty() && events_.top().when <= end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.when;
      ++run_;
      event.what();
    }
    now_ = end;
  }
  std::uint64_t run() const { return run_; }

 private:
  struct Event {
    WallTime when;
    std::uint64_t order;
    std::function<void()> what;
    friend bool operator<(const Event& a, const Event& b) {
      return std::pair(a.when, a.order) > std::pair(b.when, b.order);  // the earliest on top
    }
  };
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  std::uint64_t last_ = 0, run_ = 0;
  std::priority_queue<Event> events_;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : entropy_(seed) {}
  std::uint64_t Below(std::uint64_t count) { return entropy_.U64() % count; }
  bool Chance(unsigned per_mille) { return Below(1000) < per_mille; }
  Nanos Between(Nanos least, Nanos most) {
    return least + Nanos(static_cast<std::int64_t>(
                       Below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  Entropy* entropy() { return &entropy_; }

 private:
  SeededEntropy entropy_;
};

}  // namespace trunkline::sim

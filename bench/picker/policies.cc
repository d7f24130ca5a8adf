#include "bench/picker/policies.h"

#include <algorithm>
#include <functional>

namespace trunkline::bench {
namespace {

constexpr std::size_t kShort = 3;

// The living ones with the least cost.
List Least(std::size_t count, const Visible& visible,
           const std::function<float(std::size_t)>& cost) {
  std::array<std::pair<float, std::size_t>, kRelays> order;
  std::size_t living = 0;
  for (std::size_t relay = 0; relay < kRelays; ++relay) {
    if (visible.alive[relay]) order[living++] = {cost(relay), relay};
  }
  List list;
  list.count = std::min(count, living);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(list.count),
                    order.begin() + static_cast<std::ptrdiff_t>(living));
  for (std::size_t i = 0; i < list.count; ++i) list.relays[i] = order[i].second;
  return list;
}

class Random : public Policy {
 public:
  std::string name() const override { return "random"; }
  List Offer(const Call&, std::size_t, double, const Visible& visible) override {
    return Least(kShort, visible, [&](std::size_t) { return uniform_(random_); });
  }

 private:
  std::mt19937_64 random_{7};
  std::uniform_real_distribution<float> uniform_;
};

class LeastLoaded : public Policy {
 public:
  std::string name() const override { return "least loaded"; }
  List Offer(const Call&, std::size_t, double, const Visible& visible) override {
    return Least(kShort, visible, [&](std::size_t relay) { return visible.load[relay]; });
  }
};

// Ties between relays of one place are broken at random, so that neither drowns.
class Geographic : public Policy {
 public:
  Geographic(const World& world, bool both) : world_(world), both_(both) {}
  std::string name() const override { return both_ ? "mid-point" : "nearest to caller"; }
  List Offer(const Call& call, std::size_t, double, const Visible& visible) override {
    return Least(kShort, visible, [&](std::size_t relay) { return Cost(call, relay); });
  }

 protected:
  float Cost(const Call& call, std::size_t relay) {
    const picker::Place there = World::PlaceOf(World::RegionOf(relay));
    float km = Kilometres(world_.network(call.caller.network).place, there);
    if (both_) km += Kilometres(world_.network(call.callee.network).place, there);
    return km + uniform_(random_);
  }
  const World& world_;

 private:
  bool both_;
  std::mt19937_64 random_{8};
  std::uniform_real_distribution<float> uniform_;
};

// What was best for this pair of networks yesterday; geography where nothing is known.
class PreviousDay : public Geographic {
 public:
  explicit PreviousDay(const World& world) : Geographic(world, true) {}
  std::string name() const override { return "previous day's best"; }
  List Offer(const Call& call, std::size_t, double now_s, const Visible& visible) override {
    if (now_s >= next_day_) {
      yesterday_.swap(today_);
      today_.clear();
      next_day_ += 86'400;
    }
    const auto known = yesterday_.find(Key(call));
    return Least(kShort, visible, [&](std::size_t relay) {
      const float guess = 24 + Cost(call, relay) / 100 * 1.75F;
      if (known == yesterday_.end()) return guess;
      const auto& cell = known->second[World::SiteOf(relay)];
      return cell.calls > 0 ? cell.cost / cell.calls : guess;
    });
  }
  void Ended(const Call& call, std::size_t, const List& list, const Outcome& outcome,
             double) override {
    for (std::size_t i = 0; i < list.count; ++i) {
      auto& cell = today_[Key(call)][World::SiteOf(list.relays[i])];
      cell.cost += outcome.caller[i].Cost() + outcome.callee[i].Cost();
      cell.calls += 1;
    }
  }

 private:
  struct Cell {
    float cost = 0, calls = 0;
  };
  using Table = std::unordered_map<std::uint32_t, std::array<Cell, kSites>>;
  static std::uint32_t Key(const Call& call) {
    return std::uint32_t{call.caller.network} << 16 | call.callee.network;
  }
  double next_day_ = 86'400;
  Table today_, yesterday_;
};

class Oracle : public Policy {
 public:
  Oracle(const World& world, bool aware) : world_(world), aware_(aware) {}
  std::string name() const override { return aware_ ? "capacity-aware oracle" : "oracle"; }
  List Offer(const Call& call, std::size_t, double now_s, const Visible& visible) override {
    return Least(1, visible, [&](std::size_t relay) {
      const float full = aware_ && visible.truth[relay] >= picker::kLoadCap ? 1e6F : 0;
      // Of equals the emptier.
      return world_.Between(call, relay, now_s).Cost() + full + visible.truth[relay] / 100;
    });
  }

 private:
  const World& world_;
  bool aware_;
};

}  // namespace

std::unique_ptr<Policy> MakeRandom() {
  return std::make_unique<Random>();
}
std::unique_ptr<Policy> MakeLeastLoaded() {
  return std::make_unique<LeastLoaded>();
}
std::unique_ptr<Policy> MakeNearestToCaller(const World& world) {
  return std::make_unique<Geographic>(world, false);
}
std::unique_ptr<Policy> MakeMidPoint(const World& world) {
  return std::make_unique<Geographic>(world, true);
}
std::unique_ptr<Policy> MakePreviousDay(const World& world) {
  return std::make_unique<PreviousDay>(world);
}
std::unique_ptr<Policy> MakeOracle(const World& world, bool capacity_aware) {
  return std::make_unique<Oracle>(world, capacity_aware);
}

}  // namespace trunkline::bench

// Whom the picker is compared with. All see the same calls; all but the oracles offer a list, from
// which the clients choose alike.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/picker/world.h"
#include "server/picker/picker.h"

namespace trunkline::bench {

inline constexpr std::size_t kListMax = 4;
inline constexpr std::size_t kNobody = kRelays;  // not a relay: a TURN entry, which only some use

struct List {
  std::array<std::size_t, kListMax> relays{};
  std::size_t count = 0;
  std::size_t explored = kListMax;  // position of the entry that is there to learn
};

// What everybody may know at a moment: stale loads, and who beats.
struct Visible {
  std::array<float, kRelays> load{};   // share of the capacity, seconds old
  std::array<float, kRelays> truth{};  // for the capacity-aware oracle alone
  std::array<bool, kRelays> alive{};
};

struct Outcome {
  std::size_t carrier = kNobody;
  bool tcp = false;
  std::array<Path, kListMax> caller, callee;  // as measured, with noise
};

class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string name() const = 0;
  virtual List Offer(const Call& call, std::size_t number, double now_s,
                     const Visible& visible) = 0;
  virtual void Second(double, const Visible&) {}
  virtual void Ended(const Call&, std::size_t, const List&, const Outcome&, double) {}
};

std::unique_ptr<Policy> MakeRandom();
std::unique_ptr<Policy> MakeLeastLoaded();
std::unique_ptr<Policy> MakeNearestToCaller(const World& world);
std::unique_ptr<Policy> MakeMidPoint(const World& world);
std::unique_ptr<Policy> MakePreviousDay(const World& world);
std::unique_ptr<Policy> MakeOracle(const World& world, bool capacity_aware);
std::unique_ptr<Policy> MakePicker(const World& world, float capacity_calls);

}  // namespace trunkline::bench

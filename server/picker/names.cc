#include "common/check.h"
#include "server/picker/types.h"

namespace trunkline::picker {

std::string_view StateName(State state) {
  switch (state) {
    case State::kUp:
      return "up";
    case State::kFull:
      return "full";
    case State::kEjected:
      return "ejected";
    case State::kDown:
      return "down";
    case State::kMisconfigured:
      return "misconfigured";
    case State::kDraining:
      return "draining";
    case State::kDrained:
      return "drained";
  }
  CHECK(false);
}

std::string_view HealthName(Health health) {
  static constexpr std::string_view kNames[] = {"up", "misconfigured", "full", "down"};
  return kNames[static_cast<std::size_t>(health)];
}

std::string_view WhyName(Why why) {
  switch (why) {
    case Why::kBest:
      return "best";
    case Why::kOtherDomain:
      return "other_domain";
    case Why::kSameDomain:
      return "same_domain";
    case Why::kExplored:
      return "explored";
    case Why::kNextBest:
      return "next_best";
    case Why::kFallback:
      return "fallback";
    case Why::kDirect:
      return "direct";
    case Why::kDraining:
      return "draining";
    case Why::kDown:
      return "down";
    case Why::kMisconfigured:
      return "misconfigured";
    case Why::kEjected:
      return "ejected";
    case Why::kFull:
      return "full";
    case Why::kOverloaded:
      return "overloaded";
    case Why::kStack:
      return "stack";
    case Why::kFamily:
      return "family";
    case Why::kLabels:
      return "labels";
    case Why::kNoDirect:
      return "no_direct";
    case Why::kBusier:
      return "busier";
    case Why::kLure:
      return "lure";
    case Why::kOutscored:
      return "outscored";
  }
  CHECK(false);
}

}  // namespace trunkline::picker

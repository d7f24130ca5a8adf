// Fills the slots of an offer from scored entries.
#pragma once

#include <cstdint>
#include <span>

#include "server/picker/fleet.h"
#include "server/picker/types.h"

namespace trunkline::picker {

// Everything by index of the fleet. Verdicts of eligible entries hold kOutscored on the way in.
struct Scored {
  const Fleet& fleet;
  std::span<Verdict> verdicts;
  std::span<const float> scores, rtts, deviations, loads;
};

Offer FillSlots(const Scored& scored, std::uint64_t random);

}  // namespace trunkline::picker

// Fills the slots of an offer from scored entries.
#pragma once

#include <array>
#include <cstdint>

#include "server/picker/fleet.h"
#include "server/picker/types.h"

namespace trunkline::picker {

// What entries are compared by, a column for each figure; index as in the fleet.
struct Figures {
  template <class T>
  using Column = std::array<T, kEntriesMax>;
  Column<Why> why;  // kOutscored: may be offered
  Column<float> score_ms, rtt_ms, deviation_ms, loss, load;
  Column<std::uint32_t> kind, site, domain;  // kind: KindBit
  std::uint32_t kinds;                       // that there are
};

// Conditions often name several.
inline constexpr std::uint32_t KindBit(Kind kind) {
  return 1U << static_cast<unsigned>(kind);
}

struct Filled {
  Offer offer;
  std::array<std::uint16_t, kOfferMax> places{};  // in the fleet, of what is offered
};

Filled FillSlots(const Fleet& fleet, const Figures& figures, std::uint64_t random);

// Of an entry that might have been offered and wasn't.
Why WhyLeftOut(const Figures& figures, const Filled& filled, std::size_t place);

}  // namespace trunkline::picker

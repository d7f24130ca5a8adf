#include "server/picker/picker.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace trunkline::picker {
namespace {

std::uint16_t Rounded(float number) {
  return static_cast<std::uint16_t>(std::clamp(number + 0.5F, 0.0F, 65'535.0F));
}

float LoadPenalty(float load) {
  const float over = std::max(0.0F, load - kLoadFree) / (1 - kLoadFree);
  return kLoadPenaltyMs * over * over;
}

// What a request demands of entries, said so that a hundred of them are asked in few steps.
struct Demands {
  std::array<Why, kStates> by_state;  // kOutscored: as far as this goes, such an entry will do
  std::array<Why, kKinds> by_kind;
  std::uint8_t stack, caller_families, callee_families;
  std::uint64_t labels_wanted, labels_refused;
};

// Clients of one family reach a relay there; an IPv6 address alone serves only who is known to have
// it.
std::uint8_t FamiliesOf(const Client& client) {
  return static_cast<std::uint8_t>((client.ipv4 ? kIpv4 : 0) | (client.ipv6 ? kIpv6 : 0));
}

Demands DemandsOf(const Request& request, bool panic) {
  const bool tgcalls = request.stack != kLibtgvoip;
  const auto unless = [](bool fits, Why why) { return fits ? Why::kOutscored : why; };
  Demands demands{.by_state = {},
                  .by_kind = {},
                  .stack = request.stack,
                  .caller_families = FamiliesOf(request.caller),
                  .callee_families = FamiliesOf(request.callee),
                  .labels_wanted = request.labels_wanted,
                  .labels_refused = request.labels_refused};
  auto& by_state = demands.by_state;
  by_state[Index(State::kUp)] = Why::kOutscored;
  by_state[Index(State::kFull)] = Why::kFull;
  by_state[Index(State::kEjected)] = unless(panic, Why::kEjected);
  by_state[Index(State::kDown)] = unless(panic, Why::kDown);
  by_state[Index(State::kMisconfigured)] = Why::kMisconfigured;
  by_state[Index(State::kDraining)] = by_state[Index(State::kDrained)] = Why::kDraining;
  auto& by_kind = demands.by_kind;
  by_kind[Index(Kind::kReflector)] = Why::kOutscored;
  by_kind[Index(Kind::kReflectorTcp)] = unless(tgcalls && request.tcp_entries, Why::kStack);
  by_kind[Index(Kind::kTurn)] = unless(tgcalls, Why::kStack);
  by_kind[Index(Kind::kStun)] = tgcalls ? unless(request.p2p, Why::kNoDirect) : Why::kStack;
  return demands;
}

// Whether an entry that is in such a state may be offered (kOutscored), and if not, why.
Why Eligible(const Entry& entry, State state, const Demands& demands) {
  const Why of_state = demands.by_state[Index(state)];
  if (of_state != Why::kOutscored) return of_state;
  if ((entry.stacks & demands.stack) == 0) return Why::kStack;
  const Why of_kind = demands.by_kind[Index(entry.kind)];
  if (of_kind != Why::kOutscored) return of_kind;
  if ((entry.families & demands.caller_families) == 0 ||
      (entry.families & demands.callee_families) == 0) {
    return Why::kFamily;
  }
  const std::uint64_t lacks = ~entry.labels & demands.labels_wanted;
  return (lacks | (entry.labels & demands.labels_refused)) != 0 ? Why::kLabels : Why::kOutscored;
}

// How much of a call an offered entry is expected to carry.
float ExpectedUse(const Assignment& assignment, std::size_t index) {
  const Offer& offer = assignment.offer;
  if (offer.entries[index].kind == Kind::kStun) return 0;
  if (assignment.carrier >= 0)
    return static_cast<std::size_t>(assignment.carrier) == index ? 1.0F : 0.0F;
  float first = 1;
  for (std::size_t i = 1; i < offer.count; ++i) {
    if (offer.entries[i].kind != Kind::kStun) first -= kUseOfSlot[i];
  }
  const float share = index == 0 ? first : kUseOfSlot[index];
  return assignment.who.p2p ? share * kRelayedOfP2p : share;
}

}  // namespace

Result<Fleet::Added, FleetRefusal> Picker::Add(const EntryConfig& config) {
  auto added = fleet_.Add(config);
  if (added && added->new_site) prediction_.SetSite(added->site, config.place);
  return added;
}

Result<Fleet::Added, FleetRefusal> Picker::Update(const EntryConfig& config) {
  auto added = fleet_.Update(config);
  if (added && added->new_site) prediction_.SetSite(added->site, config.place);
  return added;
}

void Picker::PredictPaths(const Request& request, WallTime now, Paths& paths) {
  const std::size_t sites = fleet_.sites();
  prediction_.PredictBoth(request.caller, request.callee, now, sites, caller_legs_, callee_legs_);
  const Legs &a = caller_legs_, &b = callee_legs_;
  for (std::size_t i = 0; i < sites; ++i) {
    paths.rtt_ms[i] = a.rtt_ms[i] + b.rtt_ms[i];
    paths.deviation_ms[i] = std::sqrt(a.variance[i] + b.variance[i]);
    paths.loss[i] = a.loss[i] + b.loss[i];
  }
}

void Picker::Evaluate(const Request& request, const Paths& paths, const States& states,
                      WallTime now, bool panic) {
  const Demands demands = DemandsOf(request, panic);
  const std::span<const Entry> entries = fleet_.entries();
  Figures& f = figures_;
  f.kinds = 0;
  Figures::Column<float> price_ms;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const std::size_t site = entry.site;
    f.kind[i] = KindBit(entry.kind);
    f.kinds |= f.kind[i];
    f.site[i] = entry.site;
    f.domain[i] = entry.domain;
    f.rtt_ms[i] = paths.rtt_ms[site] + 2 * entry.offset.rtt_ms;
    f.deviation_ms[i] = paths.deviation_ms[site];
    f.loss[i] = paths.loss[site] + 2 * entry.offset.loss;
    f.load[i] = Fleet::FreshLoad(entry, now);
    price_ms[i] = entry.price_ms;
  }
  // A loop of arithmetic alone: the compiler takes four entries at once.
  for (std::size_t i = 0; i < entries.size(); ++i) {
    f.loss[i] = std::clamp(f.loss[i], 0.0F, 1.0F);
    f.score_ms[i] = std::max(f.rtt_ms[i], 1.0F) + f.loss[i] * 100 * kLossPenaltyMsPerPercent +
                    LoadPenalty(f.load[i]) + price_ms[i];
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (panic && states[i] != State::kUp) f.score_ms[i] += kPanicPenaltyMs;
    f.why[i] = Eligible(entries[i], states[i], demands);
    if (f.load[i] >= kLoadCap && f.why[i] == Why::kOutscored) f.why[i] = Why::kOverloaded;
  }
}

bool Picker::AnyEligible(bool with_stun) const {
  for (std::size_t i = 0; i < fleet_.entries().size(); ++i) {
    const bool counts = with_stun || fleet_.entries()[i].kind != Kind::kStun;
    if (counts && figures_.why[i] == Why::kOutscored) return true;
  }
  return false;
}

// A call may sound bad there; without a relay it may not sound at all.
bool Picker::TakeOverloaded() {
  bool any = false;
  for (std::size_t i = 0; i < fleet_.entries().size(); ++i) {
    if (figures_.why[i] != Why::kOverloaded) continue;
    figures_.why[i] = Why::kOutscored;
    any = true;
  }
  return any;
}

Offer Picker::Choose(const Request& request, WallTime now, std::uint64_t random) {
  Paths paths;
  PredictPaths(request, now, paths);
  States states;
  bool panic = fleet_.TakeStates(now, states);
  Evaluate(request, paths, states, now, panic);
  if (!AnyEligible(false)) TakeOverloaded();
  if (!panic && !AnyEligible(true)) {
    Evaluate(request, paths, states, now, true);
    panic = AnyEligible(true) || TakeOverloaded();
  }
  filled_ = FillSlots(fleet_, figures_, random);
  filled_.offer.panic = panic;
  return filled_.offer;
}

Verdict Picker::VerdictOn(std::size_t place, Why why, std::uint8_t slot) const {
  return {.id = fleet_.entries()[place].id,
          .why = why,
          .slot = slot,
          .rtt_ms = Rounded(figures_.rtt_ms[place]),
          .deviation_ms = Rounded(figures_.deviation_ms[place]),
          .loss_permille = Rounded(figures_.loss[place] * 1000),
          .load_permille = Rounded(figures_.load[place] * 1000),
          .score_ms = Rounded(figures_.score_ms[place])};
}

std::vector<Verdict> Picker::Explain() const {
  std::vector<Verdict> verdicts;
  verdicts.reserve(fleet_.entries().size());
  std::array<bool, kEntriesMax> is_offered{};
  for (std::uint8_t i = 0; i < filled_.offer.count; ++i) {
    const std::size_t place = filled_.places[i];
    is_offered[place] = true;
    verdicts.push_back(
        VerdictOn(place, filled_.offer.entries[i].why, static_cast<std::uint8_t>(i + 1)));
  }
  for (std::size_t i = 0; i < fleet_.entries().size(); ++i) {
    if (is_offered[i]) continue;
    const Why why = figures_.why[i];
    const bool was_eligible = why == Why::kOutscored;
    verdicts.push_back(VerdictOn(i, was_eligible ? WhyLeftOut(figures_, filled_, i) : why, 0));
  }
  return verdicts;
}

Assignment Picker::Pick(const Request& request, WallTime now, std::uint64_t random) {
  Assignment assignment{.who = request, .offer = Choose(request, now, random)};
  ++stats_.picks;
  stats_.panic += assignment.offer.panic ? 1 : 0;
  stats_.empty += assignment.offer.count == 0 ? 1 : 0;
  for (std::size_t i = 0; i < assignment.offer.count; ++i) {
    Entry& entry = fleet_.at(filled_.places[i]);
    const float use = ExpectedUse(assignment, i);
    entry.credits.Add(use, now);
    entry.counted += use;
    ++entry.offered;
  }
  assignment.counted = true;
  return assignment;
}

void Picker::Adopt(Assignment& assignment) {
  CHECK(!assignment.counted);
  Count(assignment, 1);
  assignment.counted = true;
}

void Picker::Count(const Assignment& assignment, float sign) {
  for (std::size_t i = 0; i < assignment.offer.count; ++i) {
    // An entry may have been removed and added again meanwhile.
    const auto index = fleet_.IndexOf(assignment.offer.entries[i].id);
    if (!index) continue;
    Entry& entry = fleet_.at(*index);
    entry.counted = std::max(0.0F, entry.counted + sign * ExpectedUse(assignment, i));
    if (sign > 0) {
      ++entry.offered;
    } else if (entry.offered > 0) {
      --entry.offered;
    }
    if (entry.offered == 0) entry.counted = 0;  // sums of floats drift
  }
}

}  // namespace trunkline::picker

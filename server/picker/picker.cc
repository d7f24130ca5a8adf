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

// Clients of one family reach a relay there; an IPv6 address alone serves only who is known to have
// it.
bool Reaches(const Client& client, const Entry& entry) {
  return (client.ipv4 && entry.ipv4) || (client.ipv6 && entry.ipv6);
}

// Whether an entry that is in such a state may be offered to this call, and if not, why.
Why Eligible(const Entry& entry, State state, const Request& request, bool panic) {
  switch (state) {
    case State::kDraining:
    case State::kDrained:
      return Why::kDraining;
    case State::kMisconfigured:
      return Why::kMisconfigured;
    case State::kDown:
      if (!panic) return Why::kDown;
      break;
    case State::kEjected:
      if (!panic) return Why::kEjected;
      break;
    case State::kFull:
      return Why::kFull;
    case State::kUp:
      break;
  }
  if ((entry.stacks & request.stack) == 0) return Why::kStack;
  if (request.stack == kLibtgvoip && entry.kind != Kind::kReflector) return Why::kStack;
  if (entry.kind == Kind::kReflectorTcp && !request.tcp_entries) return Why::kStack;
  if (entry.kind == Kind::kStun && !request.p2p) return Why::kNoDirect;
  if (!Reaches(request.caller, entry) || !Reaches(request.callee, entry)) return Why::kFamily;
  if ((entry.labels & request.labels_wanted) != request.labels_wanted ||
      (entry.labels & request.labels_refused) != 0) {
    return Why::kLabels;
  }
  return Why::kOutscored;
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

void Picker::Score(std::size_t place, const Paths& paths, WallTime now) {
  const Entry& entry = fleet_.entries()[place];
  const std::size_t site = entry.site;
  const float rtt = paths.rtt_ms[site] + 2 * entry.offset.rtt_ms;
  const float loss = std::clamp(paths.loss[site] + 2 * entry.offset.loss, 0.0F, 1.0F);
  const float load = Fleet::FreshLoad(entry, now);
  figures_.rtt_ms[place] = rtt;
  figures_.deviation_ms[place] = paths.deviation_ms[site];
  figures_.loss[place] = loss;
  figures_.load[place] = load;
  figures_.score_ms[place] = std::max(rtt, 1.0F) + loss * 100 * kLossPenaltyMsPerPercent +
                             LoadPenalty(load) + entry.price_ms;
}

void Picker::Evaluate(const Request& request, const Paths& paths, const States& states,
                      WallTime now, bool panic) {
  for (std::size_t i = 0; i < fleet_.entries().size(); ++i) {
    Why& why = figures_.why[i];
    why = Eligible(fleet_.entries()[i], states[i], request, panic);
    Score(i, paths, now);
    if (panic && states[i] != State::kUp) figures_.score_ms[i] += kPanicPenaltyMs;
    if (why == Why::kOutscored && figures_.load[i] >= kLoadCap) why = Why::kOverloaded;
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
  fleet_.TakeStates(now, states);
  bool panic = fleet_.IsPanic(states);
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
    verdicts.push_back(
        VerdictOn(i, was_eligible ? WhyLeftOut(fleet_, figures_, filled_, i) : why, 0));
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
    Fleet::AddCredit(entry, use, now);
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

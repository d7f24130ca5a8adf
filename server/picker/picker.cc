#include "server/picker/picker.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "server/picker/slots.h"

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

Why Picker::Eligible(const Entry& entry, const Request& request, WallTime now, bool panic) const {
  const State state = fleet_.StateOf(entry, now);
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

float Picker::Score(const Entry& entry, WallTime now, bool panic, Verdict& verdict) {
  const std::size_t site = entry.site;
  const float rtt = caller_legs_.rtt_ms[site] + callee_legs_.rtt_ms[site] + 2 * entry.offset.rtt_ms;
  const float variance = caller_legs_.variance[site] + callee_legs_.variance[site];
  const float loss = std::clamp(
      caller_legs_.loss[site] + callee_legs_.loss[site] + 2 * entry.offset.loss, 0.0F, 1.0F);
  const float load = Fleet::FreshLoad(entry, now);
  const std::size_t index = verdict_count_;
  rtts_[index] = rtt;
  deviations_[index] = std::sqrt(variance);
  loads_[index] = load;
  const bool unhealthy = panic && fleet_.StateOf(entry, now) != State::kUp;
  const float score = std::max(rtt, 1.0F) + loss * 100 * kLossPenaltyMsPerPercent +
                      LoadPenalty(load) + entry.price_ms + (unhealthy ? kPanicPenaltyMs : 0);
  verdict.rtt_ms = Rounded(rtt);
  verdict.deviation_ms = Rounded(deviations_[index]);
  verdict.loss_permille = Rounded(loss * 1000);
  verdict.load_permille = Rounded(load * 1000);
  verdict.score_ms = Rounded(score);
  return score;
}

void Picker::Evaluate(const Request& request, WallTime now, bool panic) {
  prediction_.Predict(request.caller, now, fleet_.sites(), caller_legs_);
  prediction_.Predict(request.callee, now, fleet_.sites(), callee_legs_);
  verdict_count_ = 0;
  for (const Entry& entry : fleet_.entries()) {
    Verdict& verdict = verdicts_[verdict_count_];
    verdict = {};
    verdict.id = entry.id;
    verdict.why = Eligible(entry, request, now, panic);
    scores_[verdict_count_] = Score(entry, now, panic, verdict);
    if (verdict.why == Why::kOutscored && loads_[verdict_count_] >= kLoadCap) {
      verdict.why = Why::kOverloaded;
    }
    ++verdict_count_;
  }
}

bool Picker::AnyEligible(bool with_stun) const {
  for (std::size_t i = 0; i < verdict_count_; ++i) {
    const bool counts = with_stun || fleet_.entries()[i].kind != Kind::kStun;
    if (counts && verdicts_[i].why == Why::kOutscored) return true;
  }
  return false;
}

// A call may sound bad there; without a relay it may not sound at all.
bool Picker::TakeOverloaded() {
  bool any = false;
  for (std::size_t i = 0; i < verdict_count_; ++i) {
    if (verdicts_[i].why != Why::kOverloaded) continue;
    verdicts_[i].why = Why::kOutscored;
    any = true;
  }
  return any;
}

Offer Picker::Choose(const Request& request, WallTime now, std::uint64_t random) {
  bool panic = fleet_.IsPanic(now);
  Evaluate(request, now, panic);
  if (!AnyEligible(false)) TakeOverloaded();
  if (!panic && !AnyEligible(true)) {
    Evaluate(request, now, true);
    panic = AnyEligible(true) || TakeOverloaded();
  }
  Offer offer = FillSlots({fleet_,
                           {verdicts_.data(), verdict_count_},
                           {scores_.data(), verdict_count_},
                           {rtts_.data(), verdict_count_},
                           {deviations_.data(), verdict_count_},
                           {loads_.data(), verdict_count_}},
                          random);
  offer.panic = panic;
  return offer;
}

Assignment Picker::Pick(const Request& request, WallTime now, std::uint64_t random) {
  Assignment assignment{.who = request, .offer = Choose(request, now, random)};
  ++stats_.picks;
  stats_.panic += assignment.offer.panic ? 1 : 0;
  stats_.empty += assignment.offer.count == 0 ? 1 : 0;
  for (std::size_t i = 0; i < assignment.offer.count; ++i) {
    const auto index = fleet_.IndexOf(assignment.offer.entries[i].id);
    Fleet::AddCredit(fleet_.at(*index), ExpectedUse(assignment, i), now);
  }
  Adopt(assignment);
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

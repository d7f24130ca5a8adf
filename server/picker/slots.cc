#include "server/picker/slots.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/mix.h"

namespace trunkline::picker {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;

float Limit(float best) {
  return best + std::max(kNearTieMs, best * kNearTie);
}

// What the passes below read of an entry, close together: the fleet's own rows are ten times as
// large.
struct Candidate {
  float score, rtt, load, deviation;
  std::uint16_t index;
  Kind kind;
  std::uint8_t site;
};
using Found = const Candidate*;

// Nearer than the first and worse all the same, for its loss or its load: ICE measures round trips
// only, so who is offered such an entry takes it.
bool IsLure(const Candidate& one, const Candidate& first) {
  return one.rtt < first.rtt && one.score > Limit(first.score);
}

struct OfKind {
  Kind kind;
  bool operator()(const Candidate& one) const { return one.kind == kind; }
};

class Slots {
 public:
  Slots(const Scored& scored, std::uint64_t random) : scored_(scored), random_(random) {
    const auto entries = scored.fleet.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (scored.verdicts[i].why != Why::kOutscored) continue;
      free_[count_++] = {scored.scores[i],
                         scored.rtts[i],
                         scored.loads[i],
                         scored.deviations[i],
                         static_cast<std::uint16_t>(i),
                         entries[i].kind,
                         entries[i].site};
    }
    primary_ = Least(OfKind{Kind::kReflector}) != nullptr ? Kind::kReflector : Kind::kTurn;
  }

  Offer Fill() {
    if (const Found first = TwoChoices(OfKind{primary_})) {
      Take(*first, Why::kBest);
      TakeSecond();
      TakeThird();
    }
    const auto is_fallback = [](const Candidate& one) {
      return one.kind == Kind::kTurn || one.kind == Kind::kReflectorTcp;
    };
    if (const Found last = TwoChoices(is_fallback)) Take(*last, Why::kFallback);
    if (const Found direct = TwoChoices(OfKind{Kind::kStun})) Take(*direct, Why::kDirect);
    TellLosers();
    return offer_;
  }

 private:
  std::span<const Candidate> free() const { return {free_.data(), count_}; }

  template <class Filter>
  Found Least(const Filter& filter) const {
    Found least = nullptr;
    for (const Candidate& one : free()) {
      if ((least == nullptr || one.score < least->score) && filter(one)) least = &one;
    }
    return least;
  }

  // Two at random of those as good as the best, and of them the one with less load: choosing the
  // least loaded of all would send everybody there until its next heartbeat.
  template <class Filter>
  Found TwoChoices(const Filter& filter) {
    const Found best = Least(filter);
    if (best == nullptr) return best;
    const float limit = Limit(best->score);
    std::array<Found, kEntriesMax> near;
    std::size_t count = 0;
    for (const Candidate& one : free()) {
      if (one.score <= limit && filter(one)) near[count++] = &one;
    }
    if (count == 1) return best;
    random_ = Mix(random_ + kGolden);
    const std::size_t one = (random_ & 0xffffffff) % count;
    const std::size_t other = (one + 1 + (random_ >> 32) % (count - 1)) % count;
    return near[other]->load < near[one]->load ? near[other] : near[one];
  }

  void TakeSecond() {
    const Candidate& first = taken_[0];
    const auto elsewhere = [&](const Candidate& one) {
      return one.kind == primary_ && !scored_.fleet.SameDomain(one.site, first.site);
    };
    Found second =
        TwoChoices([&](const Candidate& one) { return elsewhere(one) && !IsLure(one, first); });
    // That not all fails at once is worth more.
    if (second == nullptr) second = TwoChoices(elsewhere);
    if (second != nullptr) return Take(*second, Why::kOtherDomain);
    if (const Found same = TwoChoices(OfKind{primary_})) Take(*same, Why::kSameDomain);
  }

  // From a site that isn't offered yet: another relay of the same one would teach and save nothing.
  void TakeThird() {
    const auto is_new = [&](const Candidate& one) {
      return one.kind == primary_ && !IsSiteTaken(one.site) && !IsLure(one, taken_[0]);
    };
    if (const Found hopeful = MostHopeful(is_new)) return Take(*hopeful, Why::kExplored);
    Found next = TwoChoices(is_new);
    if (next == nullptr) next = TwoChoices(OfKind{primary_});
    if (next != nullptr) Take(*next, Why::kNextBest);
  }

  // Who could be better than what is offered already, if luck would have it.
  template <class Filter>
  Found MostHopeful(const Filter& filter) const {
    Found hopeful = nullptr;
    float hope = INFINITY;
    for (std::size_t i = 0; i < offer_.count; ++i) hope = std::min(hope, taken_[i].score);
    for (const Candidate& one : free()) {
      // Relays of one site differ by their load alone: a millisecond of it breaks the tie.
      const float optimistic = one.score + one.load - kExploreDeviations * one.deviation;
      if (optimistic >= hope || !filter(one)) continue;
      hope = optimistic;
      hopeful = &one;
    }
    return hopeful;
  }

  bool IsSiteTaken(std::size_t site) const {
    for (std::size_t i = 0; i < offer_.count; ++i) {
      if (taken_[i].site == site) return true;
    }
    return false;
  }

  // What is worth saying of the eligible that aren't offered.
  void TellLosers() {
    if (offer_.count == 0) return;
    for (const Candidate& one : free()) {
      if (one.kind != taken_[0].kind) continue;
      if (IsLure(one, taken_[0])) {
        scored_.verdicts[one.index].why = Why::kLure;
      } else if (one.score <= Limit(taken_[0].score) && one.load > taken_[0].load) {
        scored_.verdicts[one.index].why = Why::kBusier;
      }
    }
  }

  void Take(const Candidate& one, Why why) {
    Verdict& verdict = scored_.verdicts[one.index];
    verdict.why = why;
    taken_[offer_.count] = one;
    offer_.entries[offer_.count] = {verdict.id, one.kind, why};
    verdict.slot = ++offer_.count;
    Candidate* const at = &free_[static_cast<std::size_t>(&one - free_.data())];
    std::move(at + 1, free_.data() + count_, at);
    --count_;
  }

  const Scored& scored_;
  std::uint64_t random_;
  Kind primary_;
  Offer offer_;
  std::array<Candidate, kOfferMax> taken_;   // as offered
  std::array<Candidate, kEntriesMax> free_;  // eligible and not taken, in the fleet's order
  std::size_t count_ = 0;
};

}  // namespace

Offer FillSlots(const Scored& scored, std::uint64_t random) {
  return Slots(scored, random).Fill();
}

}  // namespace trunkline::picker

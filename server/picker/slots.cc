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
  std::uint16_t place;
  Kind kind;
  std::uint8_t site;
};
using Found = const Candidate*;
constexpr float kTaken = INFINITY;  // as score: loses every comparison

// Nearer than the first and worse all the same, for its loss or its load: ICE measures round trips
// only, so who is offered such an entry takes it.
bool IsLure(float rtt, float score, float first_rtt, float first_score) {
  return rtt < first_rtt && score > Limit(first_score);
}

bool IsLure(const Candidate& one, const Candidate& first) {
  return IsLure(one.rtt, one.score, first.rtt, first.score);
}

struct OfKind {
  Kind kind;
  bool operator()(const Candidate& one) const { return one.kind == kind; }
};

class Slots {
 public:
  Slots(const Fleet& fleet, const Figures& figures, std::uint64_t random)
      : fleet_(fleet), random_(random) {
    const auto entries = fleet.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (figures.why[i] != Why::kOutscored) continue;
      all_[count_++] = {figures.score_ms[i],
                        figures.rtt_ms[i],
                        figures.load[i],
                        figures.deviation_ms[i],
                        static_cast<std::uint16_t>(i),
                        entries[i].kind,
                        entries[i].site};
      ++Free(entries[i].kind);
    }
    primary_ = Free(Kind::kReflector) > 0 ? Kind::kReflector : Kind::kTurn;
  }

  Filled Fill() {
    if (const Found first = TwoChoices(OfKind{primary_})) {
      Take(*first, Why::kBest);
      TakeSecond();
      TakeThird();
    }
    const auto is_fallback = [](const Candidate& one) {
      return one.kind == Kind::kTurn || one.kind == Kind::kReflectorTcp;
    };
    if (Free(Kind::kTurn) + Free(Kind::kReflectorTcp) > 0) {
      Take(*TwoChoices(is_fallback), Why::kFallback);
    }
    if (Free(Kind::kStun) > 0) Take(*TwoChoices(OfKind{Kind::kStun}), Why::kDirect);
    return filled_;
  }

 private:
  std::span<const Candidate> all() const { return {all_.data(), count_}; }
  // How many of a kind aren't taken.
  std::size_t& Free(Kind kind) { return free_[static_cast<std::size_t>(kind)]; }

  template <class Filter>
  Found Least(const Filter& filter) const {
    Found least = nullptr;
    float score = kTaken;
    for (const Candidate& one : all()) {
      if (one.score >= score || !filter(one)) continue;
      score = one.score;
      least = &one;
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
    for (const Candidate& one : all()) {
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
      return one.kind == primary_ && !fleet_.SameDomain(one.site, first.site);
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
    for (std::size_t i = 0; i < filled_.offer.count; ++i) hope = std::min(hope, taken_[i].score);
    for (const Candidate& one : all()) {
      // Relays of one site differ by their load alone: a millisecond of it breaks the tie.
      const float optimistic = one.score + one.load - kExploreDeviations * one.deviation;
      if (optimistic >= hope || !filter(one)) continue;
      hope = optimistic;
      hopeful = &one;
    }
    return hopeful;
  }

  bool IsSiteTaken(std::size_t site) const {
    for (std::size_t i = 0; i < filled_.offer.count; ++i) {
      if (taken_[i].site == site) return true;
    }
    return false;
  }

  void Take(const Candidate& one, Why why) {
    Offer& offer = filled_.offer;
    taken_[offer.count] = one;
    filled_.places[offer.count] = one.place;
    offer.entries[offer.count] = {fleet_.entries()[one.place].id, one.kind, why};
    ++offer.count;
    --Free(one.kind);
    all_[static_cast<std::size_t>(&one - all_.data())].score = kTaken;
  }

  const Fleet& fleet_;
  std::uint64_t random_;
  Kind primary_;
  Filled filled_;
  std::array<Candidate, kOfferMax> taken_;  // as offered
  std::array<Candidate, kEntriesMax> all_;  // that may be offered, in the fleet's order
  std::size_t count_ = 0;
  std::array<std::size_t, 4> free_{};  // by kind
};

}  // namespace

Filled FillSlots(const Fleet& fleet, const Figures& figures, std::uint64_t random) {
  return Slots(fleet, figures, random).Fill();
}

Why WhyLeftOut(const Fleet& fleet, const Figures& figures, const Filled& filled,
               std::size_t place) {
  if (filled.offer.count == 0) return Why::kOutscored;
  const std::size_t first = filled.places[0];
  if (fleet.entries()[place].kind != filled.offer.entries[0].kind) return Why::kOutscored;
  const float score = figures.score_ms[place], best = figures.score_ms[first];
  if (IsLure(figures.rtt_ms[place], score, figures.rtt_ms[first], best)) return Why::kLure;
  const bool is_near = score <= Limit(best);
  return is_near && figures.load[place] > figures.load[first] ? Why::kBusier : Why::kOutscored;
}

}  // namespace trunkline::picker

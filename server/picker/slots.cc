#include "server/picker/slots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace trunkline::picker {
namespace {

using Index = std::optional<std::size_t>;

std::uint64_t Mix(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

float Limit(float best) {
  return best + std::max(kNearTieMs, best * kNearTie);
}

// Nearer than the first and worse all the same, for its loss or its load: ICE measures round trips
// only, so who is offered such an entry takes it.
bool IsLure(const Scored& scored, std::size_t i, std::size_t first) {
  return scored.rtts[i] < scored.rtts[first] && scored.scores[i] > Limit(scored.scores[first]);
}

struct OfKind {
  const Scored& scored;
  Kind kind;
  bool operator()(std::size_t i) const { return scored.fleet.entries()[i].kind == kind; }
};

class Slots {
 public:
  Slots(const Scored& scored, std::uint64_t random) : scored_(scored), random_(random) {
    primary_ = Least(OfKind{scored_, Kind::kReflector}) ? Kind::kReflector : Kind::kTurn;
  }

  Offer Fill() {
    if (const Index first = TwoChoices(OfKind{scored_, primary_})) {
      Take(*first, Why::kBest);
      TakeSecond(*first);
      TakeThird(*first);
    }
    const auto is_fallback = [this](std::size_t i) {
      return EntryAt(i).kind == Kind::kTurn || EntryAt(i).kind == Kind::kReflectorTcp;
    };
    if (const Index last = TwoChoices(is_fallback)) Take(*last, Why::kFallback);
    if (const Index direct = TwoChoices(OfKind{scored_, Kind::kStun})) Take(*direct, Why::kDirect);
    return offer_;
  }

 private:
  const Entry& EntryAt(std::size_t i) const { return scored_.fleet.entries()[i]; }
  bool IsFree(std::size_t i) const { return scored_.verdicts[i].why == Why::kOutscored; }

  template <class Filter>
  Index Least(const Filter& filter) const {
    Index least;
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      if (!IsFree(i) || (least && scored_.scores[i] >= scored_.scores[*least])) continue;
      if (filter(i)) least = i;
    }
    return least;
  }

  // Two at random of those as good as the best, and of them the one with less load: choosing the
  // least loaded of all would send everybody there until its next heartbeat.
  template <class Filter>
  Index TwoChoices(const Filter& filter) {
    const Index best = Least(filter);
    if (!best) return best;
    const float limit = Limit(scored_.scores[*best]);
    std::array<std::uint16_t, kEntriesMax> near;
    std::size_t count = 0;
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      if (!IsFree(i) || scored_.scores[i] > limit || !filter(i)) continue;
      near[count++] = static_cast<std::uint16_t>(i);
    }
    if (count == 1) return best;
    random_ = Mix(random_);
    const std::size_t one = (random_ & 0xffffffff) % count;
    const std::size_t other = (one + 1 + (random_ >> 32) % (count - 1)) % count;
    const std::size_t a = near[one], b = near[other];
    return scored_.loads[b] < scored_.loads[a] ? b : a;
  }

  void TakeSecond(std::size_t first) {
    const std::size_t site = EntryAt(first).site;
    const auto elsewhere = [&](std::size_t i) {
      return EntryAt(i).kind == primary_ && !scored_.fleet.SameDomain(EntryAt(i).site, site);
    };
    Index second =
        TwoChoices([&](std::size_t i) { return elsewhere(i) && !IsLure(scored_, i, first); });
    // That not all fails at once is worth more.
    if (!second) second = TwoChoices(elsewhere);
    if (second) return Take(*second, Why::kOtherDomain);
    if (const Index same = TwoChoices(OfKind{scored_, primary_})) Take(*same, Why::kSameDomain);
  }

  // From a site that isn't offered yet: another relay of the same one would teach and save nothing.
  void TakeThird(std::size_t first) {
    const auto is_new = [&](std::size_t i) {
      return EntryAt(i).kind == primary_ && !IsSiteTaken(EntryAt(i).site) &&
             !IsLure(scored_, i, first);
    };
    if (const Index hopeful = MostHopeful(is_new)) return Take(*hopeful, Why::kExplored);
    Index next = TwoChoices(is_new);
    if (!next) next = TwoChoices(OfKind{scored_, primary_});
    if (next) Take(*next, Why::kNextBest);
  }

  // Who could be better than what is offered already, if luck would have it.
  template <class Filter>
  Index MostHopeful(const Filter& filter) const {
    Index hopeful;
    float hope = INFINITY;
    for (std::size_t i = 0; i < taken_count_; ++i) hope = std::min(hope, scored_.scores[taken_[i]]);
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      // Relays of one site differ by their load alone: a millisecond of it breaks the tie.
      const float optimistic =
          scored_.scores[i] + scored_.loads[i] - kExploreDeviations * scored_.deviations[i];
      if (optimistic >= hope || !IsFree(i) || !filter(i)) continue;
      hope = optimistic;
      hopeful = i;
    }
    return hopeful;
  }

  bool IsSiteTaken(std::size_t site) const {
    for (std::size_t i = 0; i < taken_count_; ++i) {
      if (EntryAt(taken_[i]).site == site) return true;
    }
    return false;
  }

  void Take(std::size_t i, Why why) {
    Verdict& verdict = scored_.verdicts[i];
    verdict.why = why;
    offer_.entries[offer_.count] = {verdict.id, EntryAt(i).kind, why};
    verdict.slot = ++offer_.count;
    taken_[taken_count_++] = i;
  }

  const Scored& scored_;
  std::uint64_t random_;
  Kind primary_;
  Offer offer_;
  std::array<std::size_t, kOfferMax> taken_{};
  std::size_t taken_count_ = 0;
};

// What is worth saying of the eligible that aren't offered.
void TellLosers(const Scored& scored, const Offer& offer) {
  if (offer.count == 0) return;
  const std::size_t first = *scored.fleet.IndexOf(offer.entries[0].id);
  for (std::size_t i = 0; i < scored.verdicts.size(); ++i) {
    Why& why = scored.verdicts[i].why;
    if (why != Why::kOutscored || scored.fleet.entries()[i].kind != offer.entries[0].kind) continue;
    if (IsLure(scored, i, first)) {
      why = Why::kLure;
    } else if (scored.scores[i] <= Limit(scored.scores[first]) &&
               scored.loads[i] > scored.loads[first]) {
      why = Why::kBusier;
    }
  }
}

}  // namespace

Offer FillSlots(const Scored& scored, std::uint64_t random) {
  const Offer offer = Slots(scored, random).Fill();
  TellLosers(scored, offer);
  return offer;
}

}  // namespace trunkline::picker

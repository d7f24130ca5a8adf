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

class Slots {
 public:
  Slots(const Scored& scored, std::uint64_t random) : scored_(scored), random_(random) {
    primary_ = Least(OfKind{Kind::kReflector}, scored_.scores) ? Kind::kReflector : Kind::kTurn;
  }

  Offer Fill() {
    const auto primary = OfKind{primary_};
    const Index first = TwoChoices(primary);
    if (first) Take(*first, Why::kBest);
    if (first) TakeSecond(*first);
    if (first) TakeThird();
    if (const Index last = LeastFallback()) Take(*last, Why::kFallback);
    if (const Index direct = Least(OfKind{Kind::kStun}, scored_.scores)) {
      Take(*direct, Why::kDirect);
    }
    return offer_;
  }

 private:
  struct OfKind {
    Kind kind;
    bool operator()(const Entry& entry) const { return entry.kind == kind; }
  };

  bool IsFree(std::size_t i) const { return scored_.verdicts[i].why == Why::kOutscored; }

  template <class Filter>
  Index Least(const Filter& filter, std::span<const float> by) const {
    Index least;
    const auto entries = scored_.fleet.entries();
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      if (IsFree(i) && filter(entries[i]) && (!least || by[i] < by[*least])) least = i;
    }
    return least;
  }

  // Two at random of those as good as the best, and of them the one with less load: choosing the
  // least loaded of all would send everybody there until its next heartbeat.
  template <class Filter>
  Index TwoChoices(const Filter& filter) {
    const Index best = Least(filter, scored_.scores);
    if (!best) return best;
    const float limit =
        scored_.scores[*best] + std::max(kNearTieMs, scored_.scores[*best] * kNearTie);
    std::array<std::uint16_t, kEntriesMax> near;
    std::size_t count = 0;
    const auto entries = scored_.fleet.entries();
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      if (!IsFree(i) || !filter(entries[i]) || scored_.scores[i] > limit) continue;
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
    const auto entries = scored_.fleet.entries();
    const std::size_t site = entries[first].site;
    const Index elsewhere = TwoChoices([&](const Entry& entry) {
      return entry.kind == primary_ && !scored_.fleet.SameDomain(entry.site, site);
    });
    if (elsewhere) return Take(*elsewhere, Why::kOtherDomain);
    if (const Index same = TwoChoices(OfKind{primary_})) Take(*same, Why::kSameDomain);
  }

  // From a site that isn't offered yet: another relay of the same one would teach and save nothing.
  void TakeThird() {
    const auto is_new = [this](const Entry& entry) {
      return entry.kind == primary_ && !IsSiteTaken(entry.site);
    };
    const Index best = Least(is_new, scored_.scores);
    if (!best) {
      if (const Index any = Least(OfKind{primary_}, scored_.scores)) Take(*any, Why::kNextBest);
      return;
    }
    Index hopeful;
    float hope = LeastTaken();
    const auto entries = scored_.fleet.entries();
    for (std::size_t i = 0; i < scored_.verdicts.size(); ++i) {
      if (!IsFree(i) || !is_new(entries[i])) continue;
      const float optimistic = scored_.scores[i] - kExploreDeviations * scored_.deviations[i];
      if (optimistic >= hope) continue;
      hope = optimistic;
      hopeful = i;
    }
    Take(hopeful.value_or(*best), hopeful ? Why::kExplored : Why::kNextBest);
  }

  Index LeastFallback() const {
    return Least(
        [](const Entry& entry) {
          return entry.kind == Kind::kTurn || entry.kind == Kind::kReflectorTcp;
        },
        scored_.scores);
  }

  bool IsSiteTaken(std::size_t site) const {
    const auto entries = scored_.fleet.entries();
    for (std::size_t i = 0; i < taken_count_; ++i) {
      if (entries[taken_[i]].site == site) return true;
    }
    return false;
  }

  float LeastTaken() const {
    float least = INFINITY;
    for (std::size_t i = 0; i < taken_count_; ++i)
      least = std::min(least, scored_.scores[taken_[i]]);
    return least;
  }

  void Take(std::size_t i, Why why) {
    Verdict& verdict = scored_.verdicts[i];
    verdict.why = why;
    offer_.entries[offer_.count] = {verdict.id, scored_.fleet.entries()[i].kind, why};
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

// The eligible that aren't offered and lost by their load alone.
void TellBusier(const Scored& scored, const Offer& offer) {
  if (offer.count == 0) return;
  const auto first = scored.fleet.IndexOf(offer.entries[0].id);
  const float limit =
      scored.scores[*first] + std::max(kNearTieMs, scored.scores[*first] * kNearTie);
  for (std::size_t i = 0; i < scored.verdicts.size(); ++i) {
    Verdict& verdict = scored.verdicts[i];
    if (verdict.why == Why::kOutscored && scored.scores[i] <= limit &&
        scored.loads[i] > scored.loads[*first] &&
        scored.fleet.entries()[i].kind == offer.entries[0].kind) {
      verdict.why = Why::kBusier;
    }
  }
}

}  // namespace

Offer FillSlots(const Scored& scored, std::uint64_t random) {
  const Offer offer = Slots(scored, random).Fill();
  TellBusier(scored, offer);
  return offer;
}

}  // namespace trunkline::picker

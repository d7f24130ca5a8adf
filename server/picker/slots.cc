#include "server/picker/slots.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/mix.h"

namespace trunkline::picker {
namespace {

using Scores = Figures::Column<float>;

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
constexpr float kNever = INFINITY;  // the score of who isn't to be had
constexpr std::size_t kNobody = kEntriesMax;

float Limit(float best) {
  return best + std::max(kNearTieMs, best * kNearTie);
}

// A few at a time, which the compiler makes vector instructions of.
float Least(const Scores& scores, std::size_t count) {
  std::array<float, 8> lanes;
  lanes.fill(kNever);
  std::size_t i = 0;
  for (; i + lanes.size() <= count; i += lanes.size()) {
    for (std::size_t k = 0; k < lanes.size(); ++k) lanes[k] = std::min(lanes[k], scores[i + k]);
  }
  for (; i < count; ++i) lanes[0] = std::min(lanes[0], scores[i]);
  return *std::ranges::min_element(lanes);
}

// Conditions on the entry at a place. They are written with & and | instead of && and ||: without
// branches, a pass over a hundred entries is a few dozen vector instructions.
struct OfKinds {
  const Figures& f;
  std::uint32_t kinds;
  bool operator()(std::size_t i) const { return (f.kind[i] & kinds) != 0; }
};

// A lure is nearer than the first and worse all the same, for its loss or its load: ICE measures
// round trips only, so who is offered such an entry takes it.
struct NoLure {
  NoLure(const Figures& figures, std::size_t first)
      : f(figures), rtt(f.rtt_ms[first]), limit(Limit(f.score_ms[first])) {}
  bool operator()(std::size_t i) const { return (f.rtt_ms[i] >= rtt) | (f.score_ms[i] <= limit); }

  const Figures& f;
  float rtt, limit;
};

class Slots {
 public:
  Slots(const Fleet& fleet, const Figures& figures, std::uint64_t random)
      : fleet_(fleet), f_(figures), random_(random), count_(fleet.entries().size()) {
    for (std::size_t i = 0; i < count_; ++i) {
      const float score = f_.score_ms[i];
      open_[i] = f_.why[i] == Why::kOutscored ? score : kNever;
    }
  }

  Filled Fill() {
    std::size_t first = TwoChoices(Primary());
    if (first == kNobody) {
      primary_ = KindBit(Kind::kTurn);
      first = TwoChoices(Primary());
    }
    if (first != kNobody) {
      Take(first, Why::kBest);
      TakeSecond(first);
      TakeThird(first);
    }
    constexpr std::uint32_t kFallbacks = KindBit(Kind::kTurn) | KindBit(Kind::kReflectorTcp);
    constexpr std::uint32_t kDirect = KindBit(Kind::kStun);
    if ((f_.kinds & kFallbacks) != 0) Take(TwoChoices(OfKinds{f_, kFallbacks}), Why::kFallback);
    if ((f_.kinds & kDirect) != 0) Take(TwoChoices(OfKinds{f_, kDirect}), Why::kDirect);
    return filled_;
  }

 private:
  OfKinds Primary() const { return {f_, primary_}; }

  // Two at random of those as good as the best, and of them the one with less load: choosing the
  // least loaded of all would send everybody there until its next heartbeat.
  template <class Condition>
  std::size_t TwoChoices(const Condition& holds) {
    Scores scores;
    for (std::size_t i = 0; i < count_; ++i) {
      const float score = open_[i];
      scores[i] = holds(i) ? score : kNever;
    }
    const float best = Least(scores, count_);
    if (best == kNever) return kNobody;
    const float limit = Limit(best);
    std::array<std::uint16_t, kEntriesMax> near;
    std::size_t count = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      near[count] = static_cast<std::uint16_t>(i);
      count += scores[i] <= limit ? 1 : 0;
    }
    if (count == 1) return near[0];
    random_ = Mix(random_ + kGolden);
    const std::size_t at = (random_ & 0xffffffff) % count;
    const std::size_t one = near[at];
    const std::size_t other = near[(at + 1 + (random_ >> 32) % (count - 1)) % count];
    return f_.load[other] < f_.load[one] ? other : one;
  }

  void TakeSecond(std::size_t first) {
    const auto elsewhere = [&f = f_, domain = f_.domain[first], is_primary = Primary()](
                               std::size_t i) { return is_primary(i) & (f.domain[i] != domain); };
    const NoLure is_no_lure(f_, first);
    std::size_t second = TwoChoices([&](std::size_t i) { return elsewhere(i) & is_no_lure(i); });
    // That not all fails at once is worth more.
    if (second == kNobody) second = TwoChoices(elsewhere);
    if (second != kNobody) return Take(second, Why::kOtherDomain);
    Take(TwoChoices(Primary()), Why::kSameDomain);
  }

  // From a site that isn't offered yet: another relay of the same one would teach and save nothing.
  void TakeThird(std::size_t first) {
    const std::uint32_t site = f_.site[first];
    const std::uint32_t other = f_.site[filled_.places[filled_.offer.count - 1u]];
    const auto is_new = [&f = f_, site, other, is_primary = Primary(),
                         is_no_lure = NoLure(f_, first)](std::size_t i) {
      return is_primary(i) & (f.site[i] != site) & (f.site[i] != other) & is_no_lure(i);
    };
    const std::size_t hopeful = MostHopeful(is_new);
    if (hopeful != kNobody) return Take(hopeful, Why::kExplored);
    std::size_t next = TwoChoices(is_new);
    if (next == kNobody) next = TwoChoices(Primary());
    Take(next, Why::kNextBest);
  }

  // Who could be better than what is offered already, if luck would have it.
  template <class Condition>
  std::size_t MostHopeful(const Condition& holds) const {
    float hope = kNever;
    for (std::size_t i = 0; i < filled_.offer.count; ++i) {
      hope = std::min(hope, f_.score_ms[filled_.places[i]]);
    }
    Scores optimistic;
    for (std::size_t i = 0; i < count_; ++i) {
      // Relays of one site differ by their load alone: a millisecond of it breaks the tie.
      const float score = open_[i] + f_.load[i] - kExploreDeviations * f_.deviation_ms[i];
      optimistic[i] = holds(i) ? score : kNever;
    }
    const float best = Least(optimistic, count_);
    if (best >= hope) return kNobody;
    std::size_t place = 0;
    while (optimistic[place] != best) ++place;
    return place;
  }

  void Take(std::size_t place, Why why) {
    if (place == kNobody) return;
    const Entry& entry = fleet_.entries()[place];
    Offer& offer = filled_.offer;
    filled_.places[offer.count] = static_cast<std::uint16_t>(place);
    offer.entries[offer.count] = {entry.id, entry.kind, why};
    ++offer.count;
    open_[place] = kNever;
  }

  const Fleet& fleet_;
  const Figures& f_;
  std::uint64_t random_;
  std::size_t count_;
  std::uint32_t primary_ = KindBit(Kind::kReflector);
  Scores open_;  // of those that may be offered and aren't
  Filled filled_;
};

}  // namespace

Filled FillSlots(const Fleet& fleet, const Figures& figures, std::uint64_t random) {
  return Slots(fleet, figures, random).Fill();
}

Why WhyLeftOut(const Figures& figures, const Filled& filled, std::size_t place) {
  if (filled.offer.count == 0) return Why::kOutscored;
  const std::size_t first = filled.places[0];
  if (figures.kind[place] != figures.kind[first]) return Why::kOutscored;
  const bool is_near = figures.score_ms[place] <= Limit(figures.score_ms[first]);
  if (!is_near && figures.rtt_ms[place] < figures.rtt_ms[first]) return Why::kLure;
  return is_near && figures.load[place] > figures.load[first] ? Why::kBusier : Why::kOutscored;
}

}  // namespace trunkline::picker

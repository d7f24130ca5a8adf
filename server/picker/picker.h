// Which relays a call is offered, and what is learned from how it went. Pure: time and randomness
// are arguments; `now` is one clock for all calls of one picker (the relays' own clocks are never
// read). Owned by one thread. Picks don't allocate, explanations do; feedback does only until its
// tables are full.
//
// Slot 1 is the least predicted sum of both legs and penalties, by two choices among near ties;
// slot 2 the best in another failure domain; slot 3 explores; slot 4 is for networks without UDP.
// The clients choose among them by measuring, so one good entry matters more than the order.
//
// What is down or ejected isn't offered, with two exceptions that `panic` marks. When some live but
// fewer than half, the fault is rather ours, and all are offered, the healthy first. And when a
// call would get nothing at all, it gets what is silent: clients with an empty list give up (or
// worse), while a relay that lost its server forwards on. A fleet whose relays have all died loses
// them from its offers in favour of any entry that lives. What is overloaded is offered when
// nothing else relays.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "server/picker/connection_id.h"
#include "server/picker/fleet.h"
#include "server/picker/forecast.h"
#include "server/picker/prediction.h"
#include "server/picker/slots.h"
#include "server/picker/types.h"

namespace trunkline::picker {

class Picker {
 public:
  Result<Fleet::Added, FleetRefusal> Add(const EntryConfig& config);
  Result<Fleet::Added, FleetRefusal> Update(const EntryConfig& config);
  // Removing, heartbeats, health and drain go to the fleet itself.
  Fleet& fleet() { return fleet_; }
  const Fleet& fleet() const { return fleet_; }

  // `random`: 64 fresh bits. An offer may be empty. The assignment is to be kept until OnEnd.
  Assignment Pick(const Request& request, WallTime now, std::uint64_t random);
  // The same without giving anything away: for "what would this call get".
  Offer Choose(const Request& request, WallTime now, std::uint64_t random);
  // On every entry, as of the last Pick or Choose: those offered in the order of the offer, then
  // the rest in the fleet's. To be asked before the fleet changes.
  std::vector<Verdict> Explain() const;
  // After a restart: calls that live on are counted again.
  void Adopt(Assignment& assignment);

  // May come more than once per relay and call, with growing figures. false: the relay wasn't
  // offered to this call, or its figures are no numbers; counted, nothing learned.
  bool OnFlow(Assignment& assignment, const FlowSummary& flow, WallTime now);
  void OnEnd(Assignment& assignment, const CallEnd& end, WallTime now);
  // `stars` 1 to 5, `tags` as bits (types.h). After OnEnd, of the same assignment.
  void OnRating(const Assignment& assignment, int stars, std::uint32_t tags, WallTime now);

  const DurationCurve& durations() const { return durations_; }

  struct Stats {
    std::uint64_t picks = 0, empty = 0, panic = 0;
    // connection_id of established calls, by what it said.
    std::uint64_t hints_none = 0, hints_offered = 0, hints_foreign = 0, hints_tcp = 0;
    std::uint64_t flows = 0, flows_refused = 0, ratings = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  using States = std::array<State, kEntriesMax>;
  // Sums over both legs; per site.
  struct Paths {
    std::array<float, kSitesMax> rtt_ms, deviation_ms, loss;
  };
  void PredictPaths(const Request& request, WallTime now, Paths& paths);
  void Evaluate(const Request& request, const Paths& paths, const States& states, WallTime now,
                bool panic);
  bool AnyEligible(bool with_stun) const;
  bool TakeOverloaded();
  Verdict VerdictOn(std::size_t place, Why why, std::uint8_t slot) const;
  void Count(const Assignment& assignment, float sign);
  void LearnLeg(std::size_t index, const Client& client, const LegSummary& leg, WallTime now);
  void LearnHint(Assignment& assignment, std::int64_t connection_id, Duration duration,
                 WallTime now);
  void LearnPreference(const Assignment& assignment, std::size_t winner, WallTime now);

  Fleet fleet_;
  Prediction prediction_;
  DurationCurve durations_;
  Stats stats_;
  Legs caller_legs_, callee_legs_;
  // Of the last pick.
  Figures figures_;
  Filled filled_;
};

}  // namespace trunkline::picker

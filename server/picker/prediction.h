// How far a client is from each site: round trip, its uncertainty, loss. Geography is the prior;
// what calls have shown about the client's country, network and prefix (/24 or /48) refines it,
// each level shrunk towards the one above by how little it knows. Half of it is forgotten in a day.
// On top comes how wrong that has been for the client's network in the last hours: evenings,
// outages.
#pragma once

#include <array>

#include "common/time.h"
#include "server/picker/limits.h"
#include "server/picker/rows.h"
#include "server/picker/types.h"

namespace trunkline::picker {

// Per site; only the first `sites` are filled.
struct Legs {
  std::array<float, kSitesMax> rtt_ms, variance, loss;
};

struct LegSample {
  float rtt_ms = 0, loss = 0;
  float samples = 1;  // how many ordinary observations it is worth
};

class Prediction {
 public:
  // A site that takes the number of one that is gone begins without knowledge.
  void SetSite(std::size_t site, const Place& place);
  void Predict(const Client& client, WallTime now, std::size_t sites, Legs& legs) {
    Predict(client, Find(client), now, {0, sites}, legs);
  }
  // For both sides of a call.
  void PredictBoth(const Client& caller, const Client& callee, WallTime now, std::size_t sites,
                   Legs& caller_legs, Legs& callee_legs);
  void PredictSite(const Client& client, WallTime now, std::size_t site, Legs& legs) {
    Predict(client, Find(client), now, {site, site + 1}, legs);
  }
  // What a call has shown. Nothing faster than light in fibre is believed.
  void Observe(const Client& client, std::size_t site, const LegSample& sample, WallTime now);

  std::size_t prefixes() const { return prefixes_.size(); }

 private:
  // A point on the unit sphere; `known` false has no place.
  struct Point {
    float x = 0, y = 0, z = 0, known = 0;
  };
  static Point PointOf(const Place& place);
  static float PriorMs(const Point& a, const Point& b);
  struct Range {
    std::size_t begin, end;
  };
  // What is known of a client's groups; nullptr: nothing.
  struct Groups {
    const Row *country, *network, *prefix, *recent;
  };
  Groups Find(const Client& client);
  void Predict(const Client& client, const Groups& groups, WallTime now, const Range& sites,
               Legs& legs) const;
  // Without the last hours.
  void PredictSlow(const Client& client, const Groups& groups, WallTime now, const Range& sites,
                   Legs& legs) const;

  std::array<Point, kSitesMax> sites_{};
  Legs scratch_;
  Rows prefixes_{kPrefixesMax}, networks_{kNetworksMax}, countries_{kCountriesMax};
  Rows recent_{kNetworksMax, kRecentHalfLife};  // errors of the slow ones
};

// Keys of the levels; 0 = unknown.
std::uint64_t PrefixKey(const Client& client);

}  // namespace trunkline::picker

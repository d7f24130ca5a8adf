// The life of one store on a PowerDisk: groups, slices, checkpoints and restarts in random order,
// with the power cut (or the process killed) inside any operation, and a model that knows what has
// to be there afterwards. One seed is one life.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/book/fact.h"
#include "server/store/store.h"
#include "tests/server/store/power_disk.h"
#include "tests/server/store/world.h"

namespace trunkline::store {

class PowerLife {
 public:
  struct Totals {
    std::int64_t cuts = 0, kills = 0, restarts = 0;
    std::int64_t groups_fsync = 0;       // acknowledged with fsync: a lost one ends the test
    std::int64_t groups = 0;             // acknowledged otherwise
    std::int64_t in_flight_kept = 0;     // groups the failure found unacknowledged: there, whole
    std::int64_t in_flight_lost = 0;     // and not there at all
    std::int64_t acknowledged_lost = 0;  // groups, where `durability` allows it
    std::int64_t ruined = 0;             // files that can't be read any more, likewise
    std::int64_t sectors_lost = 0, sectors_torn = 0;
    std::map<std::string, std::int64_t> cut_in;
  };

  PowerLife(std::uint64_t seed, Durability durability);

  // Until `cuts` power cuts have passed, or the file is ruined with kNone. Empty: every promise was
  // kept; else what wasn't.
  std::string Run(int cuts, Totals& totals);

 private:
  Durability AnyDurability();
  void Session(Durability durability);
  void Act(Store& store);
  void Append(Store& store);
  void Project(Store& store);
  // After an operation of the store: it fails only because everything has stopped.
  bool Went(const absl::Status& status, const char* what);
  void Fail();
  bool Reopen(Durability durability, std::unique_ptr<Store>& store);
  bool Match(const std::string& restored);
  void CheckTables();
  std::string StateAfter(std::size_t facts) const;
  void Complain(std::string text);

  std::int64_t Below(std::int64_t bound) {
    return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(random_);
  }

  const Durability durability_;
  std::mt19937_64 random_;
  PowerDisk disk_;
  World world_;
  std::vector<book::Fact> facts_;  // in the order they were made
  std::vector<std::size_t> ends_;  // of the groups that were appended, in facts
  // Facts that no cut may take, that were acknowledged or read back, and that were appended.
  std::size_t durable_ = 0, known_ = 0, appended_ = 0;
  Totals totals_;
  std::string complaint_;
  bool unflushed_ = false;  // something ran with kNone since the last start without
  bool ruined_ = false;
};

}  // namespace trunkline::store

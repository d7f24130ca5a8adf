#include "tests/server/store/power_life.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/book/apply.h"
#include "server/store/sqlite.h"
#include "tests/server/store/power_image.h"

namespace trunkline::store {
namespace {

const std::filesystem::path kDir = kPowerDir;
// One life of so many begins with no file, for cuts within migrations; those take most of its time.
constexpr std::uint64_t kLivesPerMigration = 8;

std::size_t IndexOf(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

// The only value of a query, as text.
std::string Ask(Database& database, std::string_view sql) {
  absl::StatusOr<Statement> statement = database.Prepare(sql);
  if (!statement.ok()) return std::string(statement.status().message());
  const absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return std::string(row.status().message());
  return *row ? statement->Text(0) : "nothing";
}

}  // namespace

PowerLife::PowerLife(std::uint64_t seed, Durability durability)
    : durability_(durability), random_(seed), disk_(seed + 1), world_(seed + 2) {
  if (seed % kLivesPerMigration != 0) disk_.Load(JustMade());
  // The only chance that isn't ours: SQLite's salts.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed | 1), nullptr);
}

std::string PowerLife::Run(int cuts, Totals& totals) {
  while (totals_.cuts < cuts && complaint_.empty() && !ruined_) Session(AnyDurability());
  if (complaint_.empty() && !ruined_) CheckTables();
  totals.cuts += totals_.cuts;
  totals.kills += totals_.kills;
  totals.restarts += totals_.restarts;
  totals.groups_fsync += totals_.groups_fsync;
  totals.groups += totals_.groups;
  totals.in_flight_kept += totals_.in_flight_kept;
  totals.in_flight_lost += totals_.in_flight_lost;
  totals.acknowledged_lost += totals_.acknowledged_lost;
  totals.ruined += ruined_ ? 1 : 0;
  totals.sectors_lost += disk_.sectors_lost();
  totals.sectors_torn += disk_.sectors_torn();
  for (const auto& [place, count] : totals_.cut_in) totals.cut_in[place] += count;
  return complaint_;
}

// An operator may change it from one start to the next; what was promised before still holds.
Durability PowerLife::AnyDurability() {
  if (durability_ != Durability::kFsync || Below(6) != 0) return durability_;
  return Below(2) == 0 ? Durability::kOs : Durability::kNone;
}

void PowerLife::Session(Durability durability) {
  disk_.StopAt(static_cast<int>(1 + (Below(3) == 0 ? Below(8) : Below(120))));
  if (durability == Durability::kNone && durability_ != durability) unflushed_ = true;
  std::unique_ptr<Store> store;
  if (Reopen(durability, store)) {
    for (auto acts = 1 + Below(40); acts > 0 && !disk_.stopped() && complaint_.empty() && !ruined_;
         --acts) {
      const std::int64_t groups = totals_.groups;
      Act(*store);
      if (durability != Durability::kFsync) continue;
      durable_ = known_;
      totals_.groups_fsync += totals_.groups - groups;
      totals_.groups = groups;
    }
  }
  store.reset();
  if (disk_.stopped()) {
    Fail();
  } else {
    ++totals_.restarts;
  }
}

void PowerLife::Act(Store& store) {
  if (Below(3) == 0) {
    Project(store);
  } else {
    Append(store);
  }
}

void PowerLife::Append(Store& store) {
  const std::size_t end = known_ + IndexOf(1 + Below(Below(8) == 0 ? 20 : 4));
  while (facts_.size() < end) facts_.push_back(world_.Next());
  const auto group = std::span(facts_).subspan(known_, end - known_);
  ends_.push_back(end);
  appended_ = end;
  if (!Went(store.Append(group), "append")) return;
  known_ = end;
  ++totals_.groups;
}

void PowerLife::Project(Store& store) {
  const auto slice = Below(2) == 0 ? Store::Slice::kAllRows : Store::Slice::kWholeCalls;
  if (!Went(store.Project(static_cast<int>(1 + Below(40)), slice).status(), "project")) return;
  if (Below(2) == 0) Went(store.CheckpointIdle(), "checkpoint");
}

bool PowerLife::Went(const absl::Status& status, const char* what) {
  if (status.ok()) return true;
  // Whatever a file says that nobody flushed.
  if (durability_ == Durability::kNone && !disk_.stopped()) {
    ruined_ = true;
    return false;
  }
  // Anything else would let the process go on.
  if (!disk_.stopped() || !absl::IsDataLoss(status)) {
    Complain(absl::StrCat(what, ": ", status.ToString()));
  }
  return false;
}

void PowerLife::Fail() {
  // With no flushes a cut may take everything until there is one again; where that isn't the point,
  // it doesn't come.
  const bool cut = !unflushed_ && Below(6) != 0;
  if (!cut) {
    ++totals_.kills;
    return disk_.KillProcess();
  }
  ++totals_.cuts;
  ++totals_.cut_in[disk_.stopped_in()];
  disk_.CutPower();
}

bool PowerLife::Reopen(Durability durability, std::unique_ptr<Store>& store) {
  Store::Options options;
  options.durability = durability;
  options.checkpoint_pages_idle = static_cast<int>(1 + Below(30));
  options.checkpoint_pages_busy = options.checkpoint_pages_idle + static_cast<int>(Below(60));
  options.checkpoint_pages_max = options.checkpoint_pages_busy;
  options.log_pages_reserved = Below(8) == 0 ? 60 : 0;
  options.vfs = disk_.vfs();
  const auto failed = [this](const absl::Status& status) {
    if (disk_.stopped()) return false;
    ruined_ = durability_ == Durability::kNone;
    if (!ruined_) Complain(absl::StrCat("start: ", status.ToString()));
    return false;
  };
  auto opened = Store::Open(kDir, options);
  if (!opened.ok()) return failed(opened.status());
  disk_.SyncNames();
  store = *std::move(opened);
  book::State state;
  const absl::Status restored =
      store->Restore([&state](const book::Fact& fact) { book::Apply(state, fact); });
  if (!restored.ok()) return failed(restored);
  if (!Match(Describe(state))) return false;
  // Told to clients from now on.
  if (durability != Durability::kNone && !disk_.stopped()) {
    durable_ = known_;
    unflushed_ = false;
  }
  return true;
}

std::string PowerLife::StateAfter(std::size_t facts) const {
  book::State state;
  for (std::size_t i = 0; i < facts; ++i) book::Apply(state, facts_[i]);
  return Describe(state);
}

// Finds the groups that are there: all that were acknowledged, and of the one in flight all or
// nothing.
bool PowerLife::Match(const std::string& restored) {
  std::size_t found = facts_.size() + 1;
  auto end = ends_.rbegin();
  for (;; ++end) {
    const std::size_t facts = end == ends_.rend() ? 0 : *end;
    if (facts < durable_) break;
    if (StateAfter(facts) == restored) {
      found = facts;
      break;
    }
    if (facts == 0) break;
  }
  if (found > facts_.size()) {
    ruined_ = durability_ == Durability::kNone;
    if (ruined_) return false;
    std::size_t part = 0;
    while (part <= facts_.size() && StateAfter(part) != restored) ++part;
    Complain(absl::StrCat("restored ", part <= facts_.size() ? absl::StrCat(part) : "no sequence",
                          " of the facts; durable ", durable_, ", acknowledged ", known_,
                          ", appended ", appended_));
    return false;
  }
  const auto groups_from = [&](std::size_t facts) {
    return std::count_if(ends_.begin(), ends_.end(), [&](std::size_t e) { return e > facts; });
  };
  if (found < known_) totals_.acknowledged_lost += groups_from(found) - groups_from(known_);
  if (appended_ > known_) ++(found == appended_ ? totals_.in_flight_kept : totals_.in_flight_lost);
  while (!ends_.empty() && ends_.back() > found) ends_.pop_back();
  known_ = appended_ = found;
  durable_ = std::min(durable_, found);
  return true;
}

// What the book doesn't remember, and the file as SQLite sees it.
void PowerLife::CheckTables() {
  disk_.NeverStop();
  std::unique_ptr<Store> store;
  if (!Reopen(Durability::kFsync, store)) return;
  while (store->unprojected() > 0 && complaint_.empty()) Project(*store);
  store.reset();
  if (!complaint_.empty()) return;
  absl::StatusOr<Database> database = Database::Open((kDir / "trunkline.db").string(), disk_.vfs());
  if (!database.ok()) return Complain(database.status().ToString());
  std::int64_t debugs = 0, ends = 0;
  absl::flat_hash_set<std::pair<UserId, std::int32_t>> deleted;
  for (std::size_t i = 0; i < known_; ++i) {
    if (const auto* gone = std::get_if<book::fact::MessageDeleted>(&facts_[i].body)) {
      deleted.emplace(gone->owner, gone->message_id);
    }
    debugs += std::holds_alternative<book::fact::CallDebugSaved>(facts_[i].body) ? 1 : 0;
    ends += std::holds_alternative<book::fact::CallEnded>(facts_[i].body) ? 1 : 0;
  }
  const std::pair<const char*, std::string> answers[] = {
      {"PRAGMA integrity_check", "ok"},
      {"SELECT count(*) FROM journal", "0"},
      {"SELECT projected_seq FROM progress", absl::StrCat(known_)},
      {"SELECT count(*) FROM call_debug", absl::StrCat(debugs)},
      {"SELECT count(*) FROM messages", absl::StrCat(2 * ends - std::ssize(deleted))},
      {"SELECT count(*) FROM calls WHERE ended_seq NOT NULL", absl::StrCat(ends)}};
  for (const auto& [sql, expected] : answers) {
    const std::string answer = Ask(*database, sql);
    if (answer == expected) continue;
    ruined_ = durability_ == Durability::kNone;
    if (ruined_) return;
    Complain(absl::StrCat(sql, ": ", answer, ", not ", expected));
  }
}

void PowerLife::Complain(std::string text) {
  if (complaint_.empty()) complaint_ = std::move(text);
}

}  // namespace trunkline::store

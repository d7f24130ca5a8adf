#include "server/store/store.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "server/store/box_replay.h"
#include "server/store/record_functions.h"
#include "server/store/schema.h"
#include "server/store/sealed_facts.h"

namespace trunkline::store {
namespace {

constexpr int kTracesPerTrim = 2'000;
// Groups that tell how large they are at present.
constexpr double kUsualOf = 64;
// Of a usual group. With some two facts it is the lower bound, with twenty the upper one.
constexpr double kCheckpointPagesPerFact = 800;
// They wait in memory; calls that last are folded piece by piece then.
constexpr std::size_t kHeldRowsMax = 2'000;

constexpr const char* kSetUp =
    "PRAGMA locking_mode=NORMAL;"
    "PRAGMA mmap_size=0;"
    // KiB. When a b-tree has been balanced, the end of the transaction walks all of the cache.
    "PRAGMA cache_size=-8192;"
    "PRAGMA foreign_keys=OFF;"
    "PRAGMA secure_delete=FAST;"
    "PRAGMA journal_size_limit=67108864;";  // bytes

const char* SynchronousOf(Durability durability) {
  switch (durability) {
    case Durability::kFsync:
      return "PRAGMA synchronous=FULL";
    case Durability::kOs:
      return "PRAGMA synchronous=NORMAL";
    case Durability::kNone:
      return "PRAGMA synchronous=OFF";
  }
  return "PRAGMA synchronous=FULL";
}

absl::Status UnlessFull(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
}

// Without room the log stays as it is, and grows as it must.
absl::Status BeginLog(Database& database, const Store::Options& options) {
  absl::Status status = UnlessFull(database.StartNewLog());
  if (!status.ok() || options.durability == Durability::kNone) return status;
  // What a killed process, or one that didn't flush, left in the system's cache is about to be
  // told as if it were durable. And zeros must not reach the disk before what they lie upon is
  // gone from it: part of an old log, played back, is an older state.
  status = database.Flush();
  if (!status.ok() || options.durability == Durability::kOs) return status;
  status = UnlessFull(database.ReserveLog(options.log_pages_reserved));
  return status.ok() ? database.Flush() : status;
}

absl::Status Of(const std::filesystem::path& dir, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(dir.string(), ": ", status.message()));
}

absl::Status SetUp(Database& database, RecordKeys& keys, const Store::Options& options) {
  // The first look at the file: this is where a stranger's file is noticed.
  const auto looked = database.Number("SELECT count(*) FROM sqlite_schema");
  if (!looked.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("not a database this server can read: ", looked.status().message()));
  }
  const auto flush_keys = [&keys] { return keys.Flush(); };
  if (absl::Status status = Migrate(database, SchemaVersion(), flush_keys); !status.ok()) {
    return status;
  }
  if (absl::Status status = database.Execute(kSetUp); !status.ok()) return status;
  if (absl::Status status = database.UseLog(); !status.ok()) return status;
  if (options.pages_max > 0) {
    const auto bound = database.Number(absl::StrCat("PRAGMA max_page_count=", options.pages_max));
    if (!bound.ok()) return bound.status();
  }
  if (absl::Status status = database.Execute(SynchronousOf(options.durability)); !status.ok()) {
    return status;
  }
  return BeginLog(database, options);
}

std::uint16_t RandomLife(Entropy* entropy) {
  SystemEntropy system;
  return static_cast<std::uint16_t>((entropy != nullptr ? *entropy : system).U64());
}

}  // namespace

Store::Store(std::optional<DataDir> dir, std::shared_ptr<RecordKeys> keys, Database database,
             Options options)
    : dir_(std::move(dir)),
      keys_(std::move(keys)),
      database_(std::move(database)),
      options_(options),
      record_ids_(0, RandomLife(options.entropy)) {}

Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::filesystem::path& dir,
                                                   Options options) {
  std::optional<DataDir> locked;
  if (options.vfs == nullptr) {
    absl::StatusOr<DataDir> lock = DataDir::Lock(dir);
    if (!lock.ok()) return lock.status();
    locked.emplace(*std::move(lock));
  }
  absl::StatusOr<Database> database = Database::Open((dir / "trunkline.db").string(), options.vfs);
  if (!database.ok()) return database.status();
  auto keys = RecordKeys::Open((dir / "record.keys").string(), options.vfs,
                               options.durability != Durability::kNone, options.entropy);
  if (!keys.ok()) return Of(dir, keys.status());
  absl::Status status = UseKeys(*database, **keys);
  if (status.ok()) status = SetUp(*database, **keys, options);
  if (!status.ok()) return Of(dir, status);
  if (locked) {
    if (status = DataDir::SyncNames(dir); !status.ok()) return status;
  }
  std::unique_ptr<Store> store(
      new Store(std::move(locked), *std::move(keys), *std::move(database), options));
  if (status = store->Prepare(); !status.ok()) return status;
  return store;
}

absl::Status Store::Prepare() {
  auto projector = Projector::Open(&database_, &record_ids_);
  if (!projector.ok()) return projector.status();
  projector_ = *std::move(projector);
  const std::pair<Statement*, std::string_view> statements[] = {
      {&insert_, "INSERT INTO journal(seq,stream,id,version,body) VALUES(?,?,?,?,?)"},
      {&slice_, "SELECT seq,stream,id,version,body FROM journal WHERE seq>? ORDER BY seq LIMIT ?"},
      {&trim_, "DELETE FROM journal WHERE seq BETWEEN ? AND ?"},
      {&progress_, "UPDATE progress SET projected_seq=max(projected_seq,?)"},
      {&find_ended_,
       "SELECT calls.caller,calls.callee,traces.body FROM calls LEFT JOIN traces "
       "ON traces.seq=calls.ended_seq WHERE calls.id=? AND calls.ended_seq IS NOT NULL"},
      {&trim_traces_,
       "DELETE FROM traces WHERE seq IN (SELECT seq FROM traces ORDER BY seq LIMIT ?) "
       "AND ended_ms<?"},
  };
  for (const auto& [to, sql] : statements) {
    absl::StatusOr<Statement> statement = database_.Prepare(sql);
    if (!statement.ok()) return statement.status();
    *to = *std::move(statement);
  }
  const auto last = database_.Number(
      "SELECT max((SELECT projected_seq FROM progress), coalesce((SELECT max(seq) FROM journal), "
      "0))");
  if (!last.ok()) return last.status();
  next_seq_ = *last + 1;
  const auto rows = database_.Number("SELECT count(*) FROM journal");
  if (!rows.ok()) return rows.status();
  unprojected_ = *rows;
  sqlite3_wal_hook(database_.raw(), &Store::OnWalGrown, this);
  return PrepareRecords();
}

// In place of SQLite's own automatic checkpoint, which would hide a failed flush.
int Store::OnWalGrown(void* self, sqlite3*, const char*, int pages) {
  static_cast<Store*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

absl::Status Store::Checkpoint(int pages_min) {
  if (wal_pages_ < pages_min) return absl::OkStatus();
  wal_pages_ = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  absl::Status status = ToStatus(database_.raw(), code, "checkpoint");
  // No room or a reader in the way: the log keeps everything, and the next checkpoint tries again.
  if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) return absl::OkStatus();
  return status;
}

absl::Status Store::CheckpointBusy() {
  const int pages = static_cast<int>(
      std::min<double>(usual_group_ * kCheckpointPagesPerFact, options_.checkpoint_pages_max));
  return Checkpoint(std::max(pages, options_.checkpoint_pages_busy));
}

absl::Status Store::Append(std::span<const book::Fact> facts) {
  if (facts.empty()) return absl::OkStatus();
  if (absl::Status begun = database_.Begin(); !begun.ok()) return begun;
  if (absl::Status status = End(InsertAll(facts)); !status.ok()) return status;
  next_seq_ += static_cast<std::int64_t>(facts.size());
  unprojected_ += static_cast<std::int64_t>(facts.size());
  usual_group_ += (static_cast<double>(facts.size()) - usual_group_) / kUsualOf;
  return CheckpointBusy();
}

absl::Status Store::InsertAll(std::span<const book::Fact> facts) {
  std::int64_t seq = next_seq_;
  for (const book::Fact& fact : facts) {
    const absl::StatusOr<std::optional<book::FactBody>> sealed = SealTexts(*keys_, fact.body);
    if (!sealed.ok()) return sealed.status();
    insert_.Bind(seq++, static_cast<std::int32_t>(fact.stream), fact.id, fact.version,
                 codec_.Encode(*sealed ? **sealed : fact.body));
    if (absl::Status status = insert_.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Store::End(absl::Status done) {
  if (done.ok()) done = keys_->Flush();
  done = database_.End(std::move(done));
  absl::Status settled = keys_->Settle(done.ok());
  return done.ok() ? settled : done;
}

absl::StatusOr<book::Fact> Store::ReadFact(const Statement& row) {
  const std::int64_t stream = row.Int(1);
  std::optional<book::FactBody> body = codec_.Decode(row.Blob(4));
  if (!body || stream < static_cast<std::int64_t>(book::Stream::kKey) ||
      stream > static_cast<std::int64_t>(book::Stream::kPhone)) {
    return absl::DataLossError(absl::StrCat("journal row ", row.Int(0), " can't be read"));
  }
  OpenTexts(*keys_, *body);
  return book::Fact{static_cast<book::Stream>(stream), row.Int(2), row.Int32(3), *std::move(body)};
}

absl::StatusOr<std::unique_ptr<Backup>> Store::BeginBackup(const std::filesystem::path& file) {
  // A stranger's trunkline.db-journal beside the live file would be played back into it.
  const std::filesystem::path live = sqlite3_db_filename(database_.raw(), "main");
  std::error_code error;
  if (file.filename().string().starts_with("trunkline.") &&
      std::filesystem::equivalent(file.parent_path(), live.parent_path(), error)) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.string(), ": names that begin with 'trunkline.' are the server's own"));
  }
  return Backup::Begin(&database_, file);
}

absl::Status Store::Restore(const Horizon& horizon,
                            absl::FunctionRef<void(const book::Fact&)> apply,
                            absl::FunctionRef<void(const book::BoxMessage&)> keep) {
  absl::Status status = ReplayEntities(database_, apply);
  if (!status.ok()) return status;
  absl::flat_hash_set<CallId> given;
  const EndedSince since = {horizon.ended_calls_max, horizon.ended_since_ms};
  status = projector_.ReplayCalls(since, [&given, apply](const book::Fact& fact) {
    given.insert(CallId(fact.id));
    apply(fact);
  });
  if (status.ok()) status = ReplayBoxes(database_, given, keep);
  if (status.ok()) status = ReplayDeletions(database_, apply);
  return status.ok() ? ReplayJournal(apply) : status;
}

// No call is left out, so no message comes apart from its call.
absl::Status Store::Restore(absl::FunctionRef<void(const book::Fact&)> apply) {
  return Restore(Horizon{}, apply, [](const book::BoxMessage&) {});
}

absl::Status Store::ReplayJournal(absl::FunctionRef<void(const book::Fact&)> apply) {
  slice_.Bind(0, std::numeric_limits<std::int64_t>::max());
  for (;;) {
    const absl::StatusOr<bool> row = slice_.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const absl::StatusOr<book::Fact> fact = ReadFact(slice_);
    if (!fact.ok()) {
      slice_.Reset();
      return fact.status();
    }
    apply(*fact);
  }
}

absl::StatusOr<std::optional<Store::EndedCall>> Store::FindEnded(CallId call) {
  find_ended_.Bind(call);
  const absl::StatusOr<bool> found = find_ended_.Step();
  if (!found.ok()) return found.status();
  if (!*found) return std::nullopt;
  EndedCall ended{find_ended_.IdOf<UserId>(0), find_ended_.IdOf<UserId>(1), find_ended_.BytesOf(2)};
  find_ended_.Reset();
  return ended;
}

absl::Status Store::TrimTraces(std::int64_t before_ms) {
  if (absl::Status begun = database_.Begin(); !begun.ok()) return begun;
  trim_traces_.Bind(kTracesPerTrim, before_ms);
  return database_.End(trim_traces_.Run());
}

absl::StatusOr<int> Store::Project(int rows_max, Slice slice) {
  CHECK(rows_max > 0);
  if (unprojected_ == 0) return 0;
  // Its loss would be harmless, and the next group's flush covers it: WAL is one sequence.
  if (options_.durability == Durability::kFsync) {
    if (absl::Status eased = database_.Execute("PRAGMA synchronous=NORMAL"); !eased.ok()) {
      return eased;
    }
  }
  absl::StatusOr<int> rows = ProjectSlice(rows_max, slice);
  projector_.Forget();
  if (!rows.ok()) {
    held_.Forget();
    read_seq_ = 0;
  }
  const absl::Status restored = database_.Execute(SynchronousOf(options_.durability));
  if (!restored.ok()) return restored;
  if (!rows.ok()) return rows.status();
  unprojected_ -= *rows;
  if (absl::Status status = CheckpointBusy(); !status.ok()) return status;
  return rows;
}

absl::StatusOr<int> Store::ProjectSlice(int rows_max, Slice slice) {
  if (absl::Status begun = database_.Begin(); !begun.ok()) return begun;
  folded_.clear();
  const auto fold = [this](std::int64_t seq, book::Fact fact) {
    folded_.push_back(seq);
    return projector_.Fold(seq, std::move(fact));
  };
  absl::Status status;
  if (slice == Slice::kAllRows || held_.rows() > kHeldRowsMax) status = held_.Release(fold);
  std::int64_t read_seq = read_seq_;
  if (status.ok()) {
    status = ForEachRow(rows_max, [&](std::int64_t seq, book::Fact fact) {
      read_seq = seq;
      if (slice == Slice::kAllRows) return fold(seq, std::move(fact));
      return held_.Take(seq, std::move(fact), fold);
    });
  }
  if (status.ok() && read_seq == read_seq_) status = held_.Release(fold);
  if (status.ok()) status = projector_.Flush();
  if (status.ok()) status = TrimFolded();
  // Never back, where a restart finds rows that were held.
  if (status.ok()) {
    progress_.Bind(read_seq);
    status = progress_.Run();
  }
  status = End(status);
  if (!status.ok()) return status;
  read_seq_ = read_seq;
  return static_cast<int>(folded_.size());
}

std::int64_t Store::shown_seq() const {
  if (unprojected_ == 0) return last_seq();
  if (const auto held = held_.oldest_seq()) return *held - 1;
  return read_seq_;
}

absl::Status Store::ForEachRow(int rows_max, HeldCalls::Fold take) {
  absl::Status status;
  slice_.Bind(read_seq_, rows_max);
  for (;;) {
    const absl::StatusOr<bool> row = slice_.Step();
    status = row.status();
    if (!status.ok() || !*row) break;
    absl::StatusOr<book::Fact> fact = ReadFact(slice_);
    status = fact.ok() ? take(slice_.Int(0), *std::move(fact)) : fact.status();
    if (!status.ok()) break;
  }
  slice_.Reset();
  return status;
}

// A run of rows at a time.
absl::Status Store::TrimFolded() {
  std::sort(folded_.begin(), folded_.end());
  for (std::size_t first = 0; first < folded_.size();) {
    std::size_t last = first;
    while (last + 1 < folded_.size() && folded_[last + 1] == folded_[last] + 1) ++last;
    trim_.Bind(folded_[first], folded_[last]);
    if (absl::Status status = trim_.Run(); !status.ok()) return status;
    first = last + 1;
  }
  return absl::OkStatus();
}

}  // namespace trunkline::store

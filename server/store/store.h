// The embedded store: facts go to the journal, group by group, and are durable before anybody is
// told. Projections are folded from the journal in slices by the same connection; start-up reads
// the projections back as facts, then the rest of the journal.
//
// Lives on the book's thread; not thread-safe. One process per directory (a lock beside the file
// sees to it), one connection that writes and checkpoints: SQLite 3.40 can damage a WAL file that
// two connections write or checkpoint at the same instant. Auth keys lie in the file as they are;
// it is readable by its owner only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/entropy.h"
#include "server/book/box_message.h"
#include "server/book/fact.h"
#include "server/store/backup.h"
#include "server/store/data_dir.h"
#include "server/store/fact_codec.h"
#include "server/store/held_calls.h"
#include "server/store/projector.h"
#include "server/store/record_keys.h"
#include "server/store/record_ledger.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

// How much of the past a book still asks for. The rest stays in the file.
struct Horizon {
  std::int64_t ended_calls_max = std::numeric_limits<std::int64_t>::max();
  std::int64_t ended_since_ms = std::numeric_limits<std::int64_t>::min();
};

enum class Durability : std::uint8_t {
  kFsync,  // what Append acknowledged survives kill -9 and a power cut
  kOs,     // it survives kill -9; a power cut may take the last seconds, never the file
  kNone,   // it survives kill -9; a power cut may take the file
};

class Store {
 public:
  struct Options {
    Durability durability = Durability::kFsync;
    std::int64_t pages_max = 0;  // of 4 KiB, bounds the database file; 0: as large as it gets
    // A checkpoint copies the log into the database file, with two flushes. Idle time pays for it,
    // at the first bound; a store that is never idle pays from the second on, before many must wait
    // for it, and later when groups are large: whoever is in them waits for others anyway, and what
    // many of them change is copied once. In pages of the log.
    int checkpoint_pages_idle = 1'000;
    int checkpoint_pages_busy = 2'000;
    int checkpoint_pages_max = 16'000;
    // Of the log, written ahead of time so that a group's flush only overwrites (sqlite.h).
    int log_pages_reserved = 0;
    // The SQLite VFS to open through, by name; null: the file system. With another one, locking
    // and lasting names are its business.
    const char* vfs = nullptr;
    // For keys and ids of call records, borrowed; null: the system's.
    Entropy* entropy = nullptr;
  };

  // Makes `dir` and the database, or brings an older one up to date. FailedPrecondition, naming
  // what is wrong, when the directory is in use or the file isn't ours to read.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::filesystem::path& dir,
                                                     Options options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // What leads an empty book to where it was, as far back as `horizon` says: first the projections,
  // then the unprojected rows as they were. Takes as long as there is to give, whatever lies beyond
  // the horizon. The messages that a box keeps come apart from facts where their call isn't given.
  // DataLoss, naming the row, when one can't be read.
  absl::Status Restore(const Horizon& horizon, absl::FunctionRef<void(const book::Fact&)> apply,
                       absl::FunctionRef<void(const book::BoxMessage&)> keep);
  // Everything that was ever appended.
  absl::Status Restore(absl::FunctionRef<void(const book::Fact&)> apply);

  // One group, one transaction. ok: durable, as `durability` says. ResourceExhausted, Unavailable:
  // nothing was written, undo the group and go on. DataLoss: nobody knows what the disk holds, end
  // the process. The caller numbers the versions; one that doesn't continue is found by Project.
  absl::Status Append(std::span<const book::Fact> facts);

  // Folds up to `rows_max` (> 0) of the oldest journal rows into the projections and deletes them
  // from the journal, in one transaction; gives their number. Worth calling with a thousand or
  // more: what a call's rows share is written once. Errors as for Append, and Internal for a row
  // that doesn't continue what was folded before it, which is our bug; a DataLoss may name a row.
  // Needs no flush of its own: a slice lost in a power cut is projected again.
  enum class Slice : std::uint8_t {
    kAllRows,     // what was held back too, which may be more than `rows_max`
    kWholeCalls,  // calls that have not ended are held back, within bounds (held_calls.h): tables
                  // get their rows later, and each call's at once
  };
  absl::StatusOr<int> Project(int rows_max, Slice slice = Slice::kAllRows);

  // One transaction for changes of what is projected: everything appended is projected first, then
  // `change` runs, and what it wrote is durable when this returns ok. Errors as for Append, or
  // whatever `change` returned: then nothing of it was written.
  absl::Status Change(absl::FunctionRef<absl::Status()> change);
  // From within `change`: facts that belong to it. Tables show them when this returns.
  absl::Status AddFacts(std::span<const book::Fact> facts);

  // For quiet times: copies the log into the database file if there is enough of it. Errors as for
  // Append.
  absl::Status CheckpointIdle() { return Checkpoint(options_.checkpoint_pages_idle); }

  // What can be done with call records; to be used from within `change`. Other threads read them
  // through a RecordReader of their own.
  records::Ledger& records() { return *ledger_; }
  // What opens the personal fields that such a reader finds.
  std::shared_ptr<const RecordKeys> keys() const { return keys_; }

  // Begins a copy of the file at `file`, which goes before the store does (backup.h).
  // InvalidArgument for a name that this server or SQLite might take for one of its own, else as
  // Backup::Begin.
  absl::StatusOr<std::unique_ptr<Backup>> BeginBackup(const std::filesystem::path& file);
  // Of a call that has ended and was projected: the users, and its trace as it was appended, empty
  // if it is no longer kept. nullopt: no such call.
  struct EndedCall {
    UserId caller, callee;
    Bytes trace;
  };
  absl::StatusOr<std::optional<EndedCall>> FindEnded(CallId call);
  // Forgets traces of calls that ended before then, a bounded number at a time; errors as for
  // Append.
  absl::Status TrimTraces(std::int64_t before_ms);

  // Journal rows still to be projected.
  std::int64_t unprojected() const { return unprojected_; }
  // Places in the journal: of the last row, of the last that slices have come to, and of the last
  // that, with all before it, tables show.
  std::int64_t last_seq() const { return next_seq_ - 1; }
  std::int64_t read_seq() const { return read_seq_; }
  std::int64_t shown_seq() const;

 private:
  Store(std::optional<DataDir> dir, std::shared_ptr<RecordKeys> keys, Database database,
        Options options);
  absl::Status Prepare();
  absl::Status PrepareRecords();
  absl::Status ReplayJournal(absl::FunctionRef<void(const book::Fact&)> apply);
  absl::Status InsertAll(std::span<const book::Fact> facts);
  absl::StatusOr<int> ProjectSlice(int rows_max, Slice slice);
  absl::Status ForEachRow(int rows_max, HeldCalls::Fold take);
  absl::Status TrimFolded();
  absl::StatusOr<book::Fact> ReadFact(const Statement& row);
  // Ends the transaction as Database::End, with the keys of what it sealed.
  absl::Status End(absl::Status done);
  absl::Status Checkpoint(int pages_min);
  absl::Status CheckpointBusy();
  static int OnWalGrown(void* self, sqlite3*, const char*, int pages);

  const std::optional<DataDir> dir_;
  const std::shared_ptr<RecordKeys> keys_;
  Database database_;
  const Options options_;
  FactCodec codec_;
  records::OidSource record_ids_;
  Projector projector_;
  std::unique_ptr<RecordLedger> ledger_;
  Statement insert_, slice_, trim_, progress_, find_ended_, trim_traces_;
  std::int64_t next_seq_ = 1;
  std::int64_t unprojected_ = 0;
  HeldCalls held_;
  std::int64_t read_seq_ = 0;         // journal rows up to here are projected or held
  std::vector<std::int64_t> folded_;  // in the slice under way
  std::int64_t added_ = 0;            // facts of the change under way
  int wal_pages_ = 0;                 // since the last checkpoint
  double usual_group_ = 0;            // facts
};

}  // namespace trunkline::store

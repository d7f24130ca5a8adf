// An online copy of the store's file, made through the store's own connection: no other connection
// may open the live file (see store.h). Pages are copied a slice at a time; what the connection
// writes between two slices, SQLite carries into the copy, so the finished copy is the store as it
// was after the last slice.
//
// The copy grows as FILE.part, readable by its owner only, and gets its name when all of it is on
// the disk. Until then nothing stands at FILE, and an object that goes away early removes its part.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

class Backup {
 public:
  // AlreadyExists: there is something at `file`. Unavailable, naming what is in the way: no copy
  // can be made there. A part that an earlier process left behind is replaced. The source outlives
  // the copying.
  static absl::StatusOr<std::unique_ptr<Backup>> Begin(Database* source,
                                                       const std::filesystem::path& file);
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // Copies about `pages_max` (> 0) more pages, on the source's thread. True: that was all, the
  // source isn't needed any longer. Unavailable: the copy has failed for good, the source hasn't.
  absl::StatusOr<bool> Copy(int pages_max);

  // After Copy has said true, on any thread: waits for the disk, then gives the copy its name.
  // Its size in bytes; AlreadyExists and Unavailable as for Begin.
  absl::StatusOr<std::int64_t> Finish();

 private:
  explicit Backup(const std::filesystem::path& file);
  absl::Status MakePart();
  absl::Status OpenCopy(Database* source);
  absl::Status CloseCopy();
  absl::Status NamePart();

  struct EndCopying {
    void operator()(sqlite3_backup* raw) const { sqlite3_backup_finish(raw); }
  };

  const std::filesystem::path file_, part_;
  int fd_ = -1;  // the part's, from its first byte on: a failed write-back is told to its fsync
  bool has_part_ = false;
  std::optional<Database> copy_;
  std::unique_ptr<sqlite3_backup, EndCopying> copying_;
  // A group that is undone makes SQLite begin again. Each time the slices double, so that a store
  // that has no room for anything still gets its copy.
  int pages_left_ = std::numeric_limits<int>::max();
  int pages_min_ = 0;
};

}  // namespace trunkline::store

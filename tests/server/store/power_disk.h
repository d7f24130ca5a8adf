// A disk in memory under SQLite, whose power can fail. What was written since a file's last flush
// is kept apart: after a cut each of its sectors is there, is not, or is there in part, in no
// order, and so are a file's new length and the names given and taken since the directory's last
// flush. Also a disk that refuses operations, and a process that is killed (everything written
// stays, nothing more is durable than before).
//
// It acts as SQLite's own `unix` VFS does where that decides about flushes: powersafe overwrite,
// sectors of 4096 bytes, and a first flush of a log or journal that makes the names durable.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace trunkline::store {

class PowerDisk {
 public:
  explicit PowerDisk(std::uint64_t seed);
  ~PowerDisk();
  PowerDisk(const PowerDisk&) = delete;
  PowerDisk& operator=(const PowerDisk&) = delete;

  // Names it to Store::Options. Valid as long as the disk.
  const char* vfs() const { return name_.c_str(); }

  // Writes, flushes, truncations, creations and deletions so far.
  int operations() const { return operations_; }

  // Everything stops inside the n-th operation from now (1: the next): it happens in part, and it
  // and all that follow fail.
  void StopAt(int n) { stop_at_ = operations_ + n; }
  void NeverStop() { stop_at_.reset(); }
  bool stopped() const { return stopped_; }
  // The operation that it stopped in: "write wal", "flush db", "name journal" ...
  const std::string& stopped_in() const { return stopped_in_; }

  // Writes and flushes from the n-th from now on fail with `code`, `times` of them; SQLITE_FULL
  // leaves flushes alone.
  void FailAt(int n, int code, int times = 1);
  bool failed() const { return failed_; }

  // Blocks read so far.
  std::int64_t reads() const { return reads_; }

  // What a restart finds. No file may be open.
  void CutPower();
  void KillProcess() { stopped_ = false; }

  // As DataDir::SyncNames.
  void SyncNames();

  // What every file holds, by name. No file may be open.
  using Image = std::map<std::string, std::string>;
  Image TakeImage() const;
  // In place of whatever is there, and durable.
  void Load(const Image& image);

  // Sectors written and not flushed that cuts have taken, and torn in part.
  std::int64_t sectors_lost() const { return sectors_lost_; }
  std::int64_t sectors_torn() const { return sectors_torn_; }

 private:
  struct Write {
    std::int64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`
  };
  struct Inode {
    std::string kind;  // db, wal, journal
    std::string durable, now;
    std::vector<Write> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct NameChange {
    std::string name;
    std::shared_ptr<Inode> to;  // null: deleted
  };
  struct File;  // a sqlite3_file, with its methods

  static void Apply(const Write& write, std::string& content);
  static void Apply(const NameChange& change, Names& names);

  void Register();

  // Each is one operation and gives SQLite's code.
  int Change(Inode& inode, Write write);
  int Sync(Inode& inode, bool names_too);
  int Name(const std::string& name, std::shared_ptr<Inode> to);
  int Unname(const std::string& name, bool sync);

  // What becomes of the operation that is about to happen.
  enum class Fate : std::uint8_t { kHappens, kLast, kFails };
  Fate NextOperation(const char* what, const Inode& inode);

  bool Chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  Names NamesAfterCut();
  std::string ContentAfterCut(const Inode& inode);
  void ApplySectors(const Write& write, double kept, std::string& content);
  void Resize(const Inode& inode, std::string& content);

  const std::string name_;
  std::mt19937_64 random_;
  sqlite3_vfs vfs_{};
  Names durable_names_, names_;
  std::vector<NameChange> unsynced_names_;
  int files_open_ = 0;
  std::int64_t reads_ = 0;
  int operations_ = 0;
  std::optional<int> stop_at_;
  bool stopped_ = false;
  std::string stopped_in_;
  int fail_from_ = 0, fail_until_ = 0, fail_code_ = SQLITE_OK;
  int failable_ = 0;  // operations that the fault counts
  bool failed_ = false;
  std::int64_t sectors_lost_ = 0, sectors_torn_ = 0;
};

}  // namespace trunkline::store

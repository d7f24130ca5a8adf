// A file system for SQLite that writes a transaction's frames to the log together. SQLite itself
// writes each with two calls, its header and its page (file format, section 4.1).
//
// When the write of a commit's last page returns, all of the transaction is with the file system
// below, or the error is told: readers and flushes meet nothing else than without this.
#pragma once

#include <memory>
#include <string>

#include <sqlite3.h>

namespace trunkline::store {

// SQLite's default, and what its log has before each page.
inline constexpr sqlite3_int64 kPageBytes = 4096, kFrameHeaderBytes = 24;

// Registered as long as it lives, which is longer than every connection that was opened through it.
class GatheringVfs {
 public:
  // Over the file system of that name, or over SQLite's own; null: there is none of that name.
  static std::unique_ptr<GatheringVfs> Over(const char* below);
  ~GatheringVfs();
  GatheringVfs(const GatheringVfs&) = delete;
  GatheringVfs& operator=(const GatheringVfs&) = delete;

  const char* name() const { return name_.c_str(); }

 private:
  struct Vfs : sqlite3_vfs {
    sqlite3_vfs* below = nullptr;
  };
  explicit GatheringVfs(sqlite3_vfs* below);
  static int Open(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags,
                  int* flags_out);

  const std::string name_;
  Vfs vfs_;
};

}  // namespace trunkline::store

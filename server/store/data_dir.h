// The data directory and who may use it: one process at a time.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace trunkline::store {

// Holds DIR/trunkline.lock (flock) while it lives; the kernel lets go when the process ends,
// however it ends.
class DataDir {
 public:
  // Makes DIR (0700) and empty DIR/trunkline.db and DIR/record.keys (0600; SQLite gives its side
  // files the same mode), unless they are there. FailedPrecondition when another process holds the
  // lock.
  static absl::StatusOr<DataDir> Lock(const std::filesystem::path& dir);

  DataDir(DataDir&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}
  DataDir& operator=(DataDir&&) = delete;
  ~DataDir();

  // New names in `dir` survive a power cut after this.
  static absl::Status SyncNames(const std::filesystem::path& dir);

 private:
  explicit DataDir(int lock) : lock_(lock) {}

  int lock_;  // file descriptor, -1 = moved away
};

}  // namespace trunkline::store

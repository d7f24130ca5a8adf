// Makes copies of the store on the book's thread, one at a time and a slice at a time, so that a
// group never waits for more than one slice; the disk is waited for on a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "server/store/store.h"

namespace trunkline::io {

// 1 MiB: about as long as a group's flush takes.
inline constexpr int kBackupSlicePages = 256;

struct BackupDone {
  std::int64_t bytes = 0;
  std::chrono::milliseconds took{};
};
// On any thread. Aborted: another one is running. Cancelled: the server stops. Else as
// Store::BeginBackup.
using BackedUp = std::function<void(absl::StatusOr<BackupDone>)>;

class BackupRunner {
 public:
  // Both outlive it. `context` is the book's thread.
  BackupRunner(store::Store* store, boost::asio::io_context* context)
      : store_(store), context_(context) {}
  ~BackupRunner() { Stop(); }

  // On the book's thread.
  void Start(const std::filesystem::path& file, BackedUp done);
  // After the book's thread has ended: a copy that isn't whole is removed, and whoever waits is
  // told.
  void Stop();

 private:
  struct Running {
    std::unique_ptr<store::Backup> copy;
    BackedUp done;
    std::chrono::steady_clock::time_point since;
    std::thread finisher;
    std::optional<absl::StatusOr<std::int64_t>> bytes;  // the finisher's, read after it has ended
  };

  void Slice();
  void Finish();
  void End(absl::StatusOr<std::int64_t> bytes);

  store::Store* const store_;
  boost::asio::io_context* const context_;
  std::optional<Running> running_;
};

}  // namespace trunkline::io

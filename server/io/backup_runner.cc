#include "server/io/backup_runner.h"

#include <utility>

#include "boost/asio/post.hpp"
#include "common/log.h"

namespace trunkline::io {

void BackupRunner::Start(const std::filesystem::path& file, BackedUp done) {
  if (running_) return done(absl::AbortedError("another backup is running"));
  auto copy = store_->BeginBackup(file);
  if (!copy.ok()) return done(copy.status());
  running_.emplace();
  running_->copy = *std::move(copy);
  running_->done = std::move(done);
  running_->since = std::chrono::steady_clock::now();
  boost::asio::post(*context_, [this] { Slice(); });
}

void BackupRunner::Slice() {
  const absl::StatusOr<bool> all = running_->copy->Copy(kBackupSlicePages);
  if (!all.ok()) return End(all.status());
  if (*all) return Finish();
  boost::asio::post(*context_, [this] { Slice(); });  // behind whatever has come meanwhile
}

// The store isn't needed any longer, and how long a disk takes for a whole file is anybody's guess.
void BackupRunner::Finish() {
  running_->finisher = std::thread([this] {
    running_->bytes = running_->copy->Finish();
    boost::asio::post(*context_, [this] {
      running_->finisher.join();
      End(*running_->bytes);
    });
  });
}

void BackupRunner::End(absl::StatusOr<std::int64_t> bytes) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - running_->since);
  const BackedUp done = std::move(running_->done);
  running_.reset();  // the next one may begin as soon as this one is told
  if (!bytes.ok()) {
    log::Warn("backup: {}", std::string(bytes.status().message()));
    return done(bytes.status());
  }
  log::Info("backup of {} bytes in {} ms", *bytes, took.count());
  done(BackupDone{*bytes, took});
}

void BackupRunner::Stop() {
  if (!running_) return;
  if (running_->finisher.joinable()) {
    running_->finisher.join();
    return End(*running_->bytes);
  }
  End(absl::CancelledError("the server is stopping"));
}

}  // namespace trunkline::io

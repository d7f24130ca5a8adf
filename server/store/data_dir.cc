#include "server/store/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trunkline::store {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(absl::string_view doing, const fs::path& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(doing, " ", path.string()));
}

absl::Status MakeDirectory(const fs::path& dir) {
  std::error_code error;
  if (dir.has_parent_path()) fs::create_directories(dir.parent_path(), error);
  if (::mkdir(dir.c_str(), 0700) == 0) return DataDir::SyncNames(dir / "..");
  if (errno == EEXIST) return absl::OkStatus();
  return Failed("make directory", dir);
}

// Auth keys are in the file as they are, so nobody else may read it.
absl::Status MakeFile(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open", file);
  ::close(fd);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DataDir> DataDir::Lock(const fs::path& dir) {
  if (absl::Status status = MakeDirectory(dir); !status.ok()) return status;
  const fs::path file = dir / "trunkline.lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open", file);
  DataDir locked(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", file);
    return absl::FailedPreconditionError(
        absl::StrCat("data directory ", dir.string(), " is in use by another trunkline-server"));
  }
  for (const char* const name : {"trunkline.db", "record.keys"}) {
    if (absl::Status status = MakeFile(dir / name); !status.ok()) return status;
  }
  return locked;
}

DataDir::~DataDir() {
  if (lock_ >= 0) ::close(lock_);
}

absl::Status DataDir::SyncNames(const fs::path& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", dir);
  const bool synced = ::fsync(fd) == 0;
  absl::Status status = synced ? absl::OkStatus() : Failed("sync", dir);
  ::close(fd);
  return status;
}

}  // namespace trunkline::store

#include "server/store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "server/store/data_dir.h"

namespace trunkline::store {
namespace {

namespace fs = std::filesystem;

// Nothing reads the copy before Finish has synced it, so SQLite need not protect it.
constexpr const char* kCopySetUp =
    "PRAGMA journal_mode=OFF;"
    "PRAGMA synchronous=OFF;"
    "PRAGMA locking_mode=EXCLUSIVE;";

absl::Status Failed(absl::string_view doing, const fs::path& path, int error) {
  const std::string text = absl::StrCat(doing, " ", path.string(), ": ", std::strerror(error));
  return error == EEXIST ? absl::AlreadyExistsError(text) : absl::UnavailableError(text);
}

// The copy's troubles are not the store's: whatever they are, the process goes on.
absl::Status Softened(const absl::Status& status) {
  return status.ok() ? status : absl::UnavailableError(status.message());
}

absl::Status RefuseTaken(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0) return Failed("make", file, EEXIST);
  return errno == ENOENT ? absl::OkStatus() : Failed("make", file, errno);
}

}  // namespace

Backup::Backup(const fs::path& file) : file_(file), part_(file.string() + ".part") {}

Backup::~Backup() {
  copying_.reset();
  copy_.reset();
  if (fd_ >= 0) ::close(fd_);
  if (has_part_) ::unlink(part_.c_str());
}

absl::StatusOr<std::unique_ptr<Backup>> Backup::Begin(Database* source, const fs::path& file) {
  if (absl::Status status = RefuseTaken(file); !status.ok()) return status;
  std::unique_ptr<Backup> backup(new Backup(file));
  absl::Status status = backup->MakePart();
  if (status.ok()) status = backup->OpenCopy(source);
  if (!status.ok()) return status;
  return backup;
}

absl::Status Backup::MakePart() {
  struct stat info {};
  if (::lstat(part_.c_str(), &info) == 0 && S_ISREG(info.st_mode)) ::unlink(part_.c_str());
  fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd_ < 0) return Softened(Failed("make", part_, errno));
  has_part_ = true;
  return absl::OkStatus();
}

absl::Status Backup::OpenCopy(Database* source) {
  absl::StatusOr<Database> copy = Database::Open(part_.string());
  if (!copy.ok()) return Softened(copy.status());
  copy_.emplace(*std::move(copy));
  if (absl::Status status = copy_->Execute(kCopySetUp); !status.ok()) return Softened(status);
  copying_.reset(sqlite3_backup_init(copy_->raw(), "main", source->raw(), "main"));
  if (copying_ != nullptr) return absl::OkStatus();
  return Softened(ToStatus(copy_->raw(), sqlite3_errcode(copy_->raw()), "begin to copy"));
}

absl::StatusOr<bool> Backup::Copy(int pages_max) {
  CHECK(pages_max > 0 && copying_ != nullptr);
  const int pages = std::max(pages_max, pages_min_);
  const int code = sqlite3_backup_step(copying_.get(), pages);
  // The disk begins to write now, so that neither the end nor a commit of the store has to wait
  // for the whole copy at once. Only a hint: Finish is what counts.
  ::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE);
  if (code == SQLITE_OK) {
    const int left = sqlite3_backup_remaining(copying_.get());
    if (left >= pages_left_) pages_min_ = 2 * pages;
    pages_left_ = left;
    return false;
  }
  if (code == SQLITE_DONE) {
    if (absl::Status status = CloseCopy(); !status.ok()) return status;
    return true;
  }
  return Softened(ToStatus(copy_->raw(), code, absl::StrCat("copy to ", part_.string())));
}

absl::Status Backup::CloseCopy() {
  const int code = sqlite3_backup_finish(copying_.release());
  const absl::Status status =
      ToStatus(copy_->raw(), code, absl::StrCat("copy to ", part_.string()));
  copy_.reset();
  return Softened(status);
}

absl::StatusOr<std::int64_t> Backup::Finish() {
  CHECK(has_part_ && !copy_);
  struct stat info {};
  if (::fsync(fd_) != 0 || ::fstat(fd_, &info) != 0) return Softened(Failed("sync", part_, errno));
  if (absl::Status status = NamePart(); !status.ok()) return status;
  has_part_ = false;
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  if (absl::Status status = DataDir::SyncNames(folder); !status.ok()) {
    ::unlink(file_.c_str());
    return Softened(status);
  }
  return info.st_size;
}

// Not over what has come to stand there meanwhile.
absl::Status Backup::NamePart() {
  if (::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, file_.c_str(), RENAME_NOREPLACE) == 0) {
    return absl::OkStatus();
  }
  // Some network file systems know no such renaming; there a look must do.
  if (errno != EINVAL && errno != ENOSYS) return Failed("rename to", file_, errno);
  if (absl::Status status = RefuseTaken(file_); !status.ok()) return status;
  if (::rename(part_.c_str(), file_.c_str()) == 0) return absl::OkStatus();
  return Failed("rename to", file_, errno);
}

}  // namespace trunkline::store

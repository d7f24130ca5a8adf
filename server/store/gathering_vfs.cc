#include "server/store/gathering_vfs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

// Of a frame's header: pages of the file after this commit; zeros in every frame but its last.
constexpr std::size_t kCommitAt = 4, kCommitBytes = 4;
// Frames. SQLite's own file system takes the size of a write modulo 128 KiB.
constexpr std::size_t kGatheredMax = 31 * (kFrameHeaderBytes + kPageBytes);

// The log. Where it lies in memory SQLite decides; the file below follows it there.
class GatheredLog {
 public:
  explicit GatheredLog(sqlite3_file* below) : below_(below) {}

  int Write(const void* data, int size, sqlite3_int64 at) {
    const auto bytes = static_cast<std::size_t>(size);
    // After a spill SQLite reads frames again and corrects their headers, which no page follows.
    const bool is_header = size == kFrameHeaderBytes && at != read_at_;
    const bool is_page = at == page_at_;
    page_at_ = is_header ? at + size : -1;
    // Anything else than frames is none of our business.
    const bool is_frame = (is_header || is_page) && bytes <= kGatheredMax;
    const bool follows = at == at_ + static_cast<sqlite3_int64>(gathered_);
    if (!is_frame || !follows || gathered_ + bytes > kGatheredMax) {
      if (const int code = Flush(); code != SQLITE_OK) return code;
    }
    if (!is_frame) return below_->pMethods->xWrite(below_, data, size, at);
    if (gathered_ == 0) at_ = at;
    std::memcpy(buffer_.data() + gathered_, data, bytes);
    gathered_ += bytes;
    if (is_header) ends_ = IsCommit(static_cast<const char*>(data));
    return is_page && ends_ ? Flush() : SQLITE_OK;
  }

  int Read(void* into, int size, sqlite3_int64 at) {
    read_at_ = at;
    const int code = Flush();
    return code != SQLITE_OK ? code : below_->pMethods->xRead(below_, into, size, at);
  }

  // What couldn't be written is forgotten: its transaction has failed.
  int Flush() {
    if (gathered_ == 0) return SQLITE_OK;
    const int size = static_cast<int>(gathered_);
    gathered_ = 0;
    return below_->pMethods->xWrite(below_, buffer_.data(), size, at_);
  }

  sqlite3_file* below() { return below_; }

 private:
  static bool IsCommit(const char* header) {
    return std::any_of(header + kCommitAt, header + kCommitAt + kCommitBytes,
                       [](char byte) { return byte != 0; });
  }

  sqlite3_file* const below_;
  sqlite3_int64 at_ = 0;        // of the first byte gathered
  sqlite3_int64 page_at_ = -1;  // where the page of the last header belongs
  sqlite3_int64 read_at_ = -1;  // the last read
  bool ends_ = false;           // that header is of a commit's last frame
  std::size_t gathered_ = 0;
  std::array<char, kGatheredMax> buffer_;
};

// What SQLite allocates for a file: ours, and behind it the one below.
struct File {
  sqlite3_file base;  // first: SQLite knows no more of us
  GatheredLog* log;
};
constexpr std::size_t kBelowAt = (sizeof(File) + alignof(std::max_align_t) - 1) /
                                 alignof(std::max_align_t) * alignof(std::max_align_t);

GatheredLog& LogOf(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->log;
}

// `call` on the file below, when nothing is gathered any more.
template <class Call>
int After(sqlite3_file* file, Call call) {
  GatheredLog& log = LogOf(file);
  const int code = log.Flush();
  return code != SQLITE_OK ? code : call(log.below()->pMethods, log.below());
}

int Close(sqlite3_file* file) {
  GatheredLog* const log = &LogOf(file);
  sqlite3_file* const below = log->below();
  const int flushed = log->Flush();
  delete log;
  const int closed = below->pMethods->xClose(below);
  return flushed != SQLITE_OK ? flushed : closed;
}
int Read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return LogOf(file).Read(into, size, at);
}
int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  return LogOf(file).Write(data, size, at);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return After(file, [=](const auto* of, auto* log) { return of->xTruncate(log, size); });
}
int Sync(sqlite3_file* file, int flags) {
  return After(file, [=](const auto* of, auto* log) { return of->xSync(log, flags); });
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return After(file, [=](const auto* of, auto* log) { return of->xFileSize(log, size); });
}
int Lock(sqlite3_file* file, int lock) {
  return After(file, [=](const auto* of, auto* log) { return of->xLock(log, lock); });
}
int Unlock(sqlite3_file* file, int lock) {
  return After(file, [=](const auto* of, auto* log) { return of->xUnlock(log, lock); });
}
int CheckReservedLock(sqlite3_file* file, int* held) {
  return After(file, [=](const auto* of, auto* log) { return of->xCheckReservedLock(log, held); });
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return After(file,
               [=](const auto* of, auto* log) { return of->xFileControl(log, what, argument); });
}
int SectorSize(sqlite3_file* file) {
  sqlite3_file* const below = LogOf(file).below();
  return below->pMethods->xSectorSize(below);
}
int DeviceCharacteristics(sqlite3_file* file) {
  sqlite3_file* const below = LogOf(file).below();
  return below->pMethods->xDeviceCharacteristics(below);
}

// Version 1: logs are neither shared nor mapped.
constexpr sqlite3_io_methods kLogMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = SectorSize,
    .xDeviceCharacteristics = DeviceCharacteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

std::string NewName() {
  static std::atomic<unsigned> made = 0;
  return absl::StrCat("trunkline-gathering-", ++made);
}

}  // namespace

std::unique_ptr<GatheringVfs> GatheringVfs::Over(const char* below) {
  sqlite3_vfs* const found = sqlite3_vfs_find(below);
  return found == nullptr ? nullptr : std::unique_ptr<GatheringVfs>(new GatheringVfs(found));
}

// Everything but opening is the other's, with what it keeps in its own structure.
GatheringVfs::GatheringVfs(sqlite3_vfs* below) : name_(NewName()), vfs_{*below, below} {
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(kBelowAt) + below->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.xOpen = Open;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/0);
}

GatheringVfs::~GatheringVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

int GatheringVfs::Open(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags,
                       int* flags_out) {
  sqlite3_vfs* const vfs = static_cast<Vfs*>(self)->below;
  if ((flags & SQLITE_OPEN_WAL) == 0) return vfs->xOpen(vfs, name, file, flags, flags_out);
  auto* const below = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kBelowAt);
  file->pMethods = nullptr;
  const int code = vfs->xOpen(vfs, name, below, flags, flags_out);
  if (code != SQLITE_OK) {
    if (below->pMethods != nullptr) below->pMethods->xClose(below);
    return code;
  }
  auto* const log = new (std::nothrow) GatheredLog(below);
  if (log == nullptr) {
    below->pMethods->xClose(below);
    return SQLITE_NOMEM;
  }
  reinterpret_cast<File*>(file)->log = log;
  file->pMethods = &kLogMethods;
  return SQLITE_OK;
}

}  // namespace trunkline::store

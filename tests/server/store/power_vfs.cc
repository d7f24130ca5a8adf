// The SQLite side of PowerDisk: a VFS for one connection at a time. Locks are always granted, and
// shared memory is the connection's own.
#include <algorithm>
#include <cstring>
#include <new>

#include "common/check.h"
#include "tests/server/store/power_disk.h"

namespace trunkline::store {

struct PowerDisk::File {
  sqlite3_file base{};
  PowerDisk* disk = nullptr;
  std::shared_ptr<Inode> inode;
  bool temporary = false;
  // As the unix VFS: the first flush of a log or journal that it may have made.
  bool sync_names = false;
  std::vector<std::unique_ptr<char[]>> shared;

  static File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  static int Close(sqlite3_file* file) {
    --Of(file).disk->files_open_;
    Of(file).~File();
    return SQLITE_OK;
  }
  static int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    ++Of(file).disk->reads_;
    const std::string& content = Of(file).inode->now;
    const auto from = std::min(static_cast<std::size_t>(offset), content.size());
    const auto count = std::min(static_cast<std::size_t>(size), content.size() - from);
    std::memcpy(to, content.data() + from, count);
    std::memset(static_cast<char*>(to) + count, 0, static_cast<std::size_t>(size) - count);
    return count == static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    PowerDisk::Write write{offset,
                           {static_cast<const char*>(from), static_cast<std::size_t>(size)}};
    return Change(Of(file), std::move(write));
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    return Change(Of(file), {size, {}, true});
  }
  static int Change(File& file, PowerDisk::Write write) {
    if (!file.temporary) return file.disk->Change(*file.inode, std::move(write));
    Apply(write, file.inode->now);
    return SQLITE_OK;
  }
  static int Sync(sqlite3_file* file, int) {
    File& of = Of(file);
    if (of.temporary) return SQLITE_OK;
    const int code = of.disk->Sync(*of.inode, of.sync_names);
    if (code == SQLITE_OK) of.sync_names = false;
    return code;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    *size = std::ssize(Of(file).inode->now);
    return SQLITE_OK;
  }
  static int Lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int Unlock(sqlite3_file*, int) { return SQLITE_OK; }
  static int CheckReservedLock(sqlite3_file*, int* result) {
    *result = 0;
    return SQLITE_OK;
  }
  static int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int SectorSize(sqlite3_file*) { return 4096; }
  static int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
  static int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** to) {
    auto& shared = Of(file).shared;
    *to = nullptr;
    if (static_cast<std::size_t>(region) >= shared.size()) {
      if (extend == 0) return SQLITE_OK;
      shared.resize(static_cast<std::size_t>(region) + 1);
    }
    auto& memory = shared[static_cast<std::size_t>(region)];
    if (memory == nullptr) memory = std::make_unique<char[]>(static_cast<std::size_t>(size));
    *to = memory.get();
    return SQLITE_OK;
  }
  static int ShmLock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
  static void ShmBarrier(sqlite3_file*) {}
  static int ShmUnmap(sqlite3_file* file, int) {
    Of(file).shared.clear();
    return SQLITE_OK;
  }

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  Close,
                                                  Read,
                                                  Write,
                                                  Truncate,
                                                  Sync,
                                                  FileSize,
                                                  Lock,
                                                  Unlock,
                                                  CheckReservedLock,
                                                  FileControl,
                                                  SectorSize,
                                                  DeviceCharacteristics,
                                                  ShmMap,
                                                  ShmLock,
                                                  ShmBarrier,
                                                  ShmUnmap,
                                                  nullptr,
                                                  nullptr};

  static PowerDisk& DiskOf(sqlite3_vfs* vfs) { return *static_cast<PowerDisk*>(vfs->pAppData); }

  static int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* raw, int flags,
                  int* out_flags) {
    raw->pMethods = nullptr;
    PowerDisk& disk = DiskOf(vfs);
    std::shared_ptr<Inode> inode = std::make_shared<Inode>();
    if (name != nullptr) {
      const auto at = disk.names_.find(name);
      if (at != disk.names_.end()) {
        inode = at->second;
      } else if ((flags & SQLITE_OPEN_CREATE) == 0) {
        return SQLITE_CANTOPEN;
      } else if (const int code = disk.Name(name, inode); code != SQLITE_OK) {
        return code;
      }
    }
    File* file = new (raw) File;
    file->base.pMethods = &kMethods;
    file->disk = &disk;
    file->inode = std::move(inode);
    file->temporary = name == nullptr;
    file->sync_names = (flags & SQLITE_OPEN_CREATE) != 0 &&
                       (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    ++disk.files_open_;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_names) {
    PowerDisk& disk = DiskOf(vfs);
    if (!disk.names_.contains(name)) return SQLITE_IOERR_DELETE_NOENT;
    return disk.Unname(name, sync_names != 0);
  }
  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
    // A log or journal of no length doesn't exist for SQLite, as in the unix VFS.
    const auto at = DiskOf(vfs).names_.find(name);
    *result = at != DiskOf(vfs).names_.end() &&
              (flags != SQLITE_ACCESS_EXISTS || !at->second->now.empty());
    return SQLITE_OK;
  }
  static int FullPathname(sqlite3_vfs*, const char* name, int size, char* to) {
    const std::size_t length = std::strlen(name);
    if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
    std::memcpy(to, name, length + 1);
    return SQLITE_OK;
  }
  static int Randomness(sqlite3_vfs* vfs, int size, char* to) {
    std::generate_n(to, size, [vfs] { return static_cast<char>(DiskOf(vfs).random_()); });
    return size;
  }
  static int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int CurrentTime(sqlite3_vfs*, double* julian_days) {
    *julian_days = 2'460'000;
    return SQLITE_OK;
  }
  static int GetLastError(sqlite3_vfs*, int, char*) { return 0; }
};

void PowerDisk::Register() {
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(File);
  vfs_.mxPathname = 256;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = File::Open;
  vfs_.xDelete = File::Delete;
  vfs_.xAccess = File::Access;
  vfs_.xFullPathname = File::FullPathname;
  vfs_.xRandomness = File::Randomness;
  vfs_.xSleep = File::Sleep;
  vfs_.xCurrentTime = File::CurrentTime;
  vfs_.xGetLastError = File::GetLastError;
  CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
}

}  // namespace trunkline::store

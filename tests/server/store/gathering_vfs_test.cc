#include "server/store/gathering_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "server/store/sqlite.h"
#include "tests/support/temp_dir.h"

namespace trunkline::store {
namespace {

struct Written {
  int size;
  sqlite3_int64 at;
};

// SQLite's own file system, which notes what is written to logs, and refuses it on demand.
class NotingVfs {
 public:
  NotingVfs() : vfs_(*sqlite3_vfs_find(nullptr)) {
    log = this;
    vfs_.zName = kName;
    vfs_.pNext = nullptr;
    vfs_.xOpen = Open;
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~NotingVfs() { sqlite3_vfs_unregister(&vfs_); }

  static constexpr const char* kName = "noting";
  std::vector<Written> written;
  int refusal = SQLITE_OK;

 private:
  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
    const int code = below->xOpen(below, name, file, flags, flags_out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    real = file->pMethods;
    noting = *real;
    noting.xWrite = Write;
    file->pMethods = &noting;
    return code;
  }
  static int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    if (log->refusal != SQLITE_OK) return log->refusal;
    log->written.push_back({size, at});
    return real->xWrite(file, data, size, at);
  }

  static inline NotingVfs* log = nullptr;
  static inline const sqlite3_io_methods* real = nullptr;
  static inline sqlite3_io_methods noting{};
  sqlite3_vfs vfs_;
};

class GatheringVfsTest : public testing::Test {
 protected:
  GatheringVfsTest() {
    std::ofstream empty(file());
    auto opened = Database::Open(file(), NotingVfs::kName);
    EXPECT_TRUE(opened.ok()) << opened.status();
    database_.emplace(*std::move(opened));
    EXPECT_TRUE(database_->UseLog().ok());
    Do("PRAGMA synchronous=FULL; CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)");
    vfs_.written.clear();
  }

  std::string file() const { return dir_.path() + "/gathered.db"; }
  void Do(const char* sql) {
    const absl::Status status = database_->Execute(sql);
    EXPECT_TRUE(status.ok()) << status;
  }
  // As another connection of the process sees it.
  std::int64_t Seen(const char* sql) {
    auto reader = Database::OpenToRead(file());
    EXPECT_TRUE(reader.ok()) << reader.status();
    const auto number = reader->Number(sql);
    EXPECT_TRUE(number.ok()) << number.status();
    return number.value_or(-1);
  }

  TempDir dir_;
  NotingVfs vfs_;
  std::optional<Database> database_;
};

constexpr char kTenPages[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10) "
    "INSERT INTO t(body) SELECT zeroblob(4000) FROM n";
constexpr int kFrame = kFrameHeaderBytes + kPageBytes;

TEST_F(GatheringVfsTest, FramesOfACommitAreWrittenTogether) {
  Do(kTenPages);
  ASSERT_EQ(vfs_.written.size(), 1u);
  EXPECT_GE(vfs_.written[0].size, 10 * kFrame);
  EXPECT_EQ(vfs_.written[0].size % kFrame, 0);
  EXPECT_EQ(Seen("SELECT count(*) FROM t"), 10);
}

TEST_F(GatheringVfsTest, NoneOfACommitIsLeftBehindWithoutAFlush) {
  Do("PRAGMA synchronous=OFF");
  for (int i = 1; i <= 5; ++i) {
    Do("INSERT INTO t(body) VALUES(x'00')");
    EXPECT_EQ(Seen("SELECT count(*) FROM t"), i);
  }
  EXPECT_EQ(vfs_.written.size(), 5u);
}

TEST_F(GatheringVfsTest, NoWriteIsLongerThanSqliteCanWrite) {
  for (int i = 0; i < 10; ++i) Do(kTenPages);
  Do("UPDATE t SET body=randomblob(4000)");
  for (const Written& one : vfs_.written) EXPECT_LT(one.size, 128 * 1024);
  EXPECT_EQ(Seen("SELECT count(*) FROM t WHERE body<>zeroblob(4000)"), 100);
}

// With a cache of a few pages a transaction writes frames before it ends, and reads them again.
TEST_F(GatheringVfsTest, WhatSpillsIsReadBackAndUndone) {
  Do("PRAGMA cache_size=5");
  for (int i = 0; i < 10; ++i) Do(kTenPages);
  Do("BEGIN; UPDATE t SET body=randomblob(4000); UPDATE t SET body=x'01' WHERE id%2=0");
  EXPECT_EQ(Seen("SELECT count(*) FROM t WHERE body=zeroblob(4000)"), 100);
  Do("ROLLBACK");
  Do("BEGIN; UPDATE t SET body=x'02' WHERE id%2=0; UPDATE t SET body=x'03' WHERE id%3=0; COMMIT");
  EXPECT_EQ(Seen("SELECT count(*) FROM t WHERE body=x'02'"), 34);
  EXPECT_EQ(Seen("SELECT count(*) FROM t WHERE body=x'03'"), 33);
  EXPECT_EQ(Seen("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'"), 1);
}

// A process that is killed leaves what its file system was given, flushed or not.
TEST_F(GatheringVfsTest, WhatSpilledSurvivesAKill) {
  Do("PRAGMA cache_size=5; PRAGMA synchronous=OFF");
  for (int i = 0; i < 10; ++i) Do(kTenPages);
  Do("BEGIN; UPDATE t SET body=randomblob(4000); UPDATE t SET body=x'01' WHERE id<50; COMMIT");
  const std::string killed = dir_.path() + "/killed.db";
  std::filesystem::copy_file(file(), killed);
  std::filesystem::copy_file(file() + "-wal", killed + "-wal");
  auto survivor = Database::Open(killed);
  ASSERT_TRUE(survivor.ok()) << survivor.status();
  EXPECT_EQ(survivor->Number("SELECT count(*) FROM t WHERE body=x'01'").value_or(-1), 49);
}

TEST_F(GatheringVfsTest, ARefusedWriteFailsItsOwnTransaction) {
  Do(kTenPages);
  vfs_.refusal = SQLITE_FULL;
  EXPECT_TRUE(absl::IsResourceExhausted(database_->Execute(kTenPages)));
  EXPECT_EQ(Seen("SELECT count(*) FROM t"), 10);
  vfs_.refusal = SQLITE_OK;
  Do(kTenPages);
  EXPECT_EQ(Seen("SELECT count(*) FROM t"), 20);
  EXPECT_EQ(Seen("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'"), 1);
}

TEST_F(GatheringVfsTest, ACheckpointFindsEverything) {
  for (int i = 0; i < 5; ++i) Do(kTenPages);
  EXPECT_TRUE(database_->StartNewLog().ok());
  Do(kTenPages);
  EXPECT_EQ(Seen("SELECT count(*) FROM t"), 60);
}

TEST(GatheringVfsNameTest, OfNothingThereIsNone) {
  EXPECT_EQ(GatheringVfs::Over("no such file system"), nullptr);
}

}  // namespace
}  // namespace trunkline::store

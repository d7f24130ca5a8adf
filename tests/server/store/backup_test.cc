// Copies of a store that is being written to.
#include "server/store/backup.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "server/store/store.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int kSlicePages = 8;

class BackupTest : public ScratchDir {
 protected:
  fs::path copy() const { return dir().parent_path() / "copy.db"; }
  fs::path part() const { return copy().string() + ".part"; }

  // Many slices long.
  void Fill(Store& store, World& world) const {
    for (int group = 0; group < 20; ++group) {
      ASSERT_TRUE(store.Append(world.Next(200)).ok());
    }
    ASSERT_TRUE(store.Project(2'000).ok());
  }
  // What a server finds that is given the copy as its database.
  std::vector<std::string> FactsOfCopy() const {
    const fs::path other = dir().parent_path() / "other";
    fs::remove_all(other);
    fs::create_directory(other);
    fs::copy_file(copy(), other / "trunkline.db");
    // What is sealed is read with the keys as they are now; no backup has them.
    fs::copy_file(dir() / "record.keys", other / "record.keys");
    auto store = Store::Open(other, {Durability::kNone});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? Restored(**store) : std::vector<std::string>{};
  }
};

TEST_F(BackupTest, CarriesWhatIsWrittenMeanwhile) {
  World world(7);
  auto store = MustOpen();
  Fill(*store, world);
  const auto before = Restored(*store);
  auto backup = store->BeginBackup(copy());
  ASSERT_TRUE(backup.ok()) << backup.status();
  int slices = 1;
  for (;; ++slices) {
    const auto done = (*backup)->Copy(kSlicePages);
    ASSERT_TRUE(done.ok()) << done.status();
    if (*done) break;
    // Pages that were copied already and pages that weren't, new ones and freed ones.
    ASSERT_TRUE(store->Append(world.Next(3)).ok());
    ASSERT_TRUE(store->Project(slices % 4 == 0 ? 50 : 1).ok());
  }
  EXPECT_GT(slices, 10);
  const auto at_the_end = Restored(*store);
  ASSERT_NE(at_the_end, before);
  ASSERT_TRUE(store->Append(world.Next(10)).ok());  // too late for the copy
  EXPECT_FALSE(fs::exists(copy()));
  const auto bytes = (*backup)->Finish();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(static_cast<std::uintmax_t>(*bytes), fs::file_size(copy()));
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_EQ(FactsOfCopy(), at_the_end);
  // And the original goes on as if nobody had looked.
  backup->reset();
  const auto all = Restored(*store);
  EXPECT_NE(all, at_the_end);
  store.reset();
  EXPECT_EQ(Restored(*MustOpen()), all);
}

TEST_F(BackupTest, AGroupThatIsUndoneIsNotInTheCopy) {
  World world(8);
  auto store = MustOpen({Durability::kNone, 400});
  while (store->Append(world.Next(100)).ok()) {
  }
  const auto kept = Restored(*store);
  auto backup = store->BeginBackup(copy());
  ASSERT_TRUE(backup.ok()) << backup.status();
  for (;;) {
    const auto done = (*backup)->Copy(kSlicePages);
    ASSERT_TRUE(done.ok()) << done.status();
    if (*done) break;
    EXPECT_TRUE(absl::IsResourceExhausted(store->Append(world.Next(2'000))));
  }
  ASSERT_TRUE((*backup)->Finish().ok());
  EXPECT_EQ(FactsOfCopy(), kept);
}

TEST_F(BackupTest, OnlyTheOwnerCanReadIt) {
  auto store = MustOpen();
  auto backup = store->BeginBackup(copy());
  ASSERT_TRUE(backup.ok());
  struct stat info {};
  ASSERT_EQ(::stat(part().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_TRUE((*backup)->Copy(1'000).value_or(false));
  ASSERT_TRUE((*backup)->Finish().ok());
  ASSERT_EQ(::stat(copy().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(BackupTest, AnInterruptedOneLeavesNothing) {
  World world(9);
  auto store = MustOpen();
  Fill(*store, world);
  {
    auto backup = store->BeginBackup(copy());
    ASSERT_TRUE(backup.ok());
    EXPECT_FALSE((*backup)->Copy(kSlicePages).value_or(true));
    EXPECT_TRUE(fs::exists(part()));
  }
  {
    auto backup = store->BeginBackup(copy());
    ASSERT_TRUE((*backup)->Copy(100'000).value_or(false));  // copied, but not finished
  }
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_FALSE(fs::exists(copy()));
  EXPECT_TRUE(store->Append(world.Next(10)).ok());
}

TEST_F(BackupTest, WhatAKilledProcessLeftIsReplaced) {
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(FactsOfOneUser(1, 5)).ok());
  std::ofstream(part()) << std::string(100'000, 'x');
  auto backup = store->BeginBackup(copy());
  ASSERT_TRUE(backup.ok()) << backup.status();
  ASSERT_TRUE((*backup)->Copy(1'000).value_or(false));
  ASSERT_TRUE((*backup)->Finish().ok());
  EXPECT_EQ(FactsOfCopy(), Restored(*store));
}

TEST_F(BackupTest, NeverReplacesAFile) {
  auto store = MustOpen();
  std::ofstream(copy()) << "mine";
  EXPECT_TRUE(absl::IsAlreadyExists(store->BeginBackup(copy()).status()));
  fs::remove(copy());
  fs::create_symlink("nowhere", copy());
  EXPECT_TRUE(absl::IsAlreadyExists(store->BeginBackup(copy()).status()));
  fs::remove(copy());
  auto backup = store->BeginBackup(copy());
  ASSERT_TRUE((*backup)->Copy(1'000).value_or(false));
  std::ofstream(copy()) << "mine";  // while the copy was made
  EXPECT_TRUE(absl::IsAlreadyExists((*backup)->Finish().status()));
  backup->reset();
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_EQ(fs::file_size(copy()), 4u);
}

TEST_F(BackupTest, NamesOfTheServerAreNotTaken) {
  auto store = MustOpen();
  for (const char* name : {"trunkline.db-journal", "trunkline.db-wal2", "trunkline.lock.old"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(store->BeginBackup(dir() / name).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(store->BeginBackup(dir() / ".." / "data" / name).status()));
  }
  EXPECT_TRUE(store->BeginBackup(dir() / "evening.db").ok());
}

TEST_F(BackupTest, APlaceThatCanNotBeWrittenIsNamed) {
  auto store = MustOpen();
  const fs::path nowhere = dir() / "no" / "such" / "copy.db";
  const absl::Status status = store->BeginBackup(nowhere).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(nowhere.string()));
}

}  // namespace
}  // namespace trunkline::store

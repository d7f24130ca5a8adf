#include "server/store/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "server/store/schema.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using testing::HasSubstr;

class StoreTest : public ScratchDir {
 protected:
  // Another connection, while no store has the directory.
  void Sql(const std::string& sql) const {
    absl::StatusOr<Database> database = Database::Open(file());
    ASSERT_TRUE(database.ok()) << database.status();
    const absl::Status status = database->Execute(sql.c_str());
    ASSERT_TRUE(status.ok()) << status;
  }
  std::int64_t Number(const std::string& sql) const {
    absl::StatusOr<Database> database = Database::Open(file());
    EXPECT_TRUE(database.ok()) << database.status();
    const absl::StatusOr<std::int64_t> number = database->Number(sql);
    EXPECT_TRUE(number.ok()) << number.status();
    return number.value_or(-1);
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }
};

TEST_F(StoreTest, MakesADirectoryAndFilesOnlyTheOwnerCanRead) {
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(FactsOfOneUser(1, 1)).ok());
  EXPECT_EQ(ModeOf(dir().string()), 0700u);
  for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(ModeOf(file() + suffix), 0600u);
  EXPECT_EQ(ModeOf((dir() / "trunkline.lock").string()), 0600u);
}

TEST_F(StoreTest, ASecondOpenerIsRefusedByName) {
  auto store = MustOpen();
  const auto second = Store::Open(dir(), {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(dir().string()));
  store.reset();
  MustOpen();
}

TEST_F(StoreTest, AnEmptyFileGetsTheNewestSchema) {
  std::filesystem::create_directory(dir());
  std::ofstream(file()).close();
  MustOpen();
  EXPECT_EQ(Number("PRAGMA user_version"), SchemaVersion());
  EXPECT_EQ(Number("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(Number("SELECT count(*) FROM journal"), 0);
  MustOpen();  // once more, with nothing to migrate
  EXPECT_EQ(Number("SELECT count(*) FROM progress"), 1);
}

TEST_F(StoreTest, AForeignOrNewerFileIsRefused) {
  MustOpen();
  Sql("PRAGMA user_version=9999");
  EXPECT_EQ(Store::Open(dir(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  Sql("PRAGMA user_version=1; PRAGMA application_id=77");
  EXPECT_EQ(Store::Open(dir(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  std::ofstream(file(), std::ios::trunc) << std::string(8'192, 'x');
  EXPECT_EQ(Store::Open(dir(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StoreTest, AppendedFactsComeBackInOrder) {
  World world(1);
  const auto facts = world.Next(300);
  std::vector<std::string> expected;
  {
    auto store = MustOpen();
    ASSERT_TRUE(store->Append(std::span(facts).first(120)).ok());
    ASSERT_TRUE(store->Append({}).ok());
    ASSERT_TRUE(store->Append(std::span(facts).subspan(120)).ok());
    EXPECT_EQ(store->unprojected(), 300);
  }
  for (const book::Fact& fact : facts) expected.push_back(Describe(fact));
  auto store = MustOpen();
  EXPECT_EQ(store->unprojected(), 300);
  EXPECT_EQ(Restored(*store), expected);
}

TEST_F(StoreTest, EveryDurabilityKeepsWhatAProcessLeaves) {
  int version = 1;
  for (const Durability durability : {Durability::kFsync, Durability::kOs, Durability::kNone}) {
    auto store = MustOpen({durability});
    ASSERT_TRUE(store->Append(FactsOfOneUser(version++, 1)).ok());
    ASSERT_TRUE(store->Project(10).ok());
    ASSERT_TRUE(store->Append(FactsOfOneUser(version++, 1)).ok());
  }
  EXPECT_EQ(Restored(*MustOpen()).size(), 3u);  // created, seen, and one that isn't projected
}

// More than SQLite's file system writes at once, and it does not grow while groups fit.
TEST_F(StoreTest, TheLogIsWrittenAheadOfTime) {
  const std::string log = file() + "-wal";
  const auto store = MustOpen({.durability = Durability::kFsync, .log_pages_reserved = 200});
  ASSERT_TRUE(store);
  const auto size = std::filesystem::file_size(log);
  EXPECT_GE(size, 200u * (4096 + 24));
  ASSERT_TRUE(store->Append(FactsOfOneUser(1, 100)).ok());
  EXPECT_EQ(std::filesystem::file_size(log), size);
}

TEST_F(StoreTest, AProjectedVersionIsNotTakenTwice) {
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(FactsOfOneUser(1, 2)).ok());
  ASSERT_TRUE(store->Project(10).ok());
  ASSERT_TRUE(store->Append(FactsOfOneUser(2, 1)).ok());
  EXPECT_EQ(store->Project(10).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(store->unprojected(), 1);
}

TEST_F(StoreTest, AFullStoreRefusesAGroupAndServesTheNext) {
  auto store = MustOpen({Durability::kNone, 200});
  ASSERT_TRUE(store->Append(FactsOfOneUser(1, 1)).ok());
  const std::vector<book::Fact> large = {
      {book::Stream::kCall, 9, 1,
       fact::CallDebugSaved{CallId(9), UserId(1), std::string(1 << 20, '-')}}};
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(store->Append(large).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(store->unprojected(), 1 + round);
    EXPECT_TRUE(store->Append(FactsOfOneUser(2 + round, 1)).ok());
  }
  EXPECT_TRUE(store->Project(100).ok());
  store.reset();
  store = MustOpen();  // with room
  EXPECT_EQ(Restored(*store).size(), 2u);
  EXPECT_TRUE(store->Append(large).ok());
}

TEST_F(StoreTest, ABusyFileRefusesAGroupAndServesTheNext) {
  auto store = MustOpen();
  {
    absl::StatusOr<Database> other = Database::Open(file());
    ASSERT_TRUE(other.ok() && other->Begin().ok());
    EXPECT_EQ(store->Append(FactsOfOneUser(1, 1)).code(), absl::StatusCode::kUnavailable);
    ASSERT_TRUE(other->End(absl::CancelledError()).code() == absl::StatusCode::kCancelled);
  }
  EXPECT_TRUE(store->Append(FactsOfOneUser(1, 1)).ok());
}

TEST_F(StoreTest, ADamagedRowIsNamed) {
  ASSERT_TRUE(MustOpen()->Append(FactsOfOneUser(1, 3)).ok());
  for (const char* damage :
       {"UPDATE journal SET body=x'ffff' WHERE seq=2", "UPDATE journal SET body=x'' WHERE seq=2",
        "UPDATE journal SET stream=9 WHERE seq=2"}) {
    Sql(damage);
    auto store = MustOpen();
    const absl::Status restored = store->Restore([](const book::Fact&) {});
    EXPECT_EQ(restored.code(), absl::StatusCode::kDataLoss) << damage;
    EXPECT_THAT(std::string(restored.message()), HasSubstr("row 2"));
    EXPECT_EQ(store->Project(10).status().code(), absl::StatusCode::kDataLoss) << damage;
    EXPECT_EQ(store->unprojected(), 3);
  }
}

TEST_F(StoreTest, ADamagedProjectionIsNoticed) {
  {
    World world(2);
    auto store = MustOpen();
    ASSERT_TRUE(store->Append(world.Next(300)).ok());
    ASSERT_TRUE(store->Project(300).ok());
  }
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE auth_keys SET key=x'00'", "UPDATE auth_keys SET key=zeroblob(256)"},
      {"UPDATE calls SET protocol=x'ff' WHERE ended_seq IS NULL", "UPDATE calls SET protocol=NULL"},
      {"UPDATE calls SET reason=9 WHERE ended_seq NOT NULL",
       "UPDATE calls SET reason=0 WHERE ended_seq NOT NULL"},
      {"UPDATE privacy SET rules=x'ff'", "DELETE FROM privacy"}};
  for (const auto& [damage, repair] : cases) {
    Sql(damage);
    EXPECT_EQ(MustOpen()->Restore([](const book::Fact&) {}).code(), absl::StatusCode::kDataLoss)
        << damage;
    Sql(repair);
    EXPECT_TRUE(MustOpen()->Restore([](const book::Fact&) {}).ok()) << repair;
  }
}

}  // namespace
}  // namespace trunkline::store

// A restart gives the book what it had: whatever part of the journal was projected before.
#include <gtest/gtest.h>

#include <memory>

#include "server/book/apply.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

class RestartTest : public ScratchDir {
 protected:
  static std::string StateFrom(Store& store) {
    book::State state;
    const absl::Status status =
        store.Restore([&state](const book::Fact& fact) { book::Apply(state, fact); });
    EXPECT_TRUE(status.ok()) << status;
    return Describe(state);
  }
  std::int64_t Number(const std::string& sql) const {
    absl::StatusOr<Database> database = Database::Open(file());
    EXPECT_TRUE(database.ok()) << database.status();
    return database->Number(sql).value_or(-1);
  }
};

TEST_F(RestartTest, AnyProjectedPrefixGivesTheSameState) {
  World world(3);
  const auto facts = world.Next(150);
  book::State state;
  for (const book::Fact& fact : facts) book::Apply(state, fact);
  const std::string expected = Describe(state);
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(facts).ok());
  for (int projected = 0; projected <= 150; ++projected) {
    ASSERT_EQ(StateFrom(*store), expected) << projected << " rows projected";
    EXPECT_EQ(store->unprojected(), 150 - projected);
    const auto rows = store->Project(1);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, projected < 150 ? 1 : 0);
  }
}

TEST_F(RestartTest, AnyRhythmOfGroupsSlicesAndRestartsGivesTheSameState) {
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    std::filesystem::remove_all(dir());
    World world(seed);
    std::mt19937_64 random(seed);
    book::State state;
    auto store = MustOpen();
    for (int round = 0; round < 60; ++round) {
      const auto facts = world.Next(1 + static_cast<int>(random() % 80));
      for (const book::Fact& fact : facts) book::Apply(state, fact);
      ASSERT_TRUE(store->Append(facts).ok());
      if (random() % 2 == 0) {
        const auto slice = random() % 2 == 0 ? Store::Slice::kAllRows : Store::Slice::kWholeCalls;
        const auto rows = store->Project(1 + static_cast<int>(random() % 200), slice);
        ASSERT_TRUE(rows.ok()) << rows.status() << ", seed " << seed;
      }
      if (random() % 6 == 0) {
        store.reset();
        store = MustOpen();
        ASSERT_EQ(StateFrom(*store), Describe(state)) << "seed " << seed << ", round " << round;
      }
    }
  }
}

TEST_F(RestartTest, AnEndedCallKeepsItsRecordAndLosesItsKeys) {
  World world(4);
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(world.Next(2'000)).ok());
  ASSERT_EQ(*store->Project(5'000), 2'000);
  EXPECT_EQ(store->unprojected(), 0);
  store.reset();
  EXPECT_EQ(Number("SELECT count(*) FROM journal"), 0);
  EXPECT_EQ(Number("SELECT projected_seq FROM progress"), 2'000);
  EXPECT_GT(Number("SELECT count(*) FROM calls WHERE ended_seq NOT NULL"), 50);
  EXPECT_GT(Number("SELECT count(*) FROM calls WHERE ended_seq IS NULL AND g_a NOT NULL"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM calls WHERE ended_seq NOT NULL AND "
                   "coalesce(g_a_hash, g_a, g_b, key_fingerprint, caller_connections, "
                   "callee_connections) NOT NULL"),
            0);
  EXPECT_EQ(Number("SELECT count(*) FROM messages") +
                Number("SELECT count(DISTINCT owner || ' ' || message_id) FROM message_deletions"),
            2 * Number("SELECT count(*) FROM calls WHERE ended_seq NOT NULL"));
  EXPECT_GT(Number("SELECT count(*) FROM message_deletions"), 20);
  EXPECT_EQ(Number("SELECT count(*) FROM messages JOIN message_deletions USING(owner) "
                   "WHERE message_id=id"),
            0);
  // Every pts is a message's or a deletion's.
  EXPECT_EQ(Number("SELECT count(*) FROM boxes WHERE pts != last_message_id + 1 + "
                   "(SELECT count(*) FROM message_deletions d WHERE d.owner=boxes.owner)"),
            0);
  EXPECT_EQ(Number("SELECT count(*) FROM boxes"),
            Number("SELECT count(DISTINCT owner) FROM "
                   "(SELECT caller owner FROM calls WHERE ended_seq NOT NULL "
                   "UNION SELECT callee FROM calls WHERE ended_seq NOT NULL)"));
  EXPECT_GT(Number("SELECT count(*) FROM ratings"), 0);
  EXPECT_GT(Number("SELECT count(*) FROM call_debug"), 0);
}

TEST_F(RestartTest, RowsNeverTakeTheNumberOfAnEarlierOne) {
  {
    auto store = MustOpen();
    ASSERT_TRUE(store->Append(FactsOfOneUser(1, 5)).ok());
    ASSERT_EQ(*store->Project(10), 5);
  }
  ASSERT_TRUE(MustOpen()->Append(FactsOfOneUser(6, 1)).ok());
  EXPECT_EQ(Number("SELECT seq FROM journal"), 6);
}

TEST_F(RestartTest, CodesAreForgottenWhenTheyNoLongerCount) {
  const auto code = [](const std::string& phone, int version, std::int64_t expires_ms) {
    return book::Fact{book::Stream::kPhone, book::PhoneStream(phone), version,
                      fact::CodeIssued{phone, "hash", "12345", expires_ms}};
  };
  auto store = MustOpen();
  const std::vector<book::Fact> facts = {code("49301", 1, 1'000'000), code("49302", 1, 4'600'000),
                                         code("49303", 1, 4'600'001)};
  ASSERT_TRUE(store->Append(std::span(facts).first(2)).ok());
  ASSERT_TRUE(store->Project(2).ok());
  EXPECT_EQ(Restored(*store).size(), 2u);
  ASSERT_TRUE(store->Append(std::span(facts).last(1)).ok());
  ASSERT_TRUE(store->Project(1).ok());
  EXPECT_EQ(Restored(*store).size(), 2u);
  // A last word about a forgotten one does no harm.
  const std::vector<book::Fact> late = {
      {book::Stream::kPhone, book::PhoneStream("49301"), 2, fact::CodeEnded{"49301"}}};
  ASSERT_TRUE(store->Append(late).ok());
  EXPECT_TRUE(store->Project(1).ok());
}

TEST_F(RestartTest, AFactOfNobodyIsOurBugAndStaysInTheJournal) {
  auto store = MustOpen();
  const std::vector<book::Fact> orphan = {
      {book::Stream::kCall, 5, 2, fact::CallReceived{CallId(5), 1, 2}}};
  ASSERT_TRUE(store->Append(orphan).ok());
  EXPECT_EQ(store->Project(10).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(store->unprojected(), 1);
  EXPECT_EQ(Restored(*store).size(), 1u);
}

}  // namespace
}  // namespace trunkline::store

// answers under keys are there for a day, and go with the call they are about.
#include "server/store/record_answers.h"

#include <gtest/gtest.h>

#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::KeptAnswer;
using records::Oid;
using Found = std::optional<KeptAnswer>;

class RecordAnswersTest : public RecordTest {
 protected:
  static constexpr std::int64_t kDay = records::kAnswersKeptMs;

  void Keep(const std::string& key, const KeptAnswer& answer, Oid credential = Oid(1, 1)) {
    Do([&](records::Ledger& ledger, records::Live&) -> absl::StatusOr<bool> {
      const auto room = ledger.answers().HasRoom(credential, now());
      if (!room.ok()) return room;
      const absl::Status kept = ledger.answers().Keep(credential, key, answer, now());
      if (!kept.ok()) return kept;
      return *room;
    });
  }
  Found Kept(const std::string& key) {
    return Do(
        [&](records::Ledger& ledger, records::Live&) { return ledger.answers().Find(key, now()); });
  }
  static KeptAnswer About(Oid call) {
    KeptAnswer answer;
    answer.request = "request";
    answer.body = "{\"callId\":1}";
    answer.status = 200;
    answer.call = call;
    return answer;
  }
  std::int64_t Rows() { return Number("SELECT count(*) FROM kept_answers"); }
};

TEST_F(RecordAnswersTest, IsThereAfterARestart) {
  KeptAnswer answer = About(Oid(7, 7));
  answer.purge_job = Oid(8, 8);
  answer.form = KeptAnswer::Form::kCall;
  Keep("key", answer);
  Reopen();
  const Found found = Kept("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request, "request");
  EXPECT_EQ(found->body, answer.body);
  EXPECT_EQ(found->status, 200);
  EXPECT_EQ(found->form, KeptAnswer::Form::kCall);
  EXPECT_EQ(found->call, Oid(7, 7));
  EXPECT_EQ(found->purge_job, Oid(8, 8));
  EXPECT_FALSE(Kept("other"));
}

TEST_F(RecordAnswersTest, IsForgottenAfterADay) {
  Keep("old", About(Oid(7, 7)));
  Pass(kDay - 1);
  EXPECT_TRUE(Kept("old"));
  Pass(1);
  EXPECT_FALSE(Kept("old"));
  Keep("new", About(Oid(7, 7)), Oid(1, 2));
  EXPECT_EQ(Rows(), 1);
}

TEST_F(RecordAnswersTest, GoesWithItsCallAndLeavesThatItWasGiven) {
  const Oid kept = Answered(kAnn, kCy), discarded = Answered(kAnn, kCy),
            purged = Answered(kAnn, kCy);
  Keep("kept", About(kept));
  Keep("discarded", About(discarded));
  Keep("purged", About(purged));
  EXPECT_TRUE(Discard(discarded.Hex()));
  PurgeCalls({purged.Hex()});
  PurgeAll();
  EXPECT_EQ(Kept("kept")->form, KeptAnswer::Form::kBody);
  for (const char* key : {"discarded", "purged"}) {
    const Found found = Kept(key);
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->form, KeptAnswer::Form::kErased) << key;
    EXPECT_EQ(found->request + found->body, "") << key;
    EXPECT_FALSE(found->call) << key;
  }
}

TEST_F(RecordAnswersTest, ACredentialHasSoManyAndNoMore) {
  Sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000) "
      "INSERT INTO kept_answers SELECT CAST(i AS BLOB),x'000000010000000000000001'," +
      std::to_string(now()) + ",1,x'',200,'',NULL,NULL FROM n");
  const auto has_room = [&](Oid credential) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.answers().HasRoom(credential, now());
    });
  };
  EXPECT_FALSE(has_room(Oid(1, 1)));
  EXPECT_TRUE(has_room(Oid(1, 2)));
  Pass(kDay);
  EXPECT_TRUE(has_room(Oid(1, 1)));  // the oldest went
}

TEST_F(RecordAnswersTest, IsntKeptByATransactionThatWasUndone) {
  const absl::Status undone = store().Change([&]() -> absl::Status {
    const absl::Status kept =
        store().records().answers().Keep(Oid(1, 1), "key", About(Oid(7, 7)), now());
    EXPECT_TRUE(kept.ok());
    return absl::UnavailableError("undone");
  });
  EXPECT_FALSE(undone.ok());
  EXPECT_FALSE(Kept("key"));
}

}  // namespace
}  // namespace trunkline::store

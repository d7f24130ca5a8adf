// Rules of records that no single operation shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using records::Oid;
using testing::HasSubstr;
using testing::Not;

class RecordRulesTest : public RecordTest {
 protected:
  template <class Body>
  static Body& In(book::Fact& told) {
    return std::get<Body>(told.body);
  }
};

// M-03: what lets a client name a call stays where clients are talked to.
TEST_F(RecordRulesTest, AccessHashesAreInNoRecordAndNoEvent) {
  constexpr std::int64_t kCallerHash = 7'312'459'811'220'153, kCalleeHash = -6'120'455'903'881'247;
  CallFacts call = NewCall(kAnn, kCy);
  book::Fact requested = Requested(call);
  In<fact::CallRequested>(requested).caller_hash = AccessHash(kCallerHash);
  In<fact::CallRequested>(requested).callee_hash = AccessHash(kCalleeHash);
  Put({requested, Received(call), Accepted(call), Confirmed(call),
       Ended(call, call::Reason::kHangup)});
  const std::string all = Dump(), shown = Dump({"calls"});
  for (const std::int64_t hash : {kCallerHash, kCalleeHash}) {
    const std::string text = std::to_string(hash);
    EXPECT_THAT(all, HasSubstr(ToHex(AsBytes(text))));
    EXPECT_THAT(shown, Not(HasSubstr(ToHex(AsBytes(text)))));
  }
}

// L-05
TEST_F(RecordRulesTest, VideoOfTheRequestMarksTheRecord) {
  CallFacts plain = NewCall(kAnn, kBen), call = NewCall(kAnn, kBen);
  Put({Requested(plain)});
  EXPECT_FALSE(MustFind(IdOf(plain, now())).video);
  Put({Ended(plain, call::Reason::kMissed)});
  book::Fact requested = Requested(call);
  In<fact::CallRequested>(requested).video = true;
  Put({requested});
  EXPECT_TRUE(MustFind(IdOf(call, now())).video);
}

// P-13: more than the other selectors take, marked by one row, hidden at once.
TEST_F(RecordRulesTest, ACustomersPurgeHasNoCapAndMarksNoRecord) {
  constexpr std::size_t kCalls = 120;
  std::vector<Oid> calls;
  for (std::size_t i = 0; i < kCalls; ++i) calls.push_back(Missed(kAnn, kCy));
  const Oid own = Missed(kAnn, kBen);
  EXPECT_EQ(PurgeCustomer(kCyNumber).items.size(), kCalls);
  EXPECT_EQ(Number("SELECT count(*) FROM purge_jobs"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE purge_job IS NOT NULL"), 0);
  EXPECT_FALSE(Find(calls.front().Hex()));
  EXPECT_FALSE(Find(calls.back().Hex()));
  EXPECT_TRUE(Find(own.Hex()));
  EXPECT_GT(PurgeAll(50), 2);
  EXPECT_TRUE(Find(own.Hex()));
}

// what a webhook never took is listed with the event as it is.
TEST_F(RecordRulesTest, DeadLettersShowTheirEvents) {
  const Oid call = Missed(kAnn, kCy);
  records::Webhook webhook;
  webhook.organization = org();
  webhook.name = "crm";
  webhook.url = "http://127.0.0.1:9/";
  webhook.secret = "0123456789abcdef";
  Do([&](records::Ledger& ledger, records::Live&) {
    return ledger.webhooks().PutWebhook(webhook, true, now());
  });
  const auto events = Events(org());
  ASSERT_FALSE(events.empty());
  const Oid id = reader().Webhooks()->front().id;
  Do([&](records::Ledger& ledger, records::Live&) -> absl::StatusOr<bool> {
    const absl::Status given_up =
        ledger.webhooks().GiveUp(id, 0, events.back().seq, "status 500", now());
    if (!given_up.ok()) return given_up;
    return true;
  });
  const auto letters = reader().DeadLetters(org(), "crm");
  ASSERT_TRUE(letters.ok()) << letters.status();
  ASSERT_EQ((*letters)->size(), 1u);
  EXPECT_EQ((*letters)->front().event.id, events.back().id);
  EXPECT_EQ((*letters)->front().event.call, call);
  EXPECT_EQ((*letters)->front().event.organization, org());
  EXPECT_EQ((*letters)->front().error, "status 500");
  EXPECT_FALSE(*reader().DeadLetters(other_org(), "crm"));
}

}  // namespace
}  // namespace trunkline::store

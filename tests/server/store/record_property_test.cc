// For random histories: what a dry run says is what the purge after it does (section 11, items 4
// and 5), and what a purge doesn't name survives it.
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::PurgeItem;
using records::PurgeRequest;

class RecordPropertyTest : public RecordTest, public testing::WithParamInterface<unsigned> {
 protected:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  UserId AnyUser() { return UserId(1 + Below(5)); }
  std::string AnyNumber() { return absl::StrCat("+99966", 1 + Below(6)); }

  // One more thing that happens.
  void Happen() {
    const UserId caller = AnyUser();
    UserId callee = AnyUser();
    while (callee == caller) callee = AnyUser();
    Pass(Below(90'000));
    switch (Below(9)) {
      case 0:
      case 1:
        Answered(caller, callee);
        break;
      case 2:
      case 3:
        Missed(caller, callee);
        break;
      case 4:
        open_.push_back(Live(caller, callee));
        break;
      case 5:
        if (!open_.empty()) {
          CallFacts call = open_.back();
          open_.pop_back();
          Put({Ended(call, call::Reason::kBusy)});
        }
        break;
      case 6:
        if (const std::string id = AnyCall(); !id.empty() && !IsLive(id)) Discard(id);
        break;
      case 7:
        Purge(AnyRequest());
        break;
      default:
        Do([&](records::Ledger& ledger, records::Live& live) {
          return ledger.PurgeSlice(1 + Below(3), live, now());
        });
    }
  }
  bool IsLive(const std::string& id) {
    return Number(absl::StrCat("SELECT phase FROM records WHERE id=x'", id, "'")) != 4;
  }
  std::string AnyOf(const std::string& column, const std::string& table) {
    return Text(absl::StrCat("SELECT lower(hex(", column, ")) FROM ", table,
                             " ORDER BY id LIMIT 1 OFFSET ", Below(12)));
  }
  std::string AnyCall() { return AnyOf("id", "records"); }
  PurgeRequest AnyRequest() {
    PurgeRequest request;
    request.kind = static_cast<PurgeRequest::Kind>(Below(3));
    request.number_e164 = AnyNumber();
    for (int i = Below(4); i >= 0; --i) {
      const bool calls = request.kind == PurgeRequest::Kind::kCalls;
      std::string id = calls ? AnyCall() : AnyOf("id", kSessions);
      if (id.empty() || Below(5) == 0) id = "unknown";
      request.ids.push_back(std::move(id));
    }
    return request;
  }

  std::mt19937 random_{GetParam()};
  std::vector<CallFacts> open_;
};

TEST_P(RecordPropertyTest, WhatIfIsWhatHappens) {
  for (int round = 0; round < 12; ++round) {
    for (int i = Below(12); i >= 0; --i) Happen();
    PurgeRequest request = AnyRequest();
    request.what_if = true;
    const std::string before = Dump({"audit"});
    const auto would = Purge(request);
    ASSERT_EQ(Dump({"audit"}), before);
    ASSERT_FALSE(would.job);
    const std::int64_t visible = reader().List(org(), {})->total;
    request.what_if = false;
    const auto does = Purge(request);
    ASSERT_EQ(would.items.size(), does.items.size());
    std::set<std::string> named;
    for (std::size_t i = 0; i < does.items.size(); ++i) {
      const PurgeItem &dry = would.items[i], &real = does.items[i];
      ASSERT_EQ(dry.call, real.call);
      ASSERT_EQ(dry.session, real.session);
      const bool known = real.status == PurgeItem::Status::kPurging;
      ASSERT_EQ(dry.status, known ? PurgeItem::Status::kWhatIf : PurgeItem::Status::kNotFound);
      ASSERT_TRUE(known || real.status == PurgeItem::Status::kNotFound);
      if (known && real.call) {
        named.insert(*real.call);
        ASSERT_FALSE(Find(*real.call));
      }
    }
    // Others are as visible as before, and events have no gap.
    ASSERT_GE(reader().List(org(), {})->total + std::ssize(named), visible);
    EventNames(org());
    EventNames(other_org());
  }
  // In the end nothing of what was asked for is left, and nothing points to where nothing is.
  for (CallFacts& call : open_) Put({Ended(call, call::Reason::kMissed)});
  PurgeAll(3);
  EXPECT_EQ(Number("SELECT count(*) FROM purge_jobs WHERE completed_ms IS NULL"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE purge_job IS NOT NULL"), 0);
  for (const char* orphans :
       {"record_sessions WHERE id IN(SELECT session FROM records)",
        "records WHERE contact NOT IN(SELECT id FROM record_contacts)",
        "records WHERE conversation NOT IN(SELECT id FROM record_conversations)",
        "records WHERE parent NOT IN(SELECT id FROM records)",
        "record_conversations WHERE contact NOT IN(SELECT id FROM record_contacts)",
        "record_sessions WHERE purge_job IS NOT NULL"}) {
    EXPECT_EQ(Number(absl::StrCat("SELECT count(*) FROM ", orphans)), 0) << orphans;
  }
  EXPECT_EQ(Number("SELECT count(*) FROM tombstones WHERE call_hash IS NOT NULL"),
            Number("SELECT sum(calls) FROM purge_jobs"));
}

INSTANTIATE_TEST_SUITE_P(Histories, RecordPropertyTest, testing::Range(0u, 12u));

}  // namespace
}  // namespace trunkline::store

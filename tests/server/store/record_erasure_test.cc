// What is personal lies in no file in plain, and what was purged can't be read from any copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

namespace fs = std::filesystem;
using records::Oid;

constexpr char kCustomer[] = "+15125550199";
const std::vector<std::string> kTexts = {
    "wants a refund for the blue one",
    "the voice was rude to me",
    R"({"endpoint":"192.0.2.77"})",
    "please call me at home",
    "caller is in hospital",
    "https://recordings.example/77",
    "crackling since Tuesday",
    "supervisor.of.ann@example.org",
    "15125550199",
};

class RecordErasureTest : public RecordTest {
 protected:
  // Files of the directory that hold `what`.
  std::vector<std::string> FilesWith(const std::string& what) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(dir().parent_path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(file), {});
      if (bytes.find(what) != std::string::npos) names.push_back(entry.path().filename());
    }
    return names;
  }
  void ExpectNoText(const char* when) const {
    for (const std::string& text : kTexts) {
      EXPECT_THAT(FilesWith(text), testing::IsEmpty()) << text << ", " << when;
    }
  }

  Oid Ingested() {
    records::IngestRequest request;
    request.external_id = "crm-1";
    request.from_e164 = kAnnNumber;
    request.to_e164 = kCustomer;
    request.start_ms = now();
    request.ingested = {"completed", kTexts[3], kTexts[4], kTexts[5]};
    return Do([&](records::Ledger& ledger, records::Live&) {
             return ledger.Ingest(actor(), request, now());
           })
        .call;
  }
  void NoteAndRate(const Oid& call) {
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.AddNote(actor(), call.Hex(), {kTexts[0], false}, now());
    });
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.Rate(actor(), call.Hex(), 1, kTexts[6], now());
    });
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.MarkViewed(actor(), call.Hex(), kTexts[7], now());
    });
  }
  void RateAndDebug(CallFacts& call) {
    // In the journal for a while, then in tables.
    const std::vector<book::Fact> facts = {Rated(call, kAnn, 2, kTexts[1]),
                                           DebugSaved(call, kAnn, kTexts[2])};
    ASSERT_TRUE(store().Append(facts).ok());
    ExpectNoText("in the journal");
    ASSERT_TRUE(store().Project(100).ok());
  }
  std::string BackUp() {
    const fs::path file = dir().parent_path() / "copy.db";
    auto backup = store().BeginBackup(file);
    EXPECT_TRUE(backup.ok()) << backup.status();
    while (!*(*backup)->Copy(100'000)) continue;
    EXPECT_TRUE((*backup)->Finish().ok());
    return file;
  }
  records::Call InCopy(const std::string& file, const Oid& call) {
    const auto reader = RecordReader::Open(file, store().keys());
    EXPECT_TRUE(reader.ok()) << reader.status();
    const auto found = (*reader)->Find(org(), call.Hex());
    EXPECT_TRUE(found.ok() && *found) << found.status();
    return **found;
  }
};

// P-41, P-42, section 11 item 8.
TEST_F(RecordErasureTest, NothingPersonalIsInAnyFile) {
  EXPECT_THAT(FilesWith("Other"), testing::Not(testing::IsEmpty()));
  const Oid ingested = Ingested();
  NoteAndRate(ingested);
  CallFacts call = Live(kAnn, kCy);
  const Oid live = IdOf(call, now());
  Put({Ended(call, call::Reason::kMissed)});
  RateAndDebug(call);
  ExpectNoText("before the purge");
  EXPECT_EQ(MustFind(ingested).notes.at(0).content, kTexts[0]);
  EXPECT_EQ(MustFind(ingested).ratings.at(0).comment, kTexts[6]);
  EXPECT_THAT(MustFind(ingested).viewed_by, testing::ElementsAre(kTexts[7]));
  EXPECT_EQ(MustFind(ingested).ingested->transcript, kTexts[3]);
  EXPECT_EQ(MustFind(ingested).to_e164, kCustomer);
  EXPECT_EQ(MustFind(live).ratings.at(0).comment, kTexts[1]);
  EXPECT_EQ(Text("SELECT unseal('call_debug.json',phone_owner(call,by_user),json) FROM call_debug"),
            kTexts[2]);

  const std::string copy = BackUp();
  EXPECT_EQ(InCopy(copy, ingested).notes.size(), 1u);
  EXPECT_EQ(InCopy(copy, live).ratings.size(), 1u);
  EXPECT_EQ(store().keys()->size(), 4u);  // two of calls, two of contacts
  EXPECT_TRUE(PurgeCustomer(kCustomer).job);
  ExpectNoText("while it is purged");
  PurgeCalls({live.Hex()});
  PurgeAll();
  EXPECT_EQ(store().keys()->size(), 1u);  // Cy's contact stays
  ExpectNoText("after the purge");
  const records::Call left = InCopy(copy, ingested);
  EXPECT_THAT(left.notes, testing::IsEmpty());
  EXPECT_THAT(left.ratings, testing::IsEmpty());
  EXPECT_THAT(left.viewed_by, testing::IsEmpty());
  EXPECT_EQ(left.ingested->transcript, "");
  EXPECT_EQ(left.to_e164, "");
  EXPECT_THAT(InCopy(copy, live).ratings, testing::IsEmpty());
  fs::remove(copy);
  // With the log begun anew.
  Reopen();
  ExpectNoText("after a restart");
}

// P-42: discarding destroys the keys too, once it is durable; one that fails leaves them.
TEST_F(RecordErasureTest, DiscardTakesTheKeysWithIt) {
  const Oid call = Answered(kAnn, kBen);
  NoteAndRate(call);
  EXPECT_EQ(store().keys()->size(), 1u);
  const absl::Status refused = store().Change([&]() -> absl::Status {
    EXPECT_TRUE(
        store().records().Discard(actor(), {call.Hex(), std::nullopt, false}, live_, now()).ok());
    return absl::UnavailableError("busy");
  });
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MustFind(call).notes.at(0).content, kTexts[0]);
  EXPECT_TRUE(Discard(call.Hex()));
  EXPECT_EQ(store().keys()->size(), 0u);
}

// P-42: a purge that is undone after it destroyed the keys shows nothing of what it hid, and is
// done again.
TEST_F(RecordErasureTest, APurgeThatIsUndoneHasDestroyedTheKeys) {
  const Oid call = Ingested();
  NoteAndRate(call);
  PurgeCustomer(kCustomer);
  const absl::Status refused = store().Change([&]() -> absl::Status {
    EXPECT_TRUE(store().records().PurgeSlice(10, live_, now()).ok());
    return absl::UnavailableError("busy");
  });
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store().keys()->size(), 0u);
  EXPECT_FALSE(Find(call.Hex()));
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 1);
  Reopen();
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 0);
}

// P-42: keys go before the slices that erase their calls; a phone that rates its call in between
// makes a new one, which goes with the rows.
TEST_F(RecordErasureTest, WhatIsSaidBetweenSlicesGoesToo) {
  CallFacts call = NewCall(kAnn, kBen);
  Put({Requested(call)});
  Put({Ended(call, call::Reason::kMissed)});
  Pass(3'600'000);
  Missed(kAnn, kBen);
  PurgeCustomer(kBenNumber);
  Do([&](records::Ledger& ledger, records::Live& live) {
    return ledger.PurgeSlice(1, live, now());
  });
  ASSERT_EQ(Number("SELECT count(*) FROM records"), 1);
  Put({Rated(call, kBen, 2, kTexts[5])});
  EXPECT_EQ(store().keys()->size(), 1u);
  PurgeAll(1);
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM ratings"), 0);
  EXPECT_EQ(store().keys()->size(), 0u);
}

}  // namespace
}  // namespace trunkline::store

// Purges: marked and hidden at once, erased in slices, proved by a receipt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/crypto/ed25519.h"
#include "server/store/record_ledger.h"
#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::Oid;
using records::PurgeItem;
using records::PurgeState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string Show(const PurgeItem& item) {
  static constexpr const char* kWords[] = {"Purging", "NotFound", "Error", "WhatIf"};
  return absl::StrCat(item.call.value_or("null"), " ", item.session.value_or("null"), " ",
                      kWords[static_cast<int>(item.status)]);
}

std::vector<std::string> Show(const records::PurgeResult& result) {
  std::vector<std::string> lines;
  for (const PurgeItem& item : result.items) lines.push_back(Show(item));
  return lines;
}

class RecordPurgeTest : public RecordTest {
 protected:
  std::string Line(const Oid& call, const char* word) {
    return absl::StrCat(
        call.Hex(), " ",
        Text(absl::StrCat("SELECT lower(hex(session)) FROM records WHERE id=x'", call.Hex(), "'")),
        " ", word);
  }
  PurgeState StateOf(const Oid& call) { return reader().StatusOf(org(), call.Hex())->state; }
};

// P-01 to P-04, P-32, P-33, P-36, P-40, section 12 item 7.
TEST_F(RecordPurgeTest, ByCallId) {
  const Oid a = Answered(kAnn, kBen), b = Missed(kBen, kAnn), kept = Answered(kBen, kEve);
  std::string upper = b.Hex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  const std::vector<std::string> expected = {Line(a, "Purging"), "BadCallId null NotFound",
                                             Line(b, "Purging"), Line(a, "Purging"),
                                             " null NotFound"};
  const auto result = PurgeCalls({a.Hex(), "BadCallId", upper, a.Hex(), ""});
  EXPECT_EQ(Show(result), expected);
  ASSERT_TRUE(result.job);
  // Hidden before anything is erased.
  EXPECT_FALSE(Find(a.Hex()));
  EXPECT_FALSE(Find(absl::StrCat(b.call().value())));
  EXPECT_EQ(reader().List(org(), {})->total, 1);
  EXPECT_EQ(StateOf(a), PurgeState::kPurging);
  EXPECT_EQ(StateOf(kept), PurgeState::kUnknown);
  EXPECT_FALSE(Discard(a.Hex()));
  // A lost answer is asked for again: the same words, and the same job.
  const auto again = PurgeCalls({a.Hex()});
  EXPECT_THAT(Show(again), ElementsAre(Line(a, "Purging")));
  EXPECT_EQ(again.job, result.job);
  EXPECT_EQ(reader().FindJob(org(), *result.job)->value().completed_ms, 0);

  EXPECT_EQ(PurgeAll(), 1);
  EXPECT_THAT(Show(PurgeCalls({a.Hex()})), ElementsAre(a.Hex() + " null NotFound"));
  EXPECT_EQ(StateOf(a), PurgeState::kPurged);
  EXPECT_EQ(reader().StatusOf(other_org(), a.Hex())->state, PurgeState::kUnknown);
  EXPECT_FALSE(*reader().FindJob(other_org(), *result.job));
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 1);
  EXPECT_EQ(Sessions(""), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM traces"), 1);
  EXPECT_EQ(MustFind(kept).phase, records::Phase::kEnded);
}

// P-05 to P-08, section 12 item 5.
TEST_F(RecordPurgeTest, BySessionId) {
  const Oid first = Missed(kAnn, kBen), second = Missed(kAnn, kBen), third = Missed(kAnn, kBen);
  const Oid session = MustFind(first).session;
  ASSERT_EQ(MustFind(third).session, session);
  const Oid lone = Answered(kBen, kAnn);
  const Oid empty = MustFind(lone).session;
  ASSERT_TRUE(Discard(lone.Hex()));
  const Oid kept = Answered(kBen, kAnn);
  ASSERT_TRUE(PurgeCalls({second.Hex()}).job);
  PurgeAll();
  const auto result = PurgeSessions({session.Hex(), empty.Hex(), "BadSessionId", first.Hex()});
  EXPECT_THAT(Show(result), ElementsAre(Line(first, "Purging"), Line(third, "Purging"),
                                        absl::StrCat("null ", empty.Hex(), " Purging"),
                                        "null BadSessionId NotFound",
                                        absl::StrCat("null ", first.Hex(), " NotFound")));
  // A call made now doesn't join what is being purged.
  const Oid fresh = Missed(kAnn, kBen);
  EXPECT_NE(MustFind(fresh).session, session);
  PurgeAll();
  EXPECT_EQ(Sessions(""), 2);
  EXPECT_THAT(Show(PurgeSessions({session.Hex()})),
              ElementsAre(absl::StrCat("null ", session.Hex(), " NotFound")));
  // One without calls is under way until the deadline.
  EXPECT_THAT(Show(PurgeSessions({empty.Hex()})),
              ElementsAre(absl::StrCat("null ", empty.Hex(), " Purging")));
  Pass(kPurgeDeadlineMs);
  EXPECT_THAT(Show(PurgeSessions({empty.Hex()})),
              ElementsAre(absl::StrCat("null ", empty.Hex(), " NotFound")));
  EXPECT_TRUE(Find(kept.Hex()));
  EXPECT_TRUE(Find(fresh.Hex()));
}

// P-09 to P-14, P-33: the customer's side only, in order, with the contact; others survive.
TEST_F(RecordPurgeTest, ByCustomer) {
  const Oid first = Answered(kAnn, kCy), kept = Answered(kAnn, kDi), second = Missed(kBen, kCy),
            third = Missed(kBen, kCy), inbound = Answered(kCy, kAnn);
  const auto theirs = *reader().Find(other_org(), absl::StrCat(first.call().value()));
  Pass(kRedialMs);
  const Oid empty = MustFind(Answered(kBen, kCy)).session;
  ASSERT_TRUE(Discard(reader().List(org(), {})->calls.front().id.Hex()));
  const auto in = reader().Find(org(), absl::StrCat(inbound.call().value()));
  ASSERT_TRUE(in.ok() && *in);
  const Oid inbound_id = (**in).id;
  const auto result = PurgeCustomer(kCyNumber);
  EXPECT_THAT(Show(result), ElementsAre(Line(first, "Purging"), Line(second, "Purging"),
                                        Line(third, "Purging"), Line(inbound_id, "Purging"),
                                        absl::StrCat("null ", empty.Hex(), " Purging")));
  // The mark is one row; everybody looks past what it selects.
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE purge_job IS NOT NULL"), 0);
  EXPECT_EQ(reader().List(org(), {})->total, 1);
  EXPECT_FALSE(Find(first.Hex()));
  EXPECT_EQ(StateOf(first), PurgeState::kPurging);
  const auto again = PurgeCustomer(kCyNumber);
  EXPECT_EQ(Show(again), Show(result));
  EXPECT_EQ(again.job, result.job);
  EXPECT_EQ(PurgeCalls({first.Hex()}).job, result.job);
  // What comes later isn't selected.
  const Oid later = Answered(kAnn, kCy);
  EXPECT_TRUE(Find(later.Hex()));
  EXPECT_GT(PurgeAll(2), 2);
  EXPECT_TRUE(Find(later.Hex()));
  EXPECT_EQ(reader().List(org(), {})->total, 2);
  // Somebody called the contact meanwhile.
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts WHERE organization=1"), 2);
  // The other organization keeps its own records of the same calls.
  EXPECT_TRUE(*reader().Find(other_org(), theirs->id.Hex()));
  EXPECT_TRUE(Find(kept.Hex()));

  ASSERT_TRUE(PurgeCustomer("999663").job);  // by digits
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts WHERE organization=1"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM record_conversations WHERE organization=1"), 1);
  EXPECT_EQ(Sessions("WHERE organization=1"), 1);
  EXPECT_THAT(PurgeCustomer(kCyNumber).items, IsEmpty());  // P-12
  EXPECT_FALSE(PurgeCustomer(kCyNumber).job);
  EXPECT_FALSE(PurgeCustomer("").job);
  // Not the customer's side: Ann's own number isn't that of the organization's customer here.
  EXPECT_THAT(PurgeCustomer(kAnnNumber).items, IsEmpty());
}

// P-10: in a call of two of the organization's users either is the customer.
TEST_F(RecordPurgeTest, InsideTheOrganizationEitherIsTheCustomer) {
  const Oid a = Answered(kAnn, kBen), b = Answered(kBen, kEve);
  EXPECT_THAT(Show(PurgeCustomer(kBenNumber)), ElementsAre(Line(a, "Purging"), Line(b, "Purging")));
  EXPECT_FALSE(Find(a.Hex()));
  EXPECT_FALSE(Find(b.Hex()));
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
}

// P-14: a contact with texts stays, its calls don't.
TEST_F(RecordPurgeTest, AContactWithTextsStays) {
  const records::Call call = MustFind(Answered(kAnn, kCy));
  Sql(
      absl::StrCat("INSERT INTO record_texts(id,conversation,owner,body,created_ms) "
                   "VALUES(zeroblob(12),x'",
                   call.conversation->Hex(), "',1,'hello',1)"));
  PurgeCustomer(kCyNumber);
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE organization=1"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM record_texts"), 1);
}

// L-07: both parties' notices if both are the organization's, else its own side's.
TEST_F(RecordPurgeTest, NoticesGoFromTheOrganizationsBoxes) {
  const Oid inside = Answered(kAnn, kBen);
  PurgeCalls({inside.Hex()});
  PurgeAll();
  EXPECT_THAT(live_.deleted, UnorderedElementsAre(std::pair(kAnn, 1), std::pair(kBen, 1)));
  live_.deleted.clear();
  const Oid across = Answered(kAnn, kCy);
  PurgeCalls({across.Hex()});
  PurgeAll();
  EXPECT_THAT(live_.deleted, ElementsAre(std::pair(kAnn, 2)));
}

// L-09: a live call is hidden at once and erased when it ends; nobody is kept busy meanwhile.
TEST_F(RecordPurgeTest, ALiveCallIsErasedWhenItEnds) {
  CallFacts call = Live(kAnn, kCy);
  const Oid id = IdOf(call, now());
  EXPECT_THAT(Show(PurgeCalls({id.Hex()})), ElementsAre(Line(id, "Purging")));
  EXPECT_FALSE(Find(id.Hex()));
  EXPECT_EQ(PurgeAll(), 1);
  EXPECT_EQ(StateOf(id), PurgeState::kPurging);
  Put({Received(call)});
  EXPECT_FALSE(store().records().PurgeDue());
  Put({Ended(call, call::Reason::kMissed)});
  EXPECT_FALSE(Find(id.Hex()));
  EXPECT_TRUE(store().records().PurgeDue());
  PurgeAll();
  EXPECT_EQ(StateOf(id), PurgeState::kPurged);
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE organization=1"), 0);
  EXPECT_THAT(live_.hung_up, IsEmpty());
}

// X-05, X-06: numbers and kinds of events stay, what they say is gone.
TEST_F(RecordPurgeTest, EventsOfAPurgedCallSayNothing) {
  const Oid id = Answered(kAnn, kCy), kept = Answered(kAnn, kDi);
  const std::vector<std::string> before = EventNames(org());
  PurgeCalls({id.Hex()});
  PurgeAll();
  std::vector<std::string> names = EventNames(org());
  EXPECT_THAT(std::vector<std::string>(names.begin() + std::ssize(before), names.end()),
              ElementsAre("call_purging", "conversation_removed", "call_purged"));
  int kept_events = 0;
  for (const records::Event& event : Events(org())) {
    const bool last = event.type == records::EventType::kCallPurged;
    EXPECT_EQ(event.call == id, last) << event.seq;
    if (event.call == kept) ++kept_events;
    if (event.seq <= 6) {
      EXPECT_TRUE(event.purged && !event.contact && event.cause.empty()) << event.seq;
    }
  }
  EXPECT_EQ(kept_events, 6);
  for (const records::Event& event : Events(other_org())) EXPECT_FALSE(event.purged);
}

// P-43: counts and a signature that anybody can check; nothing personal.
TEST_F(RecordPurgeTest, TheReceiptIsSigned) {
  CallFacts call = NewCall(kAnn, kCy);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Ended(call, call::Reason::kMissed), Rated(call, kAnn, 1, "rude"),
       DebugSaved(call, kAnn, "{}"), Relayed(call, 7, 10)});
  Do([&](records::Ledger& ledger, records::Live&) {
    return ledger.AddNote(actor(), id.Hex(), {"a secret", true}, now());
  });
  const Oid job = *PurgeCustomer(kCyNumber).job;
  PurgeAll();
  const std::string receipt = reader().FindJob(org(), job)->value().receipt;
  EXPECT_EQ(reader().StatusOf(org(), id.Hex())->receipt, receipt);
  EXPECT_THAT(receipt,
              HasSubstr(R"("counts":{"calls":1,"sessions":1,"notes":1,"ratings":1,"viewers":0,)"
                        R"("texts":0,"debugs":1,"flows":2,"traces":1,"notices":1,"events":6,)"
                        R"("conversations":1,"contacts":1})"));
  const std::string begin = R"({"receipt":)", end = R"(,"algorithm":"Ed25519","publicKey":")";
  ASSERT_TRUE(receipt.starts_with(begin));
  const std::size_t at = receipt.find(end);
  ASSERT_NE(at, std::string::npos);
  const std::string body = receipt.substr(begin.size(), at - begin.size());
  const Bytes key = FromHex(receipt.substr(at + end.size(), 64));
  const Bytes signature = FromHex(receipt.substr(receipt.rfind(":\"") + 2, 128));
  crypto::Ed25519PublicKey public_key{};
  crypto::Ed25519Signature value{};
  ASSERT_EQ(key.size(), public_key.size());
  ASSERT_EQ(signature.size(), value.size());
  std::copy(key.begin(), key.end(), public_key.begin());
  std::copy(signature.begin(), signature.end(), value.begin());
  EXPECT_TRUE(crypto::Ed25519Verify(public_key, AsBytes(body), value));
  EXPECT_FALSE(crypto::Ed25519Verify(public_key, AsBytes(body + " "), value));
  // Nothing that names the call or the customer is left in the tables of the organization.
  const std::string dump = Dump({"users", "record_contacts", "calls", "outbox"});
  for (const std::string& secret : {std::string("rude"), std::string("a secret")}) {
    EXPECT_EQ(dump.find(ToHex(AsBytes(secret))), std::string::npos) << secret;
  }
  EXPECT_EQ(Sessions("WHERE organization=1"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM purge_jobs WHERE number_index IS NOT NULL"), 0);
}

// P-09: the answer and the purge are of one moment. What comes after the look and before the mark
// isn't of it, and stays as it is; what went meanwhile does no harm.
TEST_F(RecordPurgeTest, WhatBeginsAfterTheLookIsNotPurged) {
  const Oid gone = Missed(kAnn, kBen), first = Answered(kAnn, kBen);
  records::PurgeRequest request;
  request.kind = records::PurgeRequest::Kind::kCustomer;
  request.number_e164 = kBenNumber;
  request.customer = *reader().OfCustomer(org(), request.number_e164, false);
  EXPECT_THAT(request.customer->items, SizeIs(2));
  EXPECT_TRUE(Discard(gone.Hex()));
  const Oid later = Answered(kAnn, kBen);
  const records::PurgeResult result = Purge(request);
  ASSERT_TRUE(result.job);
  EXPECT_THAT(result.items, SizeIs(2));
  EXPECT_FALSE(Find(first.Hex()));
  EXPECT_TRUE(Find(later.Hex()));
  PurgeAll();
  EXPECT_EQ(StateOf(first), PurgeState::kPurged);
  EXPECT_TRUE(Find(later.Hex()));
  EXPECT_THAT(reader().FindJob(org(), *result.job)->value().receipt, HasSubstr(R"("calls":1,)"));
  // Its own turn comes with the next request.
  EXPECT_TRUE(PurgeCustomer(request.number_e164).job);
  PurgeAll();
  EXPECT_FALSE(Find(later.Hex()));
}

// What one transaction tells goes into few rows, though each purged call's older events are
// rewritten.
TEST_F(RecordPurgeTest, EventsOfManyCallsShareRows) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(Missed(kAnn, kBen).Hex());
  const std::int64_t before = Number("SELECT count(*) FROM outbox");
  PurgeCalls(ids);
  PurgeAll();
  EXPECT_LE(Number("SELECT count(*) FROM outbox"), before + 3);
  std::int64_t purged = 0, erased = 0;
  for (const records::Event& event : Events(org())) {
    purged += event.type == records::EventType::kCallPurged ? 1 : 0;
    erased += event.purged ? 1 : 0;
  }
  EXPECT_EQ(purged, 40);
  EXPECT_GE(erased, 2 * 40);
}

// P-41: what the server starts from forgets a call too, when the last organization does; a phone
// that still rates it and a relay that still tells of it do no harm.
TEST_F(RecordPurgeTest, TheLastRecordTakesTheCall) {
  CallFacts call = NewCall(kAnn, kCy);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Ended(call, call::Reason::kMissed)});
  PurgeCalls({id.Hex()});
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM calls"), 1);
  const records::CallPage theirs = *reader().List(other_org(), {});
  ASSERT_EQ(theirs.total, 1);
  Do([&](records::Ledger& ledger, records::Live&) {
    records::PurgeRequest request;
    request.ids = {theirs.calls[0].id.Hex()};
    return ledger.Purge(other_actor(), request, now());
  });
  PurgeAll();
  EXPECT_EQ(Number("SELECT count(*) FROM calls"), 0);
  Put({Rated(call, kAnn, 1, "rude"), DebugSaved(call, kCy, "{}"), Relayed(call, 7, 11)});
  EXPECT_EQ(Number("SELECT count(*) FROM ratings"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM record_flows"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM call_debug"), 0);
}

// P-20, P-22, P-23, section 11 item 4: a dry run writes the audit log and nothing else.
TEST_F(RecordPurgeTest, ADryRunChangesNothing) {
  const Oid a = Answered(kAnn, kCy), b = Missed(kBen, kCy);
  const Oid session = MustFind(b).session;
  const std::string before = Dump({"audit"});
  EXPECT_THAT(Show(PurgeCalls({a.Hex(), "x"}, true)),
              ElementsAre(Line(a, "WhatIf"), "x null NotFound"));
  EXPECT_THAT(Show(PurgeSessions({session.Hex()}, true)), ElementsAre(Line(b, "WhatIf")));
  const auto customer = PurgeCustomer(kCyNumber, true);
  EXPECT_THAT(Show(customer), ElementsAre(Line(a, "WhatIf"), Line(b, "WhatIf")));
  EXPECT_FALSE(customer.job);
  EXPECT_EQ(Dump({"audit"}), before);
  EXPECT_TRUE(Find(a.Hex()));
  EXPECT_EQ(Number("SELECT count(*) FROM audit WHERE action='purge what if'"), 3);
  EXPECT_EQ(Number("SELECT count FROM audit ORDER BY no DESC LIMIT 1"), 2);
  EXPECT_EQ(Text("SELECT selector FROM audit ORDER BY no DESC LIMIT 1").find("999663"),
            std::string::npos);
}

// A slice that could not be committed is due again.
TEST_F(RecordPurgeTest, AnUndoneSliceIsDoneAgain) {
  const Oid id = Answered(kAnn, kBen);
  PurgeCalls({id.Hex()});
  const absl::Status status = store().Change([&]() -> absl::Status {
    EXPECT_TRUE(store().records().PurgeSlice(10, live_, now()).ok());
    return absl::ResourceExhaustedError("full");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(StateOf(id), PurgeState::kPurging);
  EXPECT_TRUE(store().records().PurgeDue());
  EXPECT_EQ(PurgeAll(), 1);
  EXPECT_EQ(StateOf(id), PurgeState::kPurged);
}

// P-41: it goes on where it was after a restart in its midst, and ends as if there had been none.
TEST_F(RecordPurgeTest, ARestartInTheMidstLosesNothing) {
  for (const bool customer : {true, false}) {
    std::vector<std::string> ids;
    for (int i = 0; i < 7; ++i) ids.push_back(Answered(kAnn, kCy).Hex());
    const Oid kept = Answered(kAnn, kDi);
    const Oid job = customer ? *PurgeCustomer(kCyNumber).job : *PurgeCalls(ids).job;
    for (int left = 6; left >= 0; --left) {
      Do([&](records::Ledger& ledger, records::Live& live) {
        return ledger.PurgeSlice(1, live, now());
      });
      Reopen();
      EXPECT_TRUE(store().records().PurgeDue());
      EXPECT_EQ(reader().List(org(), {})->total, customer ? 1 : 2);
      EXPECT_EQ(Number("SELECT count(*) FROM records r JOIN users u ON u.id=r.other "
                       "WHERE r.organization=1 AND u.phone='999663'"),
                left);
    }
    PurgeAll();
    EXPECT_THAT(reader().FindJob(org(), job)->value().receipt, HasSubstr(R"("calls":7,)"));
    EXPECT_TRUE(Find(kept.Hex()));
    EXPECT_FALSE(store().records().PurgeDue());
  }
}

}  // namespace
}  // namespace trunkline::store

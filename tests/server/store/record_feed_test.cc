// Records out of what happens to live calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/records/types.h"
#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::Direction;
using records::Oid;
using records::Phase;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RecordFeedTest : public RecordTest {};

// M-01, M-13: found by either name from the request on, and its phases only move forward (M-11).
TEST_F(RecordFeedTest, ACallIsARecordFromItsRequestOn) {
  CallFacts call = NewCall(kAnn, kBen);
  Put({Requested(call)});
  const std::int64_t requested_ms = now();
  const Oid id = IdOf(call, requested_ms);
  EXPECT_EQ(id.call(), call.id);
  records::Call record = MustFind(id);
  EXPECT_EQ(record.phase, Phase::kRequested);
  EXPECT_EQ(record.direction, Direction::kOutbound);
  EXPECT_EQ(record.from_e164, kAnnNumber);
  EXPECT_EQ(record.to_e164, kBenNumber);
  EXPECT_EQ(record.owner, Oid::OfUser(kAnn));
  EXPECT_EQ(record.owner_name, "First1 Last");
  EXPECT_EQ(record.created_ms, requested_ms);
  EXPECT_EQ(records::NotesStatus(record), "Initiated");
  // M-04: in either case, and by what the provider calls it.
  std::string upper = id.Hex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(Find(upper));
  EXPECT_EQ(Find(std::to_string(call.id.value()))->id, id);
  EXPECT_FALSE(Find("0" + std::to_string(call.id.value())));
  EXPECT_FALSE(Find(""));
  EXPECT_FALSE(*reader().Find(other_org(), id.Hex()));

  Put({Received(call)});
  EXPECT_EQ(records::NotesStatus(MustFind(id)), "Ringing");
  Put({Accepted(call)});
  EXPECT_EQ(MustFind(id).phase, Phase::kAccepted);
  Put({Confirmed(call)});
  EXPECT_EQ(records::DialpadStatus(MustFind(id)), "in-progress");
  Pass(5'400);
  Put({Ended(call, call::Reason::kHangup)});
  record = MustFind(id);
  EXPECT_EQ(records::NotesStatus(record), "Completed");
  EXPECT_EQ(record.duration_s, 6);            // L-03, M-15: the server's clock
  EXPECT_EQ(record.reported_duration_s, 43);  // as the client said
  EXPECT_EQ(record.relay, 77);
  EXPECT_EQ(record.ended_ms, now());
}

// M-02: MTProto ids are signed.
TEST_F(RecordFeedTest, ANegativeIdIsAnId) {
  CallFacts call = NewCall(kAnn, kBen);
  call.id = CallId(-4156887774564);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  EXPECT_EQ(MustFind(id).mtproto_id, call.id);
  EXPECT_EQ(Find("-4156887774564")->id, id);
  Put({Ended(call, call::Reason::kMissed)});
  EXPECT_EQ(MustFind(id).phase, Phase::kEnded);
}

// L-04: confirmed and yet missed is hung up, over HTTP.
TEST_F(RecordFeedTest, AConfirmedCallThatWasMissedWasHungUp) {
  CallFacts call = NewCall(kAnn, kBen);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Received(call), Accepted(call), Confirmed(call), Ended(call, call::Reason::kMissed)});
  EXPECT_EQ(records::ShownReason(MustFind(id)), records::EndReason::kHangup);
  EXPECT_EQ(records::NotesStatus(MustFind(id)), "Completed");
  const records::Call missed = MustFind(Missed(kAnn, kBen));
  EXPECT_EQ(missed.duration_s, 0);
  EXPECT_EQ(records::DialpadStatus(missed), "no-answer");
}

// M-10: events without a gap, call_ended once, however far a call came.
TEST_F(RecordFeedTest, EventsFollowTheCall) {
  Answered(kAnn, kBen);
  Missed(kAnn, kBen);
  EXPECT_THAT(EventNames(org()),
              ElementsAre("call_initiated", "call_ringing", "call_answered", "call_ended",
                          "fetch_messages", "call_initiated", "call_ended", "fetch_messages"));
  EXPECT_THAT(EventNames(other_org()), IsEmpty());
  std::set<Oid> ids;
  for (const records::Event& event : Events(org())) ids.insert(event.id);
  EXPECT_THAT(ids, SizeIs(8));
}

// Section 12, item 2: each organization has a record of its own, and only the caller's reversible.
TEST_F(RecordFeedTest, ACallBetweenOrganizationsIsTwoRecords) {
  const Oid id = Answered(kAnn, kCy);
  const records::Call ours = MustFind(id);
  const auto theirs = *reader().Find(other_org(), ours.provider_call_id);
  ASSERT_TRUE(theirs);
  EXPECT_NE(theirs->id, id);
  EXPECT_NE(theirs->id.call(), ours.mtproto_id);
  EXPECT_EQ(theirs->provider_call_id, ours.provider_call_id);
  EXPECT_EQ(theirs->direction, Direction::kInbound);
  EXPECT_EQ(theirs->owner, Oid::OfUser(kCy));
  EXPECT_NE(theirs->session, ours.session);
  EXPECT_EQ(theirs->ended_ms, ours.ended_ms);
  // An unknown number that was called becomes a contact; one that called does not.
  EXPECT_TRUE(ours.contact);
  EXPECT_TRUE(ours.conversation);
  EXPECT_FALSE(theirs->contact);
  EXPECT_THAT(EventNames(org()), ElementsAre("contact_created", "call_initiated", "call_ringing",
                                             "call_answered", "call_ended", "fetch_messages"));
  EXPECT_EQ(Text("SELECT unseal('record_contacts.first_name',id,first_name)||source||"
                 "unseal('record_contacts.phone_e164',id,phone_e164) FROM record_contacts"),
            "New ContactOutgoing Call+999663");
  // The next call finds them.
  const records::Call second = MustFind(Answered(kBen, kCy));
  EXPECT_EQ(second.contact, ours.contact);
  EXPECT_EQ(second.conversation, ours.conversation);
  // Inside one organization numbers are known, and no number is none.
  EXPECT_FALSE(MustFind(Answered(kAnn, kBen)).contact);
  EXPECT_FALSE(MustFind(Answered(kAnn, kEve)).contact);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 1);
}

// Both parties' notices, with message ids and pts, as far as they are the organization's.
TEST_F(RecordFeedTest, NoticesAreOfTheOrganization) {
  Answered(kAnn, kBen);
  EXPECT_EQ(Number("SELECT count(*) FROM record_messages WHERE kind='call_notice'"), 2);
  EXPECT_EQ(Number("SELECT mtproto_msg_id*100+pts FROM record_messages WHERE owner=2"), 102);
  Answered(kAnn, kCy);
  EXPECT_EQ(Number("SELECT count(*) FROM record_messages WHERE kind='call_notice'"), 4);
}

TEST_F(RecordFeedTest, RedialsWithinAMinuteAreOneSession) {
  const records::Call first = MustFind(Missed(kAnn, kBen));
  Pass(58'000);
  const records::Call second = MustFind(Missed(kAnn, kBen));
  EXPECT_EQ(second.session, first.session);
  EXPECT_EQ(second.parent, first.id);
  EXPECT_FALSE(first.parent);
  // The other way round, another callee, too late, or after an answer: another session.
  EXPECT_NE(MustFind(Missed(kBen, kAnn)).session, first.session);
  EXPECT_NE(MustFind(Missed(kAnn, kCy)).session, first.session);
  Pass(60'000);
  const records::Call late = MustFind(Answered(kAnn, kBen));
  EXPECT_NE(late.session, first.session);
  EXPECT_NE(MustFind(Missed(kAnn, kBen)).session, late.session);
}

TEST_F(RecordFeedTest, RatingsAndDebugTextsGoToTheRatersRecord) {
  CallFacts call = NewCall(kAnn, kCy);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Ended(call, call::Reason::kMissed), Rated(call, kAnn, 4, "fine #echo"),
       DebugSaved(call, kAnn, "{}"), Rated(call, kCy, 1, "bad")});
  const records::Call ours = MustFind(id);
  ASSERT_THAT(ours.ratings, SizeIs(1));
  EXPECT_EQ(ours.ratings[0].stars, 4);
  EXPECT_EQ(ours.ratings[0].user, Oid::OfUser(kAnn));
  const auto theirs = *reader().Find(other_org(), ours.provider_call_id);
  ASSERT_THAT(theirs->ratings, SizeIs(1));
  EXPECT_EQ(theirs->ratings[0].comment, "bad");
  EXPECT_EQ(EventNames(other_org()).back(), "call_rated");
  EXPECT_EQ(Number("SELECT count(*) FROM call_debug"), 1);
}

TEST_F(RecordFeedTest, FlowsOfRelaysGoToEachRecord) {
  CallFacts call = NewCall(kAnn, kCy);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Received(call), Accepted(call), Confirmed(call), Relayed(call, 9, 10)});
  const std::size_t events = Events(org()).size();
  Put({Ended(call, call::Reason::kHangup), Relayed(call, 9, 50), Relayed(call, 5, 20)});
  const records::Call ours = MustFind(id);
  ASSERT_THAT(ours.flows, SizeIs(4));  // the newest of each relay and side
  EXPECT_EQ(ours.flows[0].relay, 5);
  EXPECT_EQ(ours.flows[2].relay, 9);
  EXPECT_EQ(ours.flows[2].side, records::Side::kCaller);
  EXPECT_EQ(ours.flows[2].packets, 50);
  EXPECT_EQ(ours.flows[2].bytes, 5'000);
  EXPECT_EQ(*ours.flows[2].last_ms - *ours.flows[2].first_ms, 1'000);
  EXPECT_EQ(ours.flows[3].side, records::Side::kCallee);
  EXPECT_EQ(ours.flows[3].packets, 0);
  EXPECT_FALSE(ours.flows[3].first_ms || ours.flows[3].last_ms);
  EXPECT_THAT((*reader().Find(other_org(), ours.provider_call_id))->flows, SizeIs(4));
  EXPECT_EQ(Events(org()).size(), events + 2);  // flows are none
  EXPECT_THAT(reader().List(org(), {})->calls.at(0).flows, SizeIs(0));
  EXPECT_THAT(MustFind(Answered(kAnn, kBen)).flows, SizeIs(0));
}

// from any point, whatever rows the events share.
TEST_F(RecordFeedTest, EventsAreReadFromAnyPoint) {
  for (int i = 0; i < 40; ++i) Answered(kAnn, kBen);  // 200 events, in rows of few
  const std::vector<records::Event> all = Events(org());
  ASSERT_GT(all.size(), 150u);
  for (std::size_t after = 0; after <= all.size(); after += 7) {
    for (const int max : {1, 10}) {
      const auto some = reader().EventsAfter(org(), static_cast<std::int64_t>(after), max);
      ASSERT_TRUE(some.ok());
      ASSERT_EQ(some->events.size(), std::min(all.size() - after, static_cast<std::size_t>(max)))
          << after;
      if (!some->events.empty()) {
        EXPECT_EQ(some->events[0].id, all[after].id);
      }
    }
  }
}

// L-02, M-12: however the facts are cut into slices, and however often the process dies between.
TEST_F(RecordFeedTest, SlicesMakeNoDifference) {
  std::vector<book::Fact> facts;
  const auto tell = [&] {
    std::vector<CallFacts> calls;
    for (int i = 0; i < 12; ++i) {
      calls.push_back(NewCall(UserId(1 + i % 5), UserId(1 + (i * 3 + 1 + i % 5) % 5)));
      if (calls.back().caller == calls.back().callee) calls.back().callee = UserId(1 + i % 5 % 4);
      if (calls.back().caller == calls.back().callee) calls.back().callee = kEve;
      facts.push_back(Requested(calls.back()));
      CallFacts& early = calls[static_cast<std::size_t>(i) / 2];
      if (early.version == 1) facts.push_back(Received(early));
      if (i % 3 == 0) {
        facts.push_back(Ended(calls.back(), call::Reason::kBusy));
        facts.push_back(Rated(calls.back(), calls.back().caller, 3, "x"));
      }
    }
  };
  tell();
  ASSERT_TRUE(store().Append(facts).ok());
  ASSERT_EQ(*store().Project(1'000), std::ssize(facts));
  // The organizations' times are the clock's; how many events share a row is the slices'.
  const std::vector<std::string> others = {"organizations", "record_secrets", "outbox"};
  const auto events = [&] {
    std::string text;
    for (const records::Oid organization : {org(), other_org()}) {
      for (const records::Event& event : Events(organization)) {
        absl::StrAppend(&text, event.seq, " ", event.id.Hex(), " ",
                        std::string(records::NameOf(event.type)), " ", event.at_ms, " ",
                        event.call.value_or(records::Oid()).Hex(), " ",
                        event.contact.value_or(records::Oid()).Hex(), "\n");
      }
    }
    return text;
  };
  const std::string at_once = Dump(others), told = events();

  std::filesystem::remove_all(dir());
  StartAgain();
  ASSERT_TRUE(store().Append(facts).ok());
  for (std::size_t i = 0; i < facts.size(); ++i) ASSERT_EQ(*store().Project(1), 1);
  EXPECT_EQ(Dump(others), at_once);
  EXPECT_EQ(events(), told);
  EXPECT_EQ(Number("SELECT count(*)-count(DISTINCT id) FROM records"), 0);
}

// A call that ends soon is told as one; others go on beside it.
TEST_F(RecordFeedTest, CallsAreHeldBackUntilTheirEnd) {
  CallFacts soon = NewCall(kAnn, kBen), late = NewCall(kCy, kDi);
  const std::int64_t before = store().last_seq();
  ASSERT_TRUE(store().Append(std::vector{Requested(soon), Requested(late), Received(soon)}).ok());
  const auto project = [this](Store::Slice slice) { return *store().Project(3, slice); };
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 0);
  EXPECT_EQ(store().unprojected(), 3);
  EXPECT_EQ(store().read_seq(), store().last_seq());
  EXPECT_EQ(store().shown_seq(), before);
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
  ASSERT_TRUE(store().Append(std::vector{Ended(soon, call::Reason::kBusy), Received(late)}).ok());
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 3);
  EXPECT_THAT(EventNames(org()),
              ElementsAre("call_initiated", "call_ringing", "call_ended", "fetch_messages"));
  EXPECT_EQ(store().shown_seq(), before + 1);
  EXPECT_EQ(Number("SELECT count(*) FROM journal"), 2);
  // Rows of the past don't hide behind those that are held.
  ASSERT_TRUE(store().Append(std::vector{Rated(soon, kAnn, 3, "x")}).ok());
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM record_ratings"), 1);
  // With nothing left to read, or when all is asked for, it waits no longer.
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 2);
  EXPECT_EQ(store().shown_seq(), store().last_seq());
  EXPECT_EQ(Number("SELECT count(*) FROM records WHERE phase=1"), 1);
  ASSERT_TRUE(store().Append(std::vector{Accepted(late)}).ok());
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 1);
  CallFacts next = NewCall(kAnn, kBen);
  ASSERT_TRUE(store().Append(std::vector{Requested(next)}).ok());
  EXPECT_EQ(project(Store::Slice::kWholeCalls), 0);
  EXPECT_EQ(project(Store::Slice::kAllRows), 1);
  EXPECT_EQ(store().unprojected(), 0);
}

// An undone slice leaves nothing behind in memory either.
TEST_F(RecordFeedTest, AFailedSliceIsAsIfItHadNotBeen) {
  CallFacts call = NewCall(kAnn, kCy);
  std::vector<book::Fact> facts = {Requested(call), Received(call)};
  facts.push_back(facts.back());  // doesn't continue
  ASSERT_TRUE(store().Append(facts).ok());
  EXPECT_EQ(store().Project(10).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
  EXPECT_EQ(store().Project(10, Store::Slice::kWholeCalls).status(), absl::OkStatus());
  EXPECT_EQ(store().Project(10, Store::Slice::kWholeCalls).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(*store().Project(2), 2);
  EXPECT_THAT(EventNames(org()), ElementsAre("contact_created", "call_initiated", "call_ringing"));
}

}  // namespace
}  // namespace trunkline::store

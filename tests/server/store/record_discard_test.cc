// Discards: the record goes, and with it what it alone brought.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::Oid;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RecordDiscardTest : public RecordTest {
 protected:
  std::vector<std::string> NewEvents(std::size_t before) {
    std::vector<std::string> names = EventNames(org());
    names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(before));
    return names;
  }
  records::NoteChange AddNote(const Oid& call, std::string text) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.AddNote(actor(), call.Hex(), {std::move(text), false}, now());
    });
  }
};

// T-01, T-03, M-14: the row and all that hangs on it; another call keeps its own.
TEST_F(RecordDiscardTest, TheRecordAndItsRowsGo) {
  CallFacts call = NewCall(kAnn, kBen);
  Put({Requested(call)});
  const Oid id = IdOf(call, now());
  Put({Received(call), Accepted(call), Confirmed(call), Ended(call, call::Reason::kHangup),
       Rated(call, kBen, 2, "#noise"), DebugSaved(call, kAnn, "{\"a\":1}"), Relayed(call, 7, 10)});
  CallFacts other = NewCall(kAnn, kBen);
  Put({Requested(other)});
  const Oid kept = IdOf(other, now());
  Put({Ended(other, call::Reason::kMissed), Rated(other, kAnn, 5, ""),
       DebugSaved(other, kAnn, "{}"), Relayed(other, 7, 10)});
  for (const Oid& which : {id, kept}) {
    AddNote(which, "a note");
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.MarkViewed(actor(), which.Hex(), "b@example.org", now());
    });
  }
  const std::string before = testing::PrintToString(MustFind(kept).notes.size());
  EXPECT_TRUE(Discard(id.Hex()));
  EXPECT_FALSE(Find(id.Hex()));
  for (const char* table :
       {"records", "record_notes", "record_ratings", "record_viewers", "call_debug", "ratings"}) {
    EXPECT_EQ(Number(absl::StrCat("SELECT count(*) FROM ", table)), 1) << table;
  }
  EXPECT_EQ(Number("SELECT count(*) FROM record_flows"), 2);
  const records::Call left = MustFind(kept);
  EXPECT_THAT(left.notes, SizeIs(1));
  EXPECT_THAT(left.ratings, SizeIs(1));
  EXPECT_THAT(left.viewed_by, SizeIs(1));
  // Later facts of a discarded call leave nothing behind either.
  Put({Rated(call, kAnn, 1, "late"), DebugSaved(call, kBen, "{}"), Relayed(call, 7, 11)});
  EXPECT_EQ(Number("SELECT count(*) FROM record_flows"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM call_debug"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM ratings"), 1);
}

// T-02, X-13: what isn't there is a complete no-op, whatever the name is like.
TEST_F(RecordDiscardTest, WhatIsUnknownIsLeftAlone) {
  const Oid ours = Answered(kAnn, kCy);
  const auto theirs = *reader().Find(other_org(), MustFind(ours).provider_call_id);
  const Oid gone = Answered(kAnn, kBen);
  ASSERT_TRUE(Discard(gone.Hex()));
  const Oid contact = *MustFind(ours).contact;
  const std::string before = Dump();
  for (const std::string& name :
       {gone.Hex(), theirs->id.Hex(), std::string("nonsense"), std::string(), std::string(24, 'f'),
        std::string(1, '\0'), std::string("99999999999999999999"), std::string(100'000, '7')}) {
    EXPECT_FALSE(Discard(name, contact.Hex(), true)) << name.substr(0, 40);
  }
  EXPECT_EQ(Dump(), before);
}

// M-04, T-01: also by what the provider calls it.
TEST_F(RecordDiscardTest, ByTheProvidersName) {
  const Oid id = Answered(kAnn, kBen);
  EXPECT_TRUE(Discard(absl::StrCat(id.call().value())));
  EXPECT_FALSE(Find(id.Hex()));
}

// T-04, T-05, T-07, T-09: the voice conversation without messages goes, and the placeholder with
// it; a second request finds nothing.
TEST_F(RecordDiscardTest, AWrongNumberLeavesNothing) {
  const Oid id = Answered(kAnn, kCy);
  const records::Call call = MustFind(id);
  const std::size_t before = EventNames(org()).size();
  EXPECT_TRUE(Discard(id.Hex(), call.contact->Hex(), true));
  EXPECT_THAT(NewEvents(before),
              ElementsAre("call_discarded", "conversation_removed", "contact_removed"));
  const records::Event removed = Events(org()).back();
  EXPECT_EQ(removed.contact, call.contact);
  EXPECT_EQ(removed.call, id);
  EXPECT_EQ(removed.cause, "discard");
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM record_conversations"), 0);
  EXPECT_FALSE(Discard(id.Hex(), call.contact->Hex(), true));
  EXPECT_THAT(NewEvents(before), SizeIs(3));
  // The other organization's record is its own.
  EXPECT_TRUE(*reader().Find(other_org(), call.provider_call_id));
}

// T-04: notices of another call keep it, and T-06: so does the other call the contact.
TEST_F(RecordDiscardTest, AnotherCallKeepsConversationAndContact) {
  const Oid id = Answered(kAnn, kCy);
  const Oid other = Answered(kBen, kCy);
  const records::Call call = MustFind(id);
  EXPECT_TRUE(Discard(id.Hex(), call.contact->Hex(), true));
  EXPECT_EQ(MustFind(other).conversation, call.conversation);
  EXPECT_EQ(Number("SELECT count(*) FROM record_conversations"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 1);
  EXPECT_TRUE(Discard(other.Hex(), call.contact->Hex(), true));
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 0);
}

// T-04, T-05, T-06, section 12 item 4: texts keep a conversation, a chat is never deleted here, and
// what is left of conversations keeps the contact.
TEST_F(RecordDiscardTest, MessagesAndChatsKeepTheContact) {
  for (const bool chat : {false, true}) {
    SCOPED_TRACE(chat);
    const Oid id = Answered(kAnn, chat ? kDi : kCy);
    const records::Call call = MustFind(id);
    if (chat) {
      Sql(
          absl::StrCat("INSERT INTO record_conversations SELECT zeroblob(12),1,contact,2,1,1 FROM "
                       "record_conversations WHERE id=x'",
                       call.conversation->Hex(), "'"));
    } else {
      Sql(
          absl::StrCat("INSERT INTO record_texts(id,conversation,owner,body,created_ms) "
                       "VALUES(zeroblob(12),x'",
                       call.conversation->Hex(), "',1,'hello',1)"));
    }
    const std::size_t before = EventNames(org()).size();
    EXPECT_TRUE(Discard(id.Hex(), call.contact->Hex(), true));
    EXPECT_EQ(NewEvents(before).back(), chat ? "conversation_removed" : "call_discarded");
    EXPECT_EQ(Number(absl::StrCat("SELECT count(*) FROM record_contacts WHERE id=x'",
                                  call.contact->Hex(), "'")),
              1);
  }
  EXPECT_EQ(Number("SELECT count(*) FROM record_conversations WHERE kind=1"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM record_conversations WHERE kind=2"), 1);
}

// T-06, T-08, section 11 item 7: the placeholder matrix.
TEST_F(RecordDiscardTest, OnlyAPlaceholderThatIsAskedForGoes) {
  for (const char* name : {"New Contact", "new contact", "New Contact "}) {
    for (const char* source : {"Outgoing Call", "Import"}) {
      for (const bool flag : {true, false}) {
        for (const char* which : {"its own", "none", "foreign", "nonsense"}) {
          SCOPED_TRACE(absl::StrCat(name, ", ", source, ", ", flag, ", ", which));
          const std::string given(which);
          const Oid id = Answered(kAnn, kCy);
          const Oid own = *MustFind(id).contact;
          Sql(
              absl::StrCat("UPDATE record_contacts SET first_name="
                           "seal(id,'record_contacts.first_name',id,'",
                           name, "'),source='", source, "' WHERE id=x'", own.Hex(), "'"));
          const Oid foreign(1, 2);
          Sql(absl::StrCat("INSERT OR REPLACE INTO record_contacts VALUES(x'", foreign.Hex(),
                           "',2,x'',x'',x'',x'','Outgoing Call',NULL,1,1)"));
          std::optional<std::string> contact = own.Hex();
          if (given == "none") contact = std::nullopt;
          if (given == "foreign") contact = foreign.Hex();
          if (given == "nonsense") contact = "x";
          const std::size_t before = EventNames(org()).size();
          EXPECT_TRUE(Discard(id.Hex(), contact, flag));
          const bool gone = std::string(name) == "New Contact" &&
                            std::string(source) == "Outgoing Call" && flag && given == "its own";
          EXPECT_EQ(NewEvents(before).size(), gone ? 3u : 2u);
          EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), gone ? 1 : 2);
          Sql("DELETE FROM record_contacts WHERE organization=1");
        }
      }
    }
  }
}

// L-06: the owner's notice alone. L-08: a live call ends first, and its events say so.
TEST_F(RecordDiscardTest, NoticesAndLiveCalls) {
  const Oid ended = Answered(kAnn, kBen);
  EXPECT_TRUE(Discard(ended.Hex()));
  EXPECT_THAT(live_.deleted, ElementsAre(std::pair(kAnn, 1)));
  EXPECT_THAT(live_.hung_up, IsEmpty());

  const CallFacts call = Live(kBen, kAnn);
  const std::size_t before = EventNames(org()).size();
  EXPECT_TRUE(Discard(IdOf(call, now()).Hex()));
  EXPECT_THAT(live_.hung_up, ElementsAre(call.id));
  EXPECT_THAT(live_.deleted, ElementsAre(std::pair(kAnn, 1), std::pair(kBen, 2)));
  EXPECT_THAT(NewEvents(before), ElementsAre("call_ended", "fetch_messages", "call_discarded"));
  EXPECT_EQ(Number("SELECT count(*) FROM records"), 0);
  // The session stays, without a call.
  EXPECT_EQ(Number("SELECT count(*) FROM record_sessions"), 2);
}

// T-13, M-10, X-03: a change that fails leaves everything as it was, events too.
TEST_F(RecordDiscardTest, AFailureChangesNothing) {
  const Oid id = Answered(kAnn, kCy);
  const std::string before = Dump();
  const absl::Status status = store().Change([&]() -> absl::Status {
    const auto done = store().records().Discard(
        actor(), {id.Hex(), MustFind(id).contact->Hex(), true}, live_, now());
    EXPECT_TRUE(done.ok() && *done);
    return absl::UnavailableError("the disk is full");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Dump(), before);
  EXPECT_TRUE(Discard(id.Hex()));
  EXPECT_EQ(EventNames(org()).back(), "conversation_removed");
}

}  // namespace
}  // namespace trunkline::store

// Organizations, credentials, notes, ratings, ingested calls, and what readers see of them.
#include "server/records/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/store/record_ledger.h"
#include "tests/server/store/record_world.h"

namespace trunkline::store {
namespace {

using records::CallFilter;
using records::Direction;
using records::NoteResult;
using records::Oid;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RecordLedgerTest : public RecordTest {
 protected:
  records::NoteChange AddNote(const records::Actor& who, const std::string& call,
                              std::string text) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.AddNote(who, call, {std::move(text), false}, now());
    });
  }
  records::NoteChange RemoveNote(const std::string& call, const std::string& note) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.RemoveNote(actor(), call, note, now());
    });
  }
  records::IngestRequest Completed(std::string from, std::string to) {
    records::IngestRequest request;
    request.from_e164 = std::move(from);
    request.to_e164 = std::move(to);
    request.start_ms = now();
    request.duration_s = 30;
    request.ingested = {"completed", "[]", "a summary", "{\"url\":\"u\"}"};
    return request;
  }
  records::IngestResult Ingest(const records::IngestRequest& request) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.Ingest(actor(), request, now());
    });
  }
  std::vector<Oid> Ids(const CallFilter& filter) {
    const auto page = reader().List(org(), filter);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<Oid> ids;
    for (const records::Call& call : page->calls) ids.push_back(call.id);
    return ids;
  }
};

TEST_F(RecordLedgerTest, OrganizationsAndTheirPeople) {
  const auto organizations = *reader().Organizations();
  ASSERT_THAT(organizations, SizeIs(2));
  EXPECT_EQ(organizations[0].name, "default");
  EXPECT_EQ(organizations[1].host_label, "other");
  const auto add = [&](std::string name) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.AddOrganization(std::move(name), now());
    });
  };
  EXPECT_FALSE(add("OTHER"));   // the same name
  EXPECT_FALSE(add("other!"));  // the same label
  EXPECT_EQ(add("Acme & Sons, Ltd.")->host_label, "acme-sons-ltd");
  EXPECT_EQ(add("\xc3\xa9")->host_label.size(), 24u);
  records::User user;
  user.mtproto_id = kEve;
  user.organization = other_org();
  user.full_name = "Eve E.";
  user.email = "eve@example.org";
  user.role = records::Role::kAdmin;
  const auto put = [&] {
    return Do([&](records::Ledger& ledger, records::Live&) { return ledger.PutUser(user); });
  };
  EXPECT_TRUE(put());
  user.mtproto_id = UserId(99);
  EXPECT_FALSE(put());
  const auto users = *reader().Users();
  ASSERT_THAT(users, SizeIs(5 + 4));  // and one for each organization itself
  EXPECT_EQ(users[4].full_name, "Eve E.");
  EXPECT_EQ(users[4].organization, other_org());
  EXPECT_EQ(users[0].phone_e164, kAnnNumber);
  EXPECT_EQ(users[0].organization, org());
  EXPECT_EQ(users[5].role, records::Role::kService);
  Reopen();
  EXPECT_THAT(*reader().Organizations(), SizeIs(4));
}

TEST_F(RecordLedgerTest, UsersAreFoundByTheirEmails) {
  const auto put = [this](UserId id, const std::string& email) {
    records::User user;
    user.mtproto_id = id;
    user.organization = id == kEve ? other_org() : org();
    user.full_name = "Somebody";
    user.email = email;
    user.role = records::Role::kAdmin;
    EXPECT_TRUE(Do([&](records::Ledger& ledger, records::Live&) { return ledger.PutUser(user); }));
  };
  put(kEve, "Eve@Example.org");
  put(kAnn, "");
  const auto found = *reader().UsersWithEmail("eve@example.ORG");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].mtproto_id, kEve);
  EXPECT_EQ(found[0].organization, other_org());
  EXPECT_EQ(found[0].email, "Eve@Example.org");
  EXPECT_EQ(found[0].role, records::Role::kAdmin);
  for (const char* nobody : {"", "eve@example.or", "%", "Somebody"}) {
    EXPECT_THAT(*reader().UsersWithEmail(nobody), testing::IsEmpty()) << nobody;
  }
  put(kAnn, "EVE@example.org");
  EXPECT_THAT(*reader().UsersWithEmail("eve@example.org"), SizeIs(2));
}

TEST_F(RecordLedgerTest, CredentialsAreKeptAsHashes) {
  records::Credential credential;
  credential.organization = org();
  credential.user = Oid::OfUser(kAnn);
  credential.scopes = 0x8000'0001;
  credential.hash = std::string(31, '\0') + "x";
  const auto added = Do([&](records::Ledger& ledger, records::Live&) {
    return ledger.AddCredential(credential, now());
  });
  const auto revoke = [&](Oid organization) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.RevokeCredential(organization, added.id);
    });
  };
  EXPECT_FALSE(revoke(other_org()));
  const auto kept = *reader().Credentials();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].id, added.id);
  EXPECT_EQ(kept[0].hash, credential.hash);
  EXPECT_EQ(kept[0].scopes, credential.scopes);
  EXPECT_EQ(kept[0].user, credential.user);
  EXPECT_FALSE(kept[0].revoked);
  EXPECT_TRUE(revoke(org()));
  EXPECT_TRUE((*reader().Credentials())[0].revoked);
}

// N-04 to N-06, N-08, N-10: the one note goes, others keep order and content; a repeat finds none.
TEST_F(RecordLedgerTest, NotesComeAndGoOneByOne) {
  const Oid call = Answered(kAnn, kBen), other = Answered(kBen, kAnn);
  std::vector<std::string> notes;
  for (const char* text : {"first", "second", "third"}) {
    const auto added = AddNote(actor(), call.Hex(), text);
    ASSERT_EQ(added.result, NoteResult::kDone);
    notes.push_back(added.call->notes.back().id.Hex());
  }
  const auto of_other = AddNote(actor(), other.Hex(), "other").call->notes.back().id.Hex();
  EXPECT_EQ(RemoveNote(call.Hex(), of_other).result, NoteResult::kNoNote);
  EXPECT_EQ(RemoveNote(other_org().Hex(), notes[1]).result, NoteResult::kNoCall);
  EXPECT_EQ(RemoveNote(call.Hex(), "nonsense").result, NoteResult::kNoNote);
  EXPECT_EQ(AddNote(other_actor(), call.Hex(), "x").result, NoteResult::kNoCall);
  const auto removed = RemoveNote(call.Hex(), notes[1]);
  ASSERT_EQ(removed.result, NoteResult::kDone);
  ASSERT_THAT(removed.call->notes, SizeIs(2));
  EXPECT_EQ(removed.call->notes[0].content, "first");
  EXPECT_EQ(removed.call->notes[1].content, "third");
  EXPECT_EQ(RemoveNote(call.Hex(), notes[1]).result, NoteResult::kNoNote);
  const auto names = EventNames(org());
  EXPECT_EQ(std::count(names.begin(), names.end(), "call_note_removed"), 1);
  EXPECT_EQ(Events(org()).back().note->Hex(), notes[1]);
  const auto updated = Do([&](records::Ledger& ledger, records::Live&) {
    return ledger.UpdateNote(actor(), call.Hex(), notes[0], {"again", true}, now());
  });
  EXPECT_EQ(updated.call->notes[0].content, "again");
  EXPECT_TRUE(updated.call->notes[0].flagged);
  // Nobody in particular: the organization's own user.
  EXPECT_EQ(updated.call->notes[0].user, Oid::OfUser(ServiceUser(1)));
  RemoveNote(call.Hex(), notes[0]);
  EXPECT_THAT(RemoveNote(call.Hex(), notes[2]).call->notes, IsEmpty());
  EXPECT_THAT(MustFind(other).notes, SizeIs(1));
}

TEST_F(RecordLedgerTest, RatingsAndViews) {
  const Oid call = Answered(kAnn, kBen);
  for (const int stars : {2, 5}) {
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.Rate(actor(), call.Hex(), stars, "so #echo", now());
    });
  }
  for (const char* email : {"b@x", "a@x", "b@x"}) {
    Do([&](records::Ledger& ledger, records::Live&) {
      return ledger.MarkViewed(actor(), call.Hex(), email, now());
    });
  }
  const records::Call found = MustFind(call);
  ASSERT_THAT(found.ratings, SizeIs(1));
  EXPECT_EQ(found.ratings[0].stars, 5);
  EXPECT_EQ(found.ratings[0].tags, 1u);
  EXPECT_THAT(found.viewed_by, ElementsAre("a@x", "b@x"));
  EXPECT_EQ(Number("SELECT count(*) FROM record_viewers"), 2);
  const auto names = EventNames(org());
  EXPECT_EQ(std::count(names.begin(), names.end(), "call_rated"), 2);
}

// Section 12, item 3; M-04 by the vendor's name.
TEST_F(RecordLedgerTest, AnIngestedCallIsARecord) {
  records::IngestRequest request = Completed("+999661", "+4930123");
  request.external_id = "vendor-1";
  const auto result = Ingest(request);
  EXPECT_FALSE(result.deduplicated);
  EXPECT_TRUE(Ingest(request).deduplicated);
  EXPECT_EQ(Ingest(request).call, result.call);
  const auto call = Find("vendor-1");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->id, result.call);
  ASSERT_TRUE(call->ingested);
  EXPECT_EQ(call->ingested->summary, "a summary");
  EXPECT_EQ(records::NotesStatus(*call), "Completed");
  EXPECT_EQ(call->duration_s, 30);
  EXPECT_TRUE(call->contact);
  EXPECT_TRUE(call->conversation);
  EXPECT_THAT(EventNames(org()), ElementsAre("contact_created", "call_initiated", "call_ended",
                                             "call_recording_ready", "fetch_messages"));
  EXPECT_EQ(Number("SELECT count(*) FROM record_messages WHERE kind='call_notice'"), 1);
  EXPECT_FALSE(*reader().Find(other_org(), "vendor-1"));
  // Nothing of it is on a phone, so nothing is asked of the book.
  EXPECT_TRUE(Discard("vendor-1", call->contact->Hex(), true));
  EXPECT_THAT(live_.deleted, IsEmpty());
  EXPECT_EQ(Number("SELECT count(*) FROM record_ingested"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 0);
  EXPECT_FALSE(Ingest(request).deduplicated);
}

TEST_F(RecordLedgerTest, IngestedCallsShareSessionsByTheirTimes) {
  records::IngestRequest request = Completed("+999661", "+4930123");
  request.ingested.status = "no-answer";
  request.duration_s = 10;
  const Oid first = MustFind(Ingest(request).call).session;
  request.start_ms += 70'000;  // a minute after it ended
  const records::Call second = MustFind(Ingest(request).call);
  EXPECT_EQ(second.session, first);
  EXPECT_TRUE(second.parent);
  request.start_ms += 70'001;
  EXPECT_NE(MustFind(Ingest(request).call).session, first);
  // A known number makes no contact; an inbound one neither.
  EXPECT_FALSE(MustFind(Ingest(Completed("+999661", "+999662")).call).contact);
  records::IngestRequest inbound = Completed("+4930999", "+999661");
  inbound.direction = Direction::kInbound;
  EXPECT_FALSE(MustFind(Ingest(inbound).call).contact);
  EXPECT_EQ(Number("SELECT count(*) FROM record_contacts"), 1);
  // A purge by number finds both kinds; one that is being purged gives its name up.
  request.external_id = "again";
  const Oid named = Ingest(request).call;
  EXPECT_GE(PurgeCustomer("+4930123").items.size(), 4u);
  const auto fresh = Ingest(request);
  EXPECT_FALSE(fresh.deduplicated);
  PurgeAll();
  EXPECT_FALSE(Find(named.Hex()));
  EXPECT_EQ(Find("again")->id, fresh.call);
}

TEST_F(RecordLedgerTest, ListsFilterAndPage) {
  const Oid a = Answered(kAnn, kBen), b = Missed(kBen, kCy), c = Answered(kEve, kDi);
  const CallFacts live = Live(kAnn, kEve);
  const Oid d = IdOf(live, now());
  const auto in = Answered(kCy, kAnn);
  const Oid e = Find(absl::StrCat(in.call().value()))->id;
  EXPECT_THAT(Ids({}), ElementsAre(e, d, c, b, a));
  CallFilter filter;
  filter.ascending = true;
  filter.limit = 2;
  filter.offset = 1;
  EXPECT_THAT(Ids(filter), ElementsAre(b, c));
  EXPECT_EQ(reader().List(org(), filter)->total, 5);
  filter = {};
  filter.user = Oid::OfUser(kAnn);
  EXPECT_THAT(Ids(filter), ElementsAre(e, d, a));
  filter.direction = Direction::kInbound;
  EXPECT_THAT(Ids(filter), ElementsAre(e));
  filter = {};
  filter.contact = MustFind(b).contact;
  EXPECT_THAT(Ids(filter), ElementsAre(e, b));
  filter = {};
  filter.search = "FIRST2";
  EXPECT_THAT(Ids(filter), ElementsAre(b));
  filter.search = "%";
  EXPECT_THAT(Ids(filter), IsEmpty());
  filter.search = "999664";
  EXPECT_THAT(Ids(filter), ElementsAre(c));
  filter = {};
  filter.from_ms = MustFind(b).created_ms;
  filter.until_ms = MustFind(c).created_ms;
  EXPECT_THAT(Ids(filter), ElementsAre(c, b));
}

// Every way a call can be has the words in lists that it has by itself.
TEST_F(RecordLedgerTest, ListsKnowTheWordsOfEveryStatus) {
  std::vector<CallFacts> calls;
  for (int phase = 0; phase < 4; ++phase) {
    for (int reason = -1; reason < 5; ++reason) {
      CallFacts call = NewCall(kAnn, kBen);
      std::vector<book::Fact> facts = {Requested(call)};
      if (phase > 0) facts.push_back(Received(call));
      if (phase > 1) facts.push_back(Accepted(call));
      if (phase > 2) facts.push_back(Confirmed(call));
      if (reason >= 0) facts.push_back(Ended(call, static_cast<call::Reason>(reason)));
      Put(std::move(facts));
    }
  }
  for (const char* status : {"completed", "no-answer", "busy", "failed"}) {
    records::IngestRequest request = Completed("+999661", "+1");
    request.ingested.status = status;
    Ingest(request);
  }
  CallFilter all;
  all.limit = 1'000;
  const auto page = reader().List(org(), all);
  ASSERT_EQ(page->total, 28);
  std::map<std::string, std::int64_t> dialpad, notes;
  for (const records::Call& listed : page->calls) {
    const records::Call call = MustFind(listed.id);
    EXPECT_EQ(records::DialpadStatus(call), records::DialpadStatus(listed));
    ++dialpad[std::string(records::DialpadStatus(call))];
    ++notes[std::string(records::NotesStatus(call))];
  }
  EXPECT_THAT(dialpad, SizeIs(7));
  for (const auto& [word, count] : dialpad) {
    CallFilter filter;
    filter.dialpad_statuses = {word, "no such word"};
    EXPECT_EQ(reader().List(org(), filter)->total, count) << word;
  }
  for (const auto& [word, count] : notes) {
    CallFilter filter;
    filter.notes_statuses = {word};
    EXPECT_EQ(reader().List(org(), filter)->total, count) << word;
  }
  CallFilter none;
  none.notes_statuses = {"Scheduled"};
  EXPECT_EQ(reader().List(org(), none)->total, 0);
}

// another connection sees what is committed, at once; it can't write.: pages of
// events.
TEST_F(RecordLedgerTest, AReaderSeesWhatIsCommitted) {
  const Oid call = Answered(kAnn, kBen);
  ASSERT_TRUE(store()
                  .Change([&]() -> absl::Status {
                    const auto done = store().records().AddNote(actor(), call.Hex(), {"n"}, now());
                    EXPECT_THAT(done->call->notes, SizeIs(1));
                    EXPECT_THAT((*store().records().reader().Find(org(), call.Hex()))->notes,
                                SizeIs(1));
                    EXPECT_THAT(MustFind(call).notes, IsEmpty());
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(MustFind(call).notes, SizeIs(1));
  auto database = Database::OpenToRead(file());
  ASSERT_TRUE(database.ok());
  EXPECT_FALSE(database->Execute("DELETE FROM records").ok());
  const auto events = *reader().EventsAfter(org(), 2, 3);
  ASSERT_THAT(events.events, SizeIs(3));
  EXPECT_EQ(events.events[0].seq, 3);
  EXPECT_EQ(events.oldest, 1);
  EXPECT_EQ(events.newest, 6);
  EXPECT_EQ(reader().EventsAfter(other_org(), 0, 3)->oldest, 1);
}

}  // namespace
}  // namespace trunkline::store

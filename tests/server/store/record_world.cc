#include "tests/server/store/record_world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/store/record_functions.h"

namespace trunkline::store {

namespace fact = book::fact;
using records::Oid;

void RecordTest::SetUp() {
  Reopen();
  std::vector<book::Fact> facts;
  for (std::int64_t id = 1; id <= 5; ++id) {
    facts.push_back(
        {book::Stream::kUser, id, 1,
         fact::UserCreated{UserId(id), AccessHash(9), id == 5 ? "" : absl::StrCat("99966", id),
                           absl::StrCat("First", id), "Last", false, "", kStart}});
  }
  Put(std::move(facts));
  other_ = Do([&](records::Ledger& ledger, records::Live&) {
             return ledger.AddOrganization("Other", now_);
           })->id;
  for (const UserId user : {kCy, kDi}) {
    records::User put;
    put.mtproto_id = user;
    put.organization = other_;
    EXPECT_TRUE(Do([&](records::Ledger& ledger, records::Live&) { return ledger.PutUser(put); }));
  }
}

void RecordTest::Reopen() {
  reader_.reset();
  peek_.reset();
  store_.reset();
  Store::Options options;
  options.durability = Durability::kNone;
  options.entropy = &entropy_;
  store_ = MustOpen(options);
  ASSERT_TRUE(store_);
  auto reader = RecordReader::Open(file(), store_->keys());
  ASSERT_TRUE(reader.ok()) << reader.status();
  reader_ = *std::move(reader);
  auto peek = Database::OpenToRead(file());
  ASSERT_TRUE(peek.ok()) << peek.status();
  peek_ = std::make_unique<Database>(*std::move(peek));
  ASSERT_TRUE(UseKeysToRead(*peek_, *store_->keys()).ok());
  default_ = (*reader_->Organizations()).front().id;
}

void RecordTest::StartAgain() {
  entropy_ = SeededEntropy(7);
  const std::int64_t now = std::exchange(now_, kStart);
  SetUp();
  now_ = now;
}

RecordTest::CallFacts RecordTest::NewCall(UserId caller, UserId callee) {
  return {CallId(++calls_), caller, callee, 0};
}

book::Fact RecordTest::FactOf(CallFacts& call, book::FactBody body) {
  return {book::Stream::kCall, call.id.value(), ++call.version, std::move(body)};
}

book::Fact RecordTest::Requested(CallFacts& call) {
  fact::CallRequested requested;
  requested.id = call.id;
  requested.caller = call.caller;
  requested.callee = call.callee;
  requested.at_ms = now_ += 1'000;
  requested.deadline_ms = now_ + 90'000;
  return FactOf(call, std::move(requested));
}

book::Fact RecordTest::Received(CallFacts& call) {
  now_ += 1'000;
  return FactOf(call, fact::CallReceived{call.id, now_, now_ + 90'000});
}

book::Fact RecordTest::Accepted(CallFacts& call) {
  fact::CallAccepted accepted;
  accepted.id = call.id;
  accepted.at_ms = now_ += 1'000;
  accepted.deadline_ms = now_ + 30'000;
  return FactOf(call, std::move(accepted));
}

book::Fact RecordTest::Confirmed(CallFacts& call) {
  fact::CallConfirmed confirmed;
  confirmed.id = call.id;
  confirmed.at_ms = now_ += 1'000;
  confirmed.deadline_ms = now_ + 86'400'000;
  return FactOf(call, std::move(confirmed));
}

book::Fact RecordTest::Ended(CallFacts& call, call::Reason reason) {
  fact::CallEnded ended;
  ended.id = call.id;
  ended.reason = reason;
  ended.at_ms = now_ += 1'000;
  ended.established = call.version >= 4;
  ended.duration = ended.established ? 43 : 0;
  ended.connection_id = 77;
  const std::int32_t caller_pts = ++pts_.try_emplace(call.caller, 1).first->second;
  const std::int32_t callee_pts = ++pts_.try_emplace(call.callee, 1).first->second;
  ended.caller_message_id = caller_pts - 1;
  ended.caller_pts = caller_pts;
  ended.callee_message_id = callee_pts - 1;
  ended.callee_pts = callee_pts;
  ended.trace = Bytes{1, 2, 3};
  live_.live.erase(call.id);
  return FactOf(call, std::move(ended));
}

book::Fact RecordTest::Rated(CallFacts& call, UserId by, std::int32_t stars, std::string comment) {
  return FactOf(call, fact::CallRated{call.id, by, true, stars, std::move(comment), 1});
}

book::Fact RecordTest::DebugSaved(CallFacts& call, UserId by, std::string json) {
  return FactOf(call, fact::CallDebugSaved{call.id, by, std::move(json)});
}

book::Fact RecordTest::Relayed(CallFacts& call, std::int64_t relay, std::int64_t packets) {
  const book::FlowSide caller{packets, packets * 100, now_ - 1'000, now_};
  return FactOf(call, fact::CallRelayed{call.id, relay, caller, {}});
}

void RecordTest::Put(std::vector<book::Fact> facts) {
  absl::Status status = store_->Append(facts);
  ASSERT_TRUE(status.ok()) << status;
  status = store_->Project(10'000).status();
  ASSERT_TRUE(status.ok()) << status;
}

Oid RecordTest::Answered(UserId caller, UserId callee) {
  CallFacts call = NewCall(caller, callee);
  std::vector<book::Fact> facts = {Requested(call)};
  const Oid id = IdOf(call, now_);
  facts.push_back(Received(call));
  facts.push_back(Accepted(call));
  facts.push_back(Confirmed(call));
  facts.push_back(Ended(call, call::Reason::kHangup));
  Put(std::move(facts));
  return id;
}

Oid RecordTest::Missed(UserId caller, UserId callee) {
  CallFacts call = Live(caller, callee);
  const Oid id = IdOf(call, now_);
  Put({Ended(call, call::Reason::kMissed)});
  return id;
}

RecordTest::CallFacts RecordTest::Live(UserId caller, UserId callee) {
  CallFacts call = NewCall(caller, callee);
  Put({Requested(call)});
  live_.live[call.id] = call;
  return call;
}

absl::Status RecordTest::Book::HangUp(CallId call) {
  const auto at = live.find(call);
  if (at == live.end()) return absl::InternalError("not a live call");
  hung_up.push_back(call);
  CallFacts facts = at->second;
  const std::vector<book::Fact> ended = {test->Ended(facts, call::Reason::kHangup)};
  return test->store_->AddFacts(ended);
}

absl::Status RecordTest::Book::DeleteMessage(UserId owner, std::int32_t message_id) {
  deleted.emplace_back(owner, message_id);
  return absl::OkStatus();
}

bool RecordTest::Discard(const std::string& call, std::optional<std::string> contact,
                         bool delete_contact) {
  return Do([&](records::Ledger& ledger, records::Live& live) {
    return ledger.Discard(actor(), {call, contact, delete_contact}, live, now_ += 1'000);
  });
}

// As the surfaces do: what a customer's number selects is looked for first.
records::PurgeResult RecordTest::Purge(records::PurgeRequest request) {
  const bool by_number = request.kind == records::PurgeRequest::Kind::kCustomer;
  if (by_number && request.customer == nullptr) {
    auto calls = reader().OfCustomer(org(), request.number_e164, request.what_if);
    EXPECT_TRUE(calls.ok()) << calls.status();
    request.customer = *std::move(calls);
  }
  records::PurgeResult result = Do([&](records::Ledger& ledger, records::Live&) {
    return ledger.Purge(actor(), request, now_ += 1'000);
  });
  result.items = result.shown();
  return result;
}

records::PurgeResult RecordTest::PurgeCalls(std::vector<std::string> ids, bool what_if) {
  return Purge({records::PurgeRequest::Kind::kCalls, std::move(ids), "", what_if});
}

records::PurgeResult RecordTest::PurgeSessions(std::vector<std::string> ids, bool what_if) {
  return Purge({records::PurgeRequest::Kind::kSessions, std::move(ids), "", what_if});
}

records::PurgeResult RecordTest::PurgeCustomer(std::string number, bool what_if) {
  return Purge({records::PurgeRequest::Kind::kCustomer, {}, std::move(number), what_if});
}

int RecordTest::PurgeAll(int calls_per_slice) {
  int slices = 0;
  while (store_->records().PurgeDue() && ++slices < 10'000) {
    Do([&](records::Ledger& ledger, records::Live& live) {
      return ledger.PurgeSlice(calls_per_slice, live, now_);
    });
  }
  return slices;
}

std::optional<records::Call> RecordTest::Find(const std::string& name) {
  const auto found = reader_->Find(default_, name);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.value_or(std::nullopt);
}

records::Call RecordTest::MustFind(const Oid& id) {
  const auto call = Find(id.Hex());
  EXPECT_TRUE(call) << id.Hex();
  return call.value_or(records::Call());
}

std::vector<records::Event> RecordTest::Events(const Oid& organization) {
  const auto events = reader_->EventsAfter(organization, 0, 100'000);
  EXPECT_TRUE(events.ok()) << events.status();
  return events.ok() ? events->events : std::vector<records::Event>();
}

std::vector<std::string> RecordTest::EventNames(const Oid& organization) {
  std::vector<std::string> names;
  for (const records::Event& event : Events(organization)) {
    names.emplace_back(NameOf(event.type));
    EXPECT_EQ(event.seq, static_cast<std::int64_t>(names.size()));
  }
  return names;
}

std::int64_t RecordTest::Number(const std::string& sql) {
  const auto number = peek_->Number(sql);
  EXPECT_TRUE(number.ok()) << number.status() << sql;
  return number.value_or(-1);
}

std::string RecordTest::Text(const std::string& sql) {
  auto statement = peek_->Prepare(sql);
  EXPECT_TRUE(statement.ok()) << statement.status() << sql;
  return statement.ok() && *statement->Step() ? statement->Text(0) : "";
}

// A second writer is safe where nothing is flushed and nobody else writes at that moment.
void RecordTest::Sql(const std::string& sql) {
  auto database = Database::Open(file());
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE(UseKeys(*database, const_cast<RecordKeys&>(*store_->keys())).ok());
  const absl::Status status = database->Execute(sql.c_str());
  ASSERT_TRUE(status.ok()) << status << sql;
}

std::string RecordTest::Dump(const std::vector<std::string>& without) {
  std::string dump;
  auto tables = peek_->Prepare("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name");
  EXPECT_TRUE(tables.ok());
  while (*tables->Step()) {
    const std::string table = tables->Text(0);
    if (std::find(without.begin(), without.end(), table) != without.end()) continue;
    auto rows = peek_->Prepare(absl::StrCat("SELECT * FROM ", table));
    EXPECT_TRUE(rows.ok());
    for (dump += table + "\n"; *rows->Step(); dump += '\n') {
      for (int column = 0; column < rows->columns(); ++column) {
        dump += ToHex(rows->Blob(column)) + " ";
      }
    }
  }
  return dump;
}

}  // namespace trunkline::store

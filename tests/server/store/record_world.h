// A data directory with call records: two organizations, people, calls as a book tells of them, and
// what a ledger asks of a book.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/entropy.h"
#include "server/store/record_reader.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {

class RecordTest : public ScratchDir {
 public:
  static constexpr std::int64_t kStart = 1'700'000'000'000;
  // Ann and Ben belong to `default`, Cy and Di to `Other`; Eve has no number.
  static constexpr UserId kAnn{1}, kBen{2}, kCy{3}, kDi{4}, kEve{5};
  static constexpr char kAnnNumber[] = "+999661", kBenNumber[] = "+999662", kCyNumber[] = "+999663";
  // Sessions with calls, and those without.
  static constexpr char kSessions[] =
      "(SELECT id,organization FROM record_sessions UNION SELECT session,organization FROM "
      "records)";

 protected:
  // A call whose facts are being told; each takes a second of the test's clock.
  struct CallFacts {
    CallId id;
    UserId caller, callee;
    std::int32_t version = 0;
  };

  void SetUp() override;
  void Reopen();
  // In an empty directory, from the same seed.
  void StartAgain();

  std::int64_t now() const { return now_; }
  void Pass(std::int64_t ms) { now_ += ms; }
  Store& store() { return *store_; }
  RecordReader& reader() { return *reader_; }
  records::Oid org() const { return default_; }
  records::Oid other_org() const { return other_; }
  records::Actor actor() const { return {default_, std::nullopt, records::Oid()}; }
  records::Actor other_actor() const { return {other_, std::nullopt, records::Oid()}; }

  // The next call's id, and facts of it.
  CallFacts NewCall(UserId caller, UserId callee);
  book::Fact Requested(CallFacts& call);
  book::Fact Received(CallFacts& call);
  book::Fact Accepted(CallFacts& call);
  book::Fact Confirmed(CallFacts& call);
  book::Fact Ended(CallFacts& call, call::Reason reason);
  book::Fact Rated(CallFacts& call, UserId by, std::int32_t stars, std::string comment);
  book::Fact DebugSaved(CallFacts& call, UserId by, std::string json);
  // A relay told that the caller spoke for a second, and the callee not at all.
  book::Fact Relayed(CallFacts& call, std::int64_t relay, std::int64_t packets);
  // Appended and projected.
  void Put(std::vector<book::Fact> facts);
  // A call that was answered and hung up; its record's id in the caller's organization.
  records::Oid Answered(UserId caller, UserId callee);
  records::Oid Missed(UserId caller, UserId callee);
  CallFacts Live(UserId caller, UserId callee);  // up to the request
  static records::Oid IdOf(const CallFacts& call, std::int64_t requested_ms) {
    return records::Oid::OfCall(requested_ms, call.id);
  }

  // Within a transaction that must succeed.
  template <class Work>
  auto Do(Work work) {
    decltype(work(std::declval<records::Ledger&>(), std::declval<records::Live&>())) result =
        absl::UnknownError("not run");
    const absl::Status status = store_->Change([&] {
      result = work(store_->records(), live_);
      return result.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return *std::move(result);
  }
  bool Discard(const std::string& call, std::optional<std::string> contact = std::nullopt,
               bool delete_contact = false);
  records::PurgeResult Purge(records::PurgeRequest request);
  records::PurgeResult PurgeCalls(std::vector<std::string> ids, bool what_if = false);
  records::PurgeResult PurgeSessions(std::vector<std::string> ids, bool what_if = false);
  records::PurgeResult PurgeCustomer(std::string number, bool what_if = false);
  // Slices until there is nothing to do; gives their number.
  int PurgeAll(int calls_per_slice = 100);
  records::Call MustFind(const records::Oid& id);
  std::optional<records::Call> Find(const std::string& name);
  std::vector<records::Event> Events(const records::Oid& organization);
  std::vector<std::string> EventNames(const records::Oid& organization);

  // The store's tables as another connection sees them.
  std::int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);
  // For rows that nothing makes yet.
  void Sql(const std::string& sql);
  // Every row of every table but these.
  std::int64_t Sessions(const char* where) {
    return Number(absl::StrCat("SELECT count(*) FROM ", kSessions, " ", where));
  }
  std::string Dump(const std::vector<std::string>& without = {});

  // What the ledger asked for.
  struct Book final : records::Live {
    explicit Book(RecordTest* world) : test(world) {}
    absl::Status HangUp(CallId call) override;
    absl::Status DeleteMessage(UserId owner, std::int32_t message_id) override;
    absl::StatusOr<records::AddedPerson> AddPerson(const records::NewPerson&) override {
      return absl::UnimplementedError("the tables have no part in it");
    }
    RecordTest* test;
    std::map<CallId, CallFacts> live;
    std::vector<CallId> hung_up;
    std::vector<std::pair<UserId, std::int32_t>> deleted;
  };
  Book live_{this};

 private:
  book::Fact FactOf(CallFacts& call, book::FactBody body);

  SeededEntropy entropy_{7};
  std::unique_ptr<Store> store_;
  std::unique_ptr<RecordReader> reader_;
  std::unique_ptr<Database> peek_;
  records::Oid default_, other_;
  std::int64_t now_ = kStart;
  std::int64_t calls_ = 1'000'000;
  std::map<UserId, std::int32_t> pts_;
};

}  // namespace trunkline::store

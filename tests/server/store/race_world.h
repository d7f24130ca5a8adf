// The book and the store as the book's thread has them, for calls that people and a back office act
// on at once: each thing done is one group or one change of records, committed or refused whole.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/store/record_reader.h"
#include "server/store/store.h"
#include "tests/server/book/world.h"

namespace trunkline::store {

// One call as both sides know it, and its record as tables and readers show it.
struct RaceCall {
  book::cmd::PeerCall caller, callee;
  records::Oid record, note;
};
struct RecordSeen {
  bool row = false, visible = false;
  int rows = 0, phase = -1;
  std::int64_t details = 0, notes = 0;  // rows that hang on it; of them notes
  friend bool operator==(const RecordSeen&, const RecordSeen&) = default;
};

class RaceWorld {
 public:
  RaceWorld(std::unique_ptr<Store> store, const std::string& file);

  const book::Phone& caller() const { return caller_; }
  const book::Phone& callee() const { return callee_; }
  book::Book& book() { return book_; }
  RecordReader& reader() { return *reader_; }
  records::Actor actor() const { return {organization_, std::nullopt, records::Oid()}; }
  std::int64_t now_ms() const { return UnixMillis(now_); }
  void Pass(Duration time) { now_ += time; }

  // The store takes nothing of what follows.
  void set_refusing(bool refusing) { refusing_ = refusing; }
  // What a checker has to find: a group that the store refused stays in the book.
  void set_forgetful(bool forgetful) { forgetful_ = forgetful; }

  book::Effects Send(const book::Phone& phone, book::CommandBody body);
  void FireDeadlines();
  // False: refused.
  bool Change(const std::function<absl::Status(records::Ledger&, records::Live&)>& work);
  bool PurgeDue() { return store_->records().PurgeDue(); }
  void Project();

  RaceCall NewCall(int phase);
  RecordSeen Look(const RaceCall& call);
  std::vector<records::Event> EventsAfter(std::int64_t seq);
  std::int64_t newest_event() { return reader_->EventsAfter(organization_, 0, 1)->newest; }
  // Owners of boxes that lost a message since the last call began.
  const std::vector<UserId>& deleted() const { return deleted_; }

 private:
  class LiveBook;
  book::Phone SignedIn(const std::string& number);
  void Finish(bool kept);
  std::int64_t Number(const std::string& sql);

  std::unique_ptr<Store> store_;
  std::unique_ptr<RecordReader> reader_;
  std::unique_ptr<Database> peek_;
  SeededEntropy entropy_{5};
  book::Book book_{book::TestConfig(), &entropy_};
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  book::Phone caller_, callee_;
  records::Oid organization_;
  bool refusing_ = false, forgetful_ = false;
  std::vector<book::Fact> facts_;
  book::Effects effects_;
  std::vector<UserId> deleted_;
  std::int64_t last_key_ = 0, last_message_ = 0;
  std::int32_t last_random_ = 0;
};

}  // namespace trunkline::store

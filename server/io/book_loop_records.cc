// Changes of call records on the book's thread, and readers who wait for the tables.

#include <utility>

#include "boost/asio/post.hpp"
#include "common/clock.h"
#include "common/log.h"
#include "server/io/book_loop.h"

namespace trunkline::io {

// The book changes within the store's transaction: its facts are in the tables when a call returns.
class BookLoop::LiveCalls final : public records::Live {
 public:
  explicit LiveCalls(BookLoop* loop) : loop_(*loop), now_(WallNow()) {}

  // A call that isn't live has ended.
  absl::Status HangUp(CallId call) override {
    const std::size_t before = loop_.facts_.size();
    loop_.book_.HangUp(call, now_, loop_.facts_, loop_.effects_);
    return AddSince(before);
  }
  absl::Status DeleteMessage(UserId owner, std::int32_t message_id) override {
    const std::size_t before = loop_.facts_.size();
    loop_.book_.DeleteMessage(owner, message_id, now_, loop_.facts_, loop_.effects_);
    return AddSince(before);
  }
  absl::StatusOr<records::AddedPerson> AddPerson(const records::NewPerson& person) override {
    const std::size_t before = loop_.facts_.size();
    const book::AddedPerson added =
        loop_.book_.AddPerson({person.phone_e164, person.first_name, person.last_name}, now_,
                              loop_.facts_, loop_.effects_);
    if (const absl::Status status = AddSince(before); !status.ok()) return status;
    return records::AddedPerson{FaultOf(added.refusal), added.user};
  }

 private:
  static records::AddedPerson::Fault FaultOf(book::Refusal refusal) {
    using Fault = records::AddedPerson::Fault;
    if (refusal == book::Refusal::kNone) return Fault::kNone;
    return refusal == book::Refusal::kPhoneNumberInvalid ? Fault::kPhone : Fault::kName;
  }
  absl::Status AddSince(std::size_t before) {
    const auto added = std::span<const book::Fact>(loop_.facts_).subspan(before);
    return added.empty() ? absl::OkStatus() : loop_.store_->AddFacts(added);
  }

  BookLoop& loop_;
  const WallTime now_;
};

void BookLoop::ChangeRecords(std::function<absl::Status(records::Ledger&, records::Live&)> work,
                             std::function<void(absl::Status)> done) {
  switchboard_->book().Post(RecordChange{std::move(work), std::move(done)});
}

// Those that follow each other, up to a bound.
std::size_t BookLoop::ChangeRecordsFrom(std::size_t next) {
  changes_.clear();
  while (next < inbox_.size() && changes_.size() < kRecordChangesMax) {
    auto* change = std::get_if<RecordChange>(&inbox_[next]);
    if (change == nullptr) break;
    changes_.push_back(change);
    ++next;
  }
  if (!changes_.empty()) RunRecordChanges(changes_);
  return next;
}

void BookLoop::RunRecordChanges(std::span<RecordChange* const> changes) {
  absl::Status status = absl::UnavailableError("there are no call records here");
  if (ledger_ != nullptr) {
    status = CommitRecords([&](records::Live& live) {
      absl::Status worked;
      for (RecordChange* const change : changes) {
        worked = change->work(*ledger_, live);
        if (!worked.ok()) break;
      }
      return worked;
    });
  }
  for (RecordChange* const change : changes) change->done(status);
}

absl::Status BookLoop::CommitRecords(absl::FunctionRef<absl::Status(records::Live&)> work) {
  facts_.clear();
  effects_.clear();
  LiveCalls live(this);
  absl::Status status = ScriptedFault();
  if (status.ok()) status = store_->Change([&] { return work(live); });
  if (!status.ok()) {
    if (absl::IsDataLoss(status)) Tolerate(status, "call records could not be written");
    log::Warn("a change of call records was refused: {}", std::string(status.message()));
    switchboard_->stats().groups_refused.Add();
    effects_.clear();
    book_.RollbackGroup();
    TellFollowers();
    Projected();  // what waited went first
    return status;
  }
  switchboard_->stats().groups_committed.Add();
  switchboard_->stats().facts.Add(facts_.size());
  switchboard_->stats().store_available.store(true);
  book_.CommitGroup();
  ReleaseAll(effects_);
  TellFollowers();
  Projected();
  return status;
}

// ---- Purges: a slice at a time, so that a command never waits for more than one.

void BookLoop::PurgeSlice() {
  if (purging_ || stopping_ || ledger_ == nullptr || !ledger_->PurgeDue()) return;
  if (WallNow() < purge_from_) return;
  purging_ = true;
  boost::asio::post(context_, [this] {
    purging_ = false;
    if (!stopping_) RunPurgeSlice();
  });
}

void BookLoop::RunPurgeSlice() {
  const int calls_max = quiet_ ? kPurgeCallsQuiet : kPurgeCallsBusy;
  bool more = false;
  const absl::Status status = CommitRecords([&](records::Live& live) {
    const absl::StatusOr<bool> left = ledger_->PurgeSlice(calls_max, live, UnixMillis(WallNow()));
    if (left.ok()) more = *left;
    return left.status();
  });
  // It goes on where it was, with the next command or tick after that.
  if (!status.ok()) purge_from_ = WallNow() + kRefusedPurgePause;
  if (status.ok() && more) PurgeSlice();
}

void BookLoop::FollowRecords(std::function<bool()> told) {
  switchboard_->book().Post(
      Task([this, told = std::move(told)]() mutable { follow_records_ = std::move(told); }));
}

// ---- Readers

void BookLoop::WhenProjected(std::function<void(absl::Status)> done) {
  if (unprojected_.load(std::memory_order_acquire) == 0) return done(absl::OkStatus());
  switchboard_->book().Post(
      Task([this, done = std::move(done)]() mutable { AwaitProjected(std::move(done)); }));
}

void BookLoop::AwaitProjected(std::function<void(absl::Status)> done) {
  if (store_->unprojected() == 0) return done(absl::OkStatus());
  readers_.push_back({store_->last_seq(), std::move(done)});
}

// Before anybody is told of these rows: whoever was told and then reads has to wait for them.
void BookLoop::Committed() {
  unprojected_.store(store_->unprojected(), std::memory_order_release);
}

void BookLoop::Projected() {
  unprojected_.store(store_->unprojected(), std::memory_order_release);
  if (follow_records_ && !follow_records_()) follow_records_ = nullptr;
  if (readers_.empty()) return;
  const std::int64_t shown = store_->shown_seq();
  std::size_t ready = 0;
  while (ready < readers_.size() && readers_[ready].seq <= shown) ++ready;
  for (std::size_t i = 0; i < ready; ++i) readers_[i].done(absl::OkStatus());
  readers_.erase(readers_.begin(), readers_.begin() + static_cast<std::ptrdiff_t>(ready));
}

void BookLoop::TellReaders(const absl::Status& status) {
  for (const Reader& reader : std::exchange(readers_, {})) reader.done(status);
}

}  // namespace trunkline::io

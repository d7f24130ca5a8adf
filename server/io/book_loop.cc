#include "server/io/book_loop.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "boost/asio/post.hpp"
#include "common/clock.h"
#include "common/log.h"
#include "server/book/limits.h"
#include "server/io/sleep.h"

namespace trunkline::io {
namespace {

// EX_SOFTWARE: a service manager restarts us, and the start reads what the disk really holds.
constexpr int kStoreFailedExit = 70;
constexpr std::chrono::seconds kRefusedDeadlinesPause{1};

bool IsRefusal(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

[[noreturn]] void EndProcess(const char* what, const absl::Status& status) {
  log::Error("{}: {}; the process ends, because it is not known what the disk holds", what,
             std::string(status.message()));
  log::Flush();
  _exit(kStoreFailedExit);
}

}  // namespace

mtproto::KeyRecord RecordOf(const book::KeyStored& stored) {
  mtproto::KeyRecord record;
  record.id = stored.id;
  record.key = stored.key;
  record.created = FromUnixMillis(stored.created_ms);
  if (stored.expires_ms != 0) record.expires = FromUnixMillis(stored.expires_ms);
  if (stored.first_salt != 0) record.first_salt = stored.first_salt;
  return record;
}

BookLoop::BookLoop(std::unique_ptr<store::Store> store, const NodeConfig& config,
                   Switchboard* switchboard, CodeDelivery* delivery)
    : store_(std::move(store)),
      book_(config.book, &entropy_),
      switchboard_(switchboard),
      delivery_(delivery),
      backup_(store_.get(), &context_),
      released_(switchboard->threads()),
      released_last_(switchboard->threads()),
      keep_traces_(config.keep_traces) {
  ledger_ = &store_->records();
  if (config.test_clock) {
    test_clock_ = WallNow();
    book_.SetTestClock(*test_clock_);
  }
  switchboard_->book().SetWake([this] {
    boost::asio::post(context_, [this] {
      quiet_ = false;
      Drain();
    });
  });
}

BookLoop::~BookLoop() {
  Stop(std::chrono::steady_clock::now());
}

absl::Status BookLoop::Restore() {
  const store::Horizon horizon = {
      .ended_calls_max = static_cast<std::int64_t>(book::kEndedCallsMax),
      .ended_since_ms = UnixMillis(WallNow() - book::kEndedCallLife),
  };
  absl::Status status = store_->Restore(
      horizon, [this](const book::Fact& fact) { book_.Restore(fact); },
      [this](const book::BoxMessage& message) { book_.Restore(message); });
  book_.Restored(WallNow());
  switchboard_->stats().store_available.store(status.ok());
  Committed();
  return status;
}

void BookLoop::Start() {
  UpdateStats(WallNow());  // ready from now on, not from the thread's first turn
  shown_ = std::chrono::steady_clock::now();
  boost::asio::post(context_, [this] { Drain(); });  // deadlines that passed while we were away
  thread_ = std::thread([this] { Run(); });
}

void BookLoop::Run() {
  const auto work = boost::asio::make_work_guard(context_);
  context_.run();
}

void BookLoop::Stop(std::chrono::steady_clock::time_point deadline) {
  if (!thread_.joinable()) return;
  switchboard_->book().Post(Task([this, deadline] {
    stopping_ = true;
    while (store_->unprojected() > 0 && std::chrono::steady_clock::now() < deadline) {
      const auto rows = store_->Project(kProjectRowsMax);
      if (!rows.ok() || *rows == 0) break;
    }
    Projected();
    TellReaders(absl::UnavailableError("the server stops"));
    context_.stop();
  }));
  thread_.join();
  backup_.Stop();
}

void BookLoop::Drain() {
  switchboard_->book().Take(inbox_);
  if (!inbox_.empty()) heard_ = std::chrono::steady_clock::now();
  std::size_t next = 0;
  do {
    const WallTime now = WallNow();
    group_.clear();
    while (next < inbox_.size() && group_.size() < kGroupCommandsMax) {
      const auto* command = std::get_if<book::Command>(&inbox_[next]);
      if (command == nullptr) break;
      group_.push_back(command);
      ++next;
    }
    StepGroup(group_, now);
    // A task sees everything before it done and released.
    while (next < inbox_.size() && std::holds_alternative<Task>(inbox_[next])) {
      std::get<Task>(inbox_[next++])();
    }
    next = ChangeRecordsFrom(next);
  } while (next < inbox_.size());
  inbox_.clear();
  const WallTime now = WallNow();
  UpdateStats(now);
  Arm(now);
  TrimTraces(now);
  ProjectSlice();
  PurgeSlice();
}

void BookLoop::StepGroup(std::span<const book::Command* const> commands, WallTime now) {
  facts_.clear();
  effects_.clear();
  if (now >= deadlines_from_) book_.FireDeadlines(now, facts_, effects_);
  for (const book::Command* command : commands) book_.Step(*command, now, facts_, effects_);
  if (!commands.empty()) {
    usual_group_ += (static_cast<double>(commands.size()) - usual_group_) / kUsualOf;
  }
  FinishGroup(commands);
}

void BookLoop::FinishGroup(std::span<const book::Command* const> commands) {
  if (!facts_.empty()) {
    const absl::Status status = AppendGroup();
    if (!status.ok()) return RefuseGroup(commands, status);
    switchboard_->stats().groups_committed.Add();
    switchboard_->stats().facts.Add(facts_.size());
    Committed();
    switchboard_->stats().store_available.store(true);
  }
  book_.CommitGroup();
  ReleaseAll(effects_);
  TellFollowers();
}

absl::Status BookLoop::AppendGroup() {
  const absl::Status fault = ScriptedFault();
  return fault.ok() ? store_->Append(facts_) : fault;
}

absl::Status BookLoop::ScriptedFault() {
  if (fail_next_group_) return absl::DataLossError("a scripted fault");
  if (groups_to_refuse_ > 0) {
    --groups_to_refuse_;
    return absl::ResourceExhaustedError("a scripted fault");
  }
  return absl::OkStatus();
}

void BookLoop::RefuseGroup(std::span<const book::Command* const> commands,
                           const absl::Status& status) {
  if (!IsRefusal(status)) EndProcess("the journal could not be written", status);
  log::Error("the store refused a group of {} commands: {}", commands.size(),
             std::string(status.message()));
  switchboard_->stats().groups_refused.Add();
  switchboard_->stats().store_available.store(false);
  book_.UndoGroup();
  const WallTime now = WallNow();
  deadlines_from_ = now + kRefusedDeadlinesPause;
  for (const book::Command* command : commands) StepAlone(*command, now);
  TellFollowers();
}

// Of an undone group only what would have to be written is refused: signalling of live calls, reads
// and sessions that open go on.
void BookLoop::StepAlone(const book::Command& command, WallTime now) {
  facts_.clear();
  effects_.clear();
  book_.Step(command, now, facts_, effects_);
  if (facts_.empty()) {
    book_.CommitGroup();
  } else {
    book_.RollbackGroup();
    effects_.clear();
    if (auto refusal = book::Book::RefusalOf(command)) effects_.push_back(std::move(*refusal));
  }
  ReleaseAll(effects_);
}

struct BookLoop::Release {
  BookLoop& loop;
  Switchboard& switchboard;

  void Send(unsigned thread, LinkMessage message) {
    loop.released_[thread].push_back(std::move(message));
  }
  void operator()(book::Reply& reply) {
    const unsigned thread = switchboard.HomeOf(reply.session.key);
    Send(thread, std::move(reply));
  }
  void operator()(book::Push& push) {
    if (switchboard.threads() == 1) {
      return Send(0, PushTo{std::move(push.sessions), std::move(push.batch)});
    }
    // One message per thread, in order of the sessions; a user has a handful of them.
    std::vector<SessionRef> rest = std::move(push.sessions);
    while (!rest.empty()) {
      const unsigned thread = switchboard.HomeOf(rest.front().key);
      const auto elsewhere = std::stable_partition(
          rest.begin(), rest.end(),
          [&](const SessionRef& session) { return switchboard.HomeOf(session.key) == thread; });
      Send(thread, PushTo{{rest.begin(), elsewhere}, push.batch});
      rest.erase(rest.begin(), elsewhere);
    }
  }
  // The key is on its home thread before the client can learn that it counts: the end of the
  // exchange is posted after everything else of the batch.
  void operator()(book::KeyStored& stored) {
    if (!stored.taken) Send(switchboard.HomeOf(stored.id), InstallKey{RecordOf(stored)});
    loop.released_last_[switchboard.HomeOf(stored.nonce)].push_back(
        ExchangeDone{stored.nonce, stored.taken});
  }
  void operator()(book::KeyChanged& changed) {
    Send(switchboard.HomeOf(changed.info.id), std::move(changed.info));
  }
  void operator()(book::KeyGone& gone) { Send(switchboard.HomeOf(gone.id), gone); }
  void operator()(book::DeliverCode& letter) {
    loop.delivery_->Deliver(std::move(letter.phone), std::move(letter.code));
  }
};

void BookLoop::ReleaseAll(std::vector<book::Effect>& effects) {
  Release release{*this, *switchboard_};
  for (book::Effect& effect : effects) std::visit(release, effect);
  effects.clear();
  PostReleased();
}

void BookLoop::PostReleased() {
  for (unsigned i = 0; i < released_.size(); ++i) switchboard_->link(i).PostAll(released_[i]);
  for (unsigned i = 0; i < released_last_.size(); ++i) {
    switchboard_->link(i).PostAll(released_last_[i]);
  }
}

// A slice at a time, so that a command never waits for more than one. A long backlog doesn't let it
// rest, and a short one waits until there are rows enough that no slice has read.
bool BookLoop::MayProject() const {
  const std::int64_t backlog = store_->unprojected();
  if (backlog == 0 || stopping_) return false;
  if (!readers_.empty() || backlog > kBacklogMax) return true;
  if (quiet_) return switchboard_->book().empty();
  return store_->last_seq() - store_->read_seq() >= RowsToProject() &&
         std::chrono::steady_clock::now() >= rested_;
}

int BookLoop::RowsToProject() const {
  if (quiet_) return kProjectRowsQuiet;
  return std::clamp(static_cast<int>(kProjectRowsPerCommand * usual_group_), kProjectRowsMin,
                    kProjectRowsMax);
}

// Readers want rows of live calls too; otherwise such calls wait for their end, as long as nobody
// does. A reader's last slice is where it matters.
store::Store::Slice BookLoop::SliceToProject() const {
  const bool last =
      !readers_.empty() && readers_.back().seq - store_->read_seq() <= RowsToProject();
  return quiet_ || last ? store::Store::Slice::kAllRows : store::Store::Slice::kWholeCalls;
}

// As a reader would.
void BookLoop::AskForOverdue() {
  const auto now = std::chrono::steady_clock::now();
  if (store_->unprojected() == 0) shown_ = now;
  if (now - shown_ < kShowWithin || !readers_.empty()) return;
  readers_.push_back({store_->last_seq(),
                      [this](const absl::Status&) { shown_ = std::chrono::steady_clock::now(); }});
}

void BookLoop::ProjectSlice() {
  switchboard_->stats().journal_unprojected.Set(store_->unprojected());
  AskForOverdue();
  if (projecting_ || !MayProject()) return;
  projecting_ = true;
  boost::asio::post(context_, [this] {
    projecting_ = false;
    if (!MayProject()) return;
    const auto from = std::chrono::steady_clock::now();
    const auto rows = store_->Project(RowsToProject(), SliceToProject());
    const auto to = std::chrono::steady_clock::now();
    rested_ = to + kProjectRest * (to - from);
    // Tried again with the next group or the next tick.
    if (!rows.ok()) {
      TellReaders(rows.status());
      return Tolerate(rows.status(), "the store can't project now");
    }
    Projected();
    PurgeSlice();  // calls that it waited for may have ended in these rows
    ProjectSlice();
    if (!quiet_) return;
    if (const absl::Status tidied = store_->CheckpointIdle(); !tidied.ok()) {
      Tolerate(tidied, "the store can't checkpoint now");
    }
  });
}

void BookLoop::Tolerate(const absl::Status& status, const char* what) {
  if (!IsRefusal(status)) EndProcess(what, status);
  log::Warn("{}: {}", what, std::string(status.message()));
}

// Counting takes a look at every user: once a second, and when there is time.
void BookLoop::UpdateStats(WallTime now) {
  Stats& stats = switchboard_->stats();
  if (!quiet_ && stats.book_alive_unix.Get() == UnixSeconds(now)) return;
  const book::Book::Stats book = book_.stats();
  stats.users.Set(static_cast<std::int64_t>(book.users));
  stats.calls_live.Set(static_cast<std::int64_t>(book.live_calls));
  stats.book_alive_unix.Set(UnixSeconds(now));
}

// The timer stays when it fires soon enough: setting it anew costs two system calls a group.
void BookLoop::Arm(WallTime now) {
  std::chrono::nanoseconds sleep = kSleepMax;
  if (const auto deadline = book_.NextDeadline()) {
    sleep = std::clamp(std::chrono::nanoseconds(std::max(*deadline, deadlines_from_) - now),
                       kSleepMin, kSleepMax);
  }
  if (store_->unprojected() > 0) sleep = std::min<std::chrono::nanoseconds>(sleep, kQuiet);
  const auto at = std::chrono::steady_clock::now() + sleep;
  if (armed_ <= at && timer_set_) return;
  armed_ = at;
  timer_set_ = true;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    timer_set_ = false;
    quiet_ = std::chrono::steady_clock::now() - heard_ >= kQuiet;
    Drain();
  });
}

}  // namespace trunkline::io

// The book's thread: takes all commands that gathered in its mailbox, steps each, writes the facts
// of the group to the journal, and only then releases replies and pushes, in order. The flush is
// the group boundary: while the disk works, the next group gathers.
//
// A group that the store has no room for is undone and refused. After a failed write or sync nobody
// knows what the disk holds: the process ends at once and tells nobody anything.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/entropy.h"
#include "server/book/book.h"
#include "server/book/trace.h"
#include "server/io/backup_runner.h"
#include "server/io/code_delivery.h"
#include "server/io/node_config.h"
#include "server/io/switchboard.h"
#include "server/records/ledger.h"
#include "server/store/store.h"

namespace trunkline::io {

// So that the first command of a burst doesn't wait for the last one's step.
inline constexpr std::size_t kGroupCommandsMax = 256;
// What a command may have to wait for. More rows at a time share more pages, so slices are in
// proportion to the groups that leave the rows: short where groups are small and nobody should wait
// for milliseconds, long where throughput counts. A long slice makes the next group larger in turn;
// with so few rows for each of its commands that ends of itself, short of saturation.
inline constexpr int kProjectRowsPerCommand = 4;
inline constexpr int kProjectRowsMin = 32;
inline constexpr int kProjectRowsQuiet = 128;
inline constexpr int kProjectRowsMax = 2048;
// Groups that the usual one is the mean of, about.
inline constexpr double kUsualOf = 16;
// After a slice commands have the thread to themselves for so many times as long: evenly spread, so
// that none meets several slices in a row.
inline constexpr int kProjectRest = 2;
// Journal rows that may wait for projection while there is other work: what a restart has to read
// again. Beyond it slices don't rest.
inline constexpr std::int64_t kBacklogMax = 4096;
// Without a command for so long, projection works the backlog off.
inline constexpr std::chrono::milliseconds kQuiet{200};
// However busy it is: whoever follows events hears of a row not much later than this.
inline constexpr std::chrono::milliseconds kShowWithin{500};

// Changes of call records that share a transaction, and calls that a slice of a purge erases, with
// people waiting or without.
inline constexpr std::size_t kRecordChangesMax = 64;
inline constexpr int kPurgeCallsBusy = 32;
inline constexpr int kPurgeCallsQuiet = 256;
inline constexpr std::chrono::seconds kRefusedPurgePause{1};

// The engine's form of a key of the book.
mtproto::KeyRecord RecordOf(const book::KeyStored& stored);

class BookLoop {
 public:
  // `switchboard` and `delivery` outlive the loop.
  BookLoop(std::unique_ptr<store::Store> store, const NodeConfig& config, Switchboard* switchboard,
           CodeDelivery* delivery);
  ~BookLoop();  // Stop

  // Reads the journal into the book. Before Start.
  absl::Status Restore();
  // After Restore, before Start.
  const book::Book& book() const { return book_; }
  // Before Start, for tests: where call records are changed, instead of the store. Borrowed.
  void UseLedger(records::Ledger* ledger) { ledger_ = ledger; }
  // For readers of call records on other threads. At any time, from any thread.
  std::shared_ptr<const store::RecordKeys> record_keys() const { return store_->keys(); }

  // ---- From any thread; what is given runs on the book's thread and must not block.

  // The trace of a call that lives, or that ended and is still kept. nullopt: no such call.
  void AskTrace(CallId call, std::function<void(std::optional<book::Trace>)> done);
  // The lines of all calls from now on, each once its group is committed, until `sink` says false.
  using TraceSink = std::function<bool(CallId call, const book::TraceLine& line)>;
  void FollowTraces(TraceSink sink);

  // The relays of calls: fleet, picks, explanations.
  void AskRelays(std::function<void(book::RelayDesk& desk, WallTime now)> work);

  // Copies the store to a new file, in slices between groups.
  void Backup(std::filesystem::path file, BackedUp done);

  // Changes call records: all or nothing with what `work` does to live calls and message boxes, and
  // durable when `done` hears ok. ResourceExhausted, Unavailable: nothing happened; otherwise done
  // hears what work returned. Changes that meet share one transaction, and its failure.
  void ChangeRecords(std::function<absl::Status(records::Ledger&, records::Live&)> work,
                     std::function<void(absl::Status)> done);
  // Calls back when tables show everything that was committed before: at once, on this thread, if
  // they do now; else on the book's, soon. Not ok: they can't be brought up to date.
  void WhenProjected(std::function<void(absl::Status)> done);

  // Calls back, on the book's thread, whenever call records may have changed and everybody can see
  // it, until `told` says false. One at a time: the last that was given.
  void FollowRecords(std::function<bool()> told);

  // With NodeConfig::test_clock only. Moves the clock of call deadlines; `done` gets the new time
  // when all that became due has fired and is committed.
  void MoveTestClock(Duration by, std::function<void(WallTime)> done);
  // The next so many groups that have something to write are refused, as by a full disk; or the
  // next one fails, as by a broken disk, which ends the process.
  void RefuseGroups(int groups, std::function<void()> done);
  void FailNextGroup(std::function<void()> done);

  void Start();
  // Works off what is in the mailbox, projects the journal's tail until `deadline`, ends the
  // thread. Once only.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  struct Release;
  class LiveCalls;
  struct Reader {  // that waits for what had been committed when it came
    std::int64_t seq = 0;
    std::function<void(absl::Status)> done;
  };

  void Run();
  void Drain();
  void StepGroup(std::span<const book::Command* const> commands, WallTime now);
  void FinishGroup(std::span<const book::Command* const> commands);
  void RefuseGroup(std::span<const book::Command* const> commands, const absl::Status& status);
  void StepAlone(const book::Command& command, WallTime now);
  void ReleaseAll(std::vector<book::Effect>& effects);
  void PostReleased();
  void ProjectSlice();
  absl::Status AppendGroup();
  absl::Status ScriptedFault();
  // book_loop_records.cc
  std::size_t ChangeRecordsFrom(std::size_t next);
  void RunRecordChanges(std::span<RecordChange* const> changes);
  absl::Status CommitRecords(absl::FunctionRef<absl::Status(records::Live&)> work);
  void PurgeSlice();
  void RunPurgeSlice();
  void AwaitProjected(std::function<void(absl::Status)> done);
  void Committed();
  void Projected();
  void TellReaders(const absl::Status& status);
  void TellFollowers();
  void TrimTraces(WallTime now);
  std::optional<book::Trace> TraceOf(CallId call);
  void AskForOverdue();
  bool MayProject() const;
  int RowsToProject() const;
  store::Store::Slice SliceToProject() const;
  // For what can be tried again later: a refusal of the store is told, anything else ends the
  // process.
  static void Tolerate(const absl::Status& status, const char* what);
  void UpdateStats(WallTime now);
  void Arm(WallTime now);

  std::unique_ptr<store::Store> store_;
  SystemEntropy entropy_;
  book::Book book_;
  Switchboard* const switchboard_;
  CodeDelivery* const delivery_;

  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_{context_};
  std::thread thread_;
  BackupRunner backup_;  // ends before the store and the context that it uses

  records::Ledger* ledger_ = nullptr;
  std::vector<RecordChange*> changes_;  // that share a transaction
  WallTime purge_from_{};               // after a refusal
  std::vector<Reader> readers_;
  std::function<bool()> follow_records_;
  std::atomic<std::int64_t> unprojected_ = 0;       // journal rows; for any thread
  std::chrono::steady_clock::time_point shown_{};   // when tables last showed everything
  std::chrono::steady_clock::time_point rested_{};  // when the next slice may begin

  // Of the present batch; kept for their memory.
  std::vector<BookMessage> inbox_;
  std::vector<const book::Command*> group_;
  std::vector<book::Fact> facts_;
  std::vector<book::Effect> effects_;
  std::vector<std::vector<LinkMessage>> released_;  // by thread
  std::vector<std::vector<LinkMessage>> released_last_;

  std::chrono::steady_clock::time_point armed_{};  // when the timer fires, while it is set
  std::chrono::steady_clock::time_point heard_{};  // the last commands
  // Overdue deadlines whose group was refused aren't tried again before this.
  WallTime deadlines_from_{};
  const Duration keep_traces_;
  WallTime next_trim_{};
  std::vector<TraceSink> followers_;
  std::optional<WallTime> test_clock_;
  int groups_to_refuse_ = 0;
  bool fail_next_group_ = false;
  double usual_group_ = 0;  // commands
  bool quiet_ = false;      // the timer woke us, and nobody has for a while
  bool timer_set_ = false;
  bool projecting_ = false;  // a slice is posted
  bool purging_ = false;     // likewise
  bool stopping_ = false;
};

}  // namespace trunkline::io

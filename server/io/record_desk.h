// Where one HTTP thread asks for call records and changes them. Reads run on the thread that asks,
// on a connection of its own, when the tables show everything that was committed before; the few
// that have to wait for that run on a thread kept for them, so that nobody waits behind them.
// Changes run on the book's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/io/book_loop.h"
#include "server/records/ledger.h"

namespace trunkline::io {

class RecordDesk {
 public:
  // Opens a reader for the thread that calls.
  using OpenReader = std::function<absl::StatusOr<std::unique_ptr<records::Reader>>()>;
  using ReadWork = std::function<absl::Status(records::Reader&)>;
  using ChangeWork = std::function<absl::Status(records::Ledger&, records::Live&)>;
  using Done = std::function<void(absl::Status)>;

  // `book` is borrowed; it stops before the desk goes, or answers everything before that.
  RecordDesk(BookLoop* book, OpenReader open);
  ~RecordDesk();  // Reads that wait aren't done any more.
  RecordDesk(const RecordDesk&) = delete;
  RecordDesk& operator=(const RecordDesk&) = delete;

  // By one thread, always the same. `done` hears what work returned, or why it didn't run; called
  // before this returns, or later by another thread.
  void Read(ReadWork work, Done done);
  // What may take long: on the desk's own thread, where `done` is called too.
  void ReadAside(ReadWork work, Done done);
  // See BookLoop::ChangeRecords. By any thread; `done` runs on the desk's own.
  void Change(ChangeWork work, Done done);

 private:
  // Of one thread; opened with its first read, and again after a failure.
  struct Seat {
    const OpenReader& open;
    std::unique_ptr<records::Reader> reader = nullptr;
    absl::Status Run(const ReadWork& work);
  };
  // Outlives the desk for as long as the book may call back.
  struct Late {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> work;
    bool stopping = false;
  };

  // On `here` if that is the thread that may go on at once, else on the desk's own.
  void ReadWhenProjected(std::thread::id here, ReadWork work, Done done);
  void RunLate();

  BookLoop* const book_;
  const OpenReader open_;
  Seat seat_{open_}, late_seat_{open_};
  const std::shared_ptr<Late> late_ = std::make_shared<Late>();
  std::thread thread_;
};

}  // namespace trunkline::io

#include "server/io/record_desk.h"

#include <utility>

namespace trunkline::io {

RecordDesk::RecordDesk(BookLoop* book, OpenReader open) : book_(book), open_(std::move(open)) {
  thread_ = std::thread([this] { RunLate(); });
}

RecordDesk::~RecordDesk() {
  {
    const std::lock_guard lock(late_->mutex);
    late_->stopping = true;
  }
  late_->changed.notify_all();
  thread_.join();
}

absl::Status RecordDesk::Seat::Run(const ReadWork& work) {
  if (reader == nullptr) {
    absl::StatusOr<std::unique_ptr<records::Reader>> opened = open();
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  absl::Status status = work(*reader);
  if (!status.ok()) reader.reset();
  return status;
}

// WhenProjected calls back before it returns, or never on this thread.
void RecordDesk::Read(ReadWork work, Done done) {
  ReadWhenProjected(std::this_thread::get_id(), std::move(work), std::move(done));
}

void RecordDesk::ReadAside(ReadWork work, Done done) {
  ReadWhenProjected(std::thread::id(), std::move(work), std::move(done));
}

void RecordDesk::ReadWhenProjected(std::thread::id here, ReadWork work, Done done) {
  book_->WhenProjected([this, here, late = late_, work = std::move(work),
                        done = std::move(done)](const absl::Status& status) {
    if (!status.ok()) return done(status);
    if (std::this_thread::get_id() == here) return done(seat_.Run(work));
    {
      const std::lock_guard lock(late->mutex);
      if (late->stopping) return;
      late->work.push_back([this, work, done] { done(late_seat_.Run(work)); });
    }
    late->changed.notify_one();
  });
}

// What is done with the answer, JSON of a hundred thousand calls perhaps, is no business of the
// book's thread.
void RecordDesk::Change(ChangeWork work, Done done) {
  book_->ChangeRecords(std::move(work),
                       [late = late_, done = std::move(done)](const absl::Status& status) {
                         {
                           const std::lock_guard lock(late->mutex);
                           if (late->stopping) return;
                           late->work.push_back([done, status] { done(status); });
                         }
                         late->changed.notify_one();
                       });
}

void RecordDesk::RunLate() {
  std::unique_lock lock(late_->mutex);
  for (;;) {
    late_->changed.wait(lock, [this] { return late_->stopping || !late_->work.empty(); });
    if (late_->stopping) return;
    const std::function<void()> work = std::move(late_->work.front());
    late_->work.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace trunkline::io

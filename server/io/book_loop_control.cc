// What operators and tests ask of the book's thread.

#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "server/io/book_loop.h"
#include "server/rpc/trace_text.h"

namespace trunkline::io {
namespace {

constexpr std::chrono::minutes kTrimEvery{1};
constexpr std::size_t kFollowersMax = 8;
// A group fires so many at most; what is left after all these rounds fires by itself soon.
constexpr int kClockRoundsMax = 10'000;

}  // namespace

void BookLoop::AskTrace(CallId call, std::function<void(std::optional<book::Trace>)> done) {
  switchboard_->book().Post(Task([this, call, done = std::move(done)] { done(TraceOf(call)); }));
}

std::optional<book::Trace> BookLoop::TraceOf(CallId call) {
  const auto summary = book_.SummaryOf(call);
  const book::CallTrace* const trace = book_.TraceOf(call);
  if (summary && trace != nullptr) return rpc::DescribeTrace(call, *summary, *trace);
  const auto ended = store_->FindEnded(call);
  if (!ended.ok()) {
    log::Warn("the trace of call {} can't be read: {}", call.value(),
              std::string(ended.status().message()));
    return std::nullopt;
  }
  if (!*ended) return std::nullopt;
  const book::Book::CallSummary past{(*ended)->caller, (*ended)->callee, call::State::kEnded};
  return rpc::DescribeTrace(call, past,
                            book::DecodeTrace((*ended)->trace).value_or(book::CallTrace{}));
}

void BookLoop::FollowTraces(TraceSink sink) {
  switchboard_->book().Post(Task([this, sink = std::move(sink)] {
    if (followers_.size() == kFollowersMax) followers_.erase(followers_.begin());
    followers_.push_back(sink);
    book_.FollowTraces(true);
  }));
}

void BookLoop::AskRelays(std::function<void(book::RelayDesk& desk, WallTime now)> work) {
  switchboard_->book().Post(
      Task([this, work = std::move(work)] { work(book_.relays(), WallNow()); }));
}

void BookLoop::Backup(std::filesystem::path file, BackedUp done) {
  switchboard_->book().Post(Task([this, file = std::move(file), done = std::move(done)]() mutable {
    backup_.Start(file, std::move(done));
  }));
}

void BookLoop::TellFollowers() {
  if (followers_.empty()) return;
  for (const book::Tracer::Line& line : book_.TakeTraceLines()) {
    const book::TraceLine text = rpc::DescribeLine(line.event);
    std::erase_if(followers_, [&](const TraceSink& sink) { return !sink(line.call, text); });
  }
  if (followers_.empty()) book_.FollowTraces(false);
}

void BookLoop::TrimTraces(WallTime now) {
  if (now < next_trim_) return;
  next_trim_ = now + kTrimEvery;
  const absl::Status status = store_->TrimTraces(UnixMillis(now - keep_traces_));
  if (!status.ok()) Tolerate(status, "old traces stay for now");
}

void BookLoop::MoveTestClock(Duration by, std::function<void(WallTime)> done) {
  switchboard_->book().Post(Task([this, by, done = std::move(done)] {
    CHECK(test_clock_.has_value());
    *test_clock_ += by;
    book_.SetTestClock(*test_clock_);
    for (int round = 0; round < kClockRoundsMax; ++round) {
      const WallTime now = WallNow();
      const auto next = book_.NextDeadline();
      if (!next || *next > now) break;
      StepGroup({}, now);
    }
    done(*test_clock_);
  }));
}

void BookLoop::RefuseGroups(int groups, std::function<void()> done) {
  switchboard_->book().Post(Task([this, groups, done = std::move(done)] {
    groups_to_refuse_ = groups;
    done();
  }));
}

void BookLoop::FailNextGroup(std::function<void()> done) {
  switchboard_->book().Post(Task([this, done = std::move(done)] {
    fail_next_group_ = true;
    done();
  }));
}

}  // namespace trunkline::io

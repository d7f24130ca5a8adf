#include "server/control/trace_feed.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/trace_json.h"

namespace trunkline::control {
namespace {

// One chunk: some tens of kilobytes.
constexpr std::size_t kChunkEventsMax = 256;

}  // namespace

bool TraceFeed::Push(CallId call, book::TraceLine line) {
  const std::lock_guard lock(mutex_);
  if (gone_) return false;
  // Once events are lost, all are until the reader has caught up, so that it is told where the gap
  // is.
  if (lost_ > 0 || events_.size() >= kFeedEventsMax) {
    ++lost_;
    return true;
  }
  events_.push_back({call, std::move(line)});
  if (events_.size() == 1 && wake_) wake_();
  return true;
}

void TraceFeed::Attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::string TraceFeed::Take() {
  std::vector<Event> taken;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(events_.size(), kChunkEventsMax));
    std::move(events_.begin(), events_.begin() + count, std::back_inserter(taken));
    events_.erase(events_.begin(), events_.begin() + count);
    if (events_.empty()) lost = std::exchange(lost_, 0);
  }
  std::string chunk;
  for (const Event& event : taken) absl::StrAppend(&chunk, EventJson(event.call, event.line), "\n");
  if (lost > 0) absl::StrAppend(&chunk, "{\"lost\":", lost, "}\n");
  return chunk;
}

void TraceFeed::Detach() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
  wake_ = nullptr;
  events_.clear();
}

}  // namespace trunkline::control

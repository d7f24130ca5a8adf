// Events of every call on their way to one reader. The book's thread pushes and never waits; the
// control socket's thread takes and makes the JSON. A reader that is too slow loses events, and is
// told how many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "common/ids.h"
#include "server/book/trace.h"
#include "server/http/answer.h"

namespace trunkline::control {

// What waits for a reader at most: some ten calls a millisecond for a tenth of a second.
inline constexpr std::size_t kFeedEventsMax = 16'384;

class TraceFeed : public http::Feed {
 public:
  // Any thread. False: the reader has gone, forget the feed.
  bool Push(CallId call, book::TraceLine line);

  void Attach(std::function<void()> wake) override;
  std::string Take() override;
  void Detach() override;

 private:
  struct Event {
    CallId call;
    book::TraceLine line;
  };

  std::mutex mutex_;
  std::function<void()> wake_;
  std::deque<Event> events_;
  std::uint64_t lost_ = 0;  // after the newest of events_
  bool gone_ = false;
};

}  // namespace trunkline::control

// The traces of the calls that live, and of the ones that ended last. Lines of a group wait until
// it is committed; of an undone group only what came and that it was refused is told.
#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/book/trace_event.h"

namespace trunkline::book {

inline constexpr std::size_t kEndedTracesMax = 1'000;

class Tracer {
 public:
  struct Line {
    CallId call;
    TraceEvent event;
  };

  // `opens`: the first line of a new call. Without it a line of a call that has no trace is for
  // followers only.
  void Add(CallId call, const TraceEvent& event, bool opens = false) {
    pending_.push_back({{call, event}, opens});
  }
  // With the lines of the present group.
  CallTrace Of(CallId call) const;
  // nullptr: unknown, or ended long ago.
  const CallTrace* Find(CallId call) const;

  void Commit();
  void Rollback(std::int64_t at_ms);
  // Of a group whose commands are stepped again: they will be told then, deadlines won't.
  void Undo(std::int64_t at_ms);

  void Forget(CallId call) { traces_.erase(call); }

  // While somebody follows, committed lines of all calls gather here.
  void Follow(bool on) { following_ = on; }
  std::vector<Line> TakeFollowed() { return std::exchange(followed_, {}); }

 private:
  struct Pending {
    Line line;
    bool opens = false;
  };
  void Write(const Line& line, bool opens);
  void WriteRefusedRequest(const Line& request, std::int64_t at_ms);
  void WriteRefusedEvent(const Line& event, std::int64_t at_ms);
  void Bury(CallId call);

  absl::flat_hash_map<CallId, CallTrace> traces_;
  std::deque<CallId> ended_;
  std::vector<Pending> pending_;
  std::vector<Line> followed_;
  bool following_ = false;
};

}  // namespace trunkline::book

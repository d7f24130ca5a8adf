// A server as other projects' test double: its clock of call deadlines is moved, and its store made
// to refuse or fail, over HTTP. There only with --test-clock, which wants HTTP on loopback.
//
//   GET  /test/v1/clock                                   {"now_ms":1763748000000}
//   POST /test/v1/clock   {"advance_ms":95000}            the same, when all that became due is
//   done POST /test/v1/faults  {"store":"refuse","groups":3}   the next 3 groups that would be
//   written POST /test/v1/faults  {"store":"fail"}                the next one ends the process
//   POST /test/v1/faults  {"store":"none"}                no longer
#pragma once

#include <functional>

#include "common/time.h"
#include "server/http/answer.h"

namespace trunkline::control {

// Called on the HTTP thread, must not block; `done` comes on any thread.
struct TestSources {
  std::function<void(Duration by, std::function<void(WallTime)> done)> move_clock;
  std::function<void(int groups, std::function<void()> done)> refuse_groups;
  std::function<void(std::function<void()> done)> fail_next_group;
};

// What isn't under /test/ goes to `others`.
http::Handler WithTestRoutes(TestSources sources, http::Handler others);

}  // namespace trunkline::control

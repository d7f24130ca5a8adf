// What the control socket answers, apart from sockets. Whoever can open the socket owns the data
// directory, so there is no other permission to ask for; the TCP listener never serves this.
//
//   GET  /control/v1/calls/ID/trace   one call, as JSON
//   GET  /control/v1/trace            events of every call from now on, one JSON object a line
//   POST /control/v1/backup           {"path":"/abs/file"}: a copy of the store
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "server/book/trace.h"
#include "server/control/trace_feed.h"
#include "server/http/answer.h"

namespace trunkline::control {

struct BackupDone {
  std::int64_t bytes = 0;
  std::chrono::milliseconds took{};
};

// Where the answers come from. Called on the control socket's thread, must not block; results come
// when they are there, on any thread. A route whose source isn't given isn't there either.
struct Sources {
  using TraceDone = std::function<void(std::optional<book::Trace>)>;
  using BackedUp = std::function<void(absl::StatusOr<BackupDone>)>;

  // nullopt: no call of this id is remembered.
  std::function<void(CallId, TraceDone)> trace = nullptr;
  // Pushes every event into the feed, until Push says that nobody reads.
  std::function<void(std::shared_ptr<TraceFeed>)> follow = nullptr;
  // AlreadyExists: something is at the path. Aborted: another backup is running. InvalidArgument: a
  // path that is not to be used. Cancelled: the server stops. Anything else: it could not be made.
  std::function<void(std::string, BackedUp)> backup = nullptr;
};

http::Handler RoutesOf(Sources sources);

}  // namespace trunkline::control

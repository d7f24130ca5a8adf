// One POST to somebody else's HTTP/1.1 server, from a thread that may wait.
#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/time.h"

namespace trunkline::http {

// http://HOST[:PORT][/PATH]
struct Target {
  std::string host, port, path;
  std::string authority;  // as the URL has it: the Host header
};
// InvalidArgument says what a URL must be like, without naming it.
absl::StatusOr<Target> ParseTarget(const std::string& url);

using Headers = std::vector<std::pair<std::string, std::string>>;

// ok: answered 2xx within `timeout`. Unavailable: which step failed and how; DeadlineExceeded;
// Cancelled: stopped. No status names the URL, a header or the body. The answer's body is read, at
// most 64 KiB, and forgotten.
absl::Status PostJson(const Target& target, const Headers& headers, const std::string& json,
                      Duration timeout, std::stop_token stop = {});

}  // namespace trunkline::http

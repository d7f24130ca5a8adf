// One POST to somebody else's HTTP/1.1 server, from a thread that may wait.
#pragma once

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/tls.h"
#include "common/time.h"

namespace trunkline::http {

// http://HOST[:PORT][/PATH], or the same with https://
struct Target {
  bool tls = false;
  std::string host, port, path;
  std::string authority;  // as the URL has it: the Host header
};
// InvalidArgument says what a URL must be like, without naming it.
absl::StatusOr<Target> ParseTarget(const std::string& url);

using Headers = std::vector<std::pair<std::string, std::string>>;

// ok: answered 2xx within `timeout`. Unavailable or DeadlineExceeded: which step (name, connect,
// tls, request, answer) failed and how; Cancelled: stopped. No status names the URL, a header or
// the body. The answer's body is read, at most 64 KiB, and forgotten. `trust` says which servers of
// https:// are believed, null: none.
absl::Status PostJson(const Target& target, const Headers& headers, const std::string& json,
                      Duration timeout, const crypto::TlsClient* trust, std::stop_token stop = {});

}  // namespace trunkline::http

// Routes that only the holder of a token may use (RFC 6750).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/http/answer.h"

namespace trunkline::http {

// Passes on requests with `Authorization: Bearer TOKEN`, answers others 401. Compares in constant
// time.
Handler WithBearer(std::string token, Handler handler);

// The token in `directory`/`name`; made with mode 0600 when there is none yet.
absl::StatusOr<std::string> LoadOrMakeToken(const std::string& directory, const std::string& name);

}  // namespace trunkline::http

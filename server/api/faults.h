// What clients hear when something is wrong, in the shape of the surface that they asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "boost/json/value.hpp"
#include "server/http/answer.h"

namespace trunkline::api {

enum class Surface : std::uint8_t {
  kDialpad,  // /api/calls: {"success":false,"error":...}; also for paths of no surface
  kPurge,    // /purge, /Token: {"message":...,"code":...}
  kNotes,    // /api/v1/calls: {"message":...}
};

http::Answer JsonAnswer(const boost::json::value& body, unsigned status = 200);
http::Answer JsonTextAnswer(std::string body, unsigned status = 200);

http::Answer NotFound(Surface surface);
http::Answer MethodNotAllowed(Surface surface, std::string allow);
http::Answer Unauthorized(Surface surface);
http::Answer Forbidden(Surface surface, std::string_view message);
http::Answer TooLarge(Surface surface);
http::Answer WrongMediaType(Surface surface);

// Of an Idempotency-Key: it was used for another request, or what was answered can't be said again.
http::Answer KeyReused(Surface surface);
http::Answer AnswerErased(Surface surface);
http::Answer AnswerTooLong(Surface surface);
http::Answer TooManyKeys(Surface surface);
http::Answer TooManyRequests(Surface surface, std::int64_t retry_after_s);

struct Wrong {
  std::string path;  // of the member; empty: the body or the query as a whole
  std::string message;
};
http::Answer Invalid(Surface surface, const std::vector<Wrong>& wrongs);
// Of the store: busy or full is 503, all else 500. Its own words stay inside.
http::Answer Failure(Surface surface, const absl::Status& status,
                     std::string_view internal = "Internal error");

}  // namespace trunkline::api

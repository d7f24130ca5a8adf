#include "server/api/faults.h"

#include <utility>

#include "boost/json.hpp"
#include "server/api/json_text.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;

constexpr char kContentType[] = "application/json; charset=utf-8";
constexpr char kRetryAfterSeconds[] = "1", kKeysRetryAfterSeconds[] = "3600";

// `code` is one word for programs; the notes surface has none.
http::Answer Fault(Surface surface, unsigned status, std::string_view code,
                   std::string_view message) {
  switch (surface) {
    case Surface::kDialpad:
      return JsonAnswer(
          {{"success", false}, {"error", JsonText(message)}, {"code", JsonText(code)}}, status);
    case Surface::kPurge:
      return JsonAnswer({{"message", JsonText(message)}, {"code", JsonText(code)}}, status);
    case Surface::kNotes:
      break;
  }
  return JsonAnswer({{"message", JsonText(message)}}, status);
}

std::string TextOf(const Wrong& wrong) {
  return wrong.path.empty() ? wrong.message : wrong.path + ": " + wrong.message;
}

}  // namespace

http::Answer JsonAnswer(const json::value& body, unsigned status) {
  return JsonTextAnswer(json::serialize(body), status);
}

http::Answer JsonTextAnswer(std::string body, unsigned status) {
  http::Answer answer;
  answer.status = status;
  answer.content_type = kContentType;
  answer.body = std::move(body);
  return answer;
}

http::Answer NotFound(Surface surface) {
  // In lower case as on the operators' pages, which share the listener.
  return Fault(surface, 404, surface == Surface::kPurge ? "NOT_FOUND" : "not_found", "Not found");
}

http::Answer MethodNotAllowed(Surface surface, std::string allow) {
  http::Answer answer = Fault(surface, 405, "METHOD_NOT_ALLOWED", "Method not allowed");
  answer.allow = std::move(allow);
  return answer;
}

http::Answer Unauthorized(Surface surface) {
  // The documents of two surfaces show all that their 401 holds.
  http::Answer answer = surface == Surface::kDialpad
                            ? JsonAnswer({{"success", false}, {"error", "Unauthorized"}}, 401)
                            : Fault(surface, 401, "UNAUTHORIZED", "Unauthorized");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

http::Answer Forbidden(Surface surface, std::string_view message) {
  return Fault(surface, 403, "FORBIDDEN", message);
}

http::Answer TooLarge(Surface surface) {
  return Fault(surface, 413, "BODY_TOO_LARGE", "The body is too large");
}

http::Answer WrongMediaType(Surface surface) {
  return Fault(surface, 415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json");
}

http::Answer KeyReused(Surface surface) {
  return Fault(surface, 409, "IDEMPOTENCY_KEY_REUSED",
               "The Idempotency-Key was used for another request");
}

http::Answer AnswerErased(Surface surface) {
  return Fault(surface, 409, "ANSWER_ERASED",
               "The call that the Idempotency-Key was used for is gone, its answer too");
}

http::Answer AnswerTooLong(Surface surface) {
  return Fault(surface, 409, "ANSWER_NOT_KEPT",
               "The request was done; its answer was too long to be kept");
}

http::Answer TooManyKeys(Surface surface) {
  http::Answer answer =
      Fault(surface, 429, "TOO_MANY_KEYS", "Too many Idempotency-Keys within a day");
  answer.headers.emplace_back("Retry-After", kKeysRetryAfterSeconds);
  return answer;
}

http::Answer TooManyRequests(Surface surface, std::int64_t retry_after_s) {
  http::Answer answer = Fault(surface, 429, "TOO_MANY_REQUESTS", "Too many requests");
  answer.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  return answer;
}

http::Answer Invalid(Surface surface, const std::vector<Wrong>& wrongs) {
  std::string message;
  for (const Wrong& wrong : wrongs) message += (message.empty() ? "" : "; ") + TextOf(wrong);
  if (surface != Surface::kDialpad) return Fault(surface, 400, "VALIDATION_ERROR", message);
  json::array details;
  for (const Wrong& wrong : wrongs) {
    details.push_back({{"path", JsonText(wrong.path)}, {"message", JsonText(wrong.message)}});
  }
  json::object error{{"code", "VALIDATION_ERROR"}, {"message", JsonText(message)}};
  error["details"] = std::move(details);
  return JsonAnswer({{"success", false}, {"error", std::move(error)}}, 400);
}

http::Answer Failure(Surface surface, const absl::Status& status, std::string_view internal) {
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    http::Answer answer = Fault(surface, 503, "UNAVAILABLE", "The store can't be written now");
    answer.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    return answer;
  }
  if (surface == Surface::kDialpad) {
    return JsonAnswer({{"success", false}, {"error", JsonText(internal)}}, 500);
  }
  return Fault(surface, 500, "INTERNAL", internal);
}

}  // namespace trunkline::api

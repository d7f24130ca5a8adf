#include "server/control/test_routes.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "boost/json.hpp"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using http::Answer;
using http::ErrorAnswer;
using http::JsonAnswer;
using http::Request;
using http::Responder;

constexpr std::int64_t kAdvanceMsMax = std::int64_t{3650} * 24 * 3600 * 1000;
constexpr std::int64_t kGroupsMax = 1'000'000;

std::optional<json::object> ObjectOf(const std::string& body) {
  json::error_code error;
  json::value parsed = json::parse(body, error);
  if (error || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.as_object());
}

// A whole number within bounds; `absent` when there is no such member.
std::optional<std::int64_t> NumberIn(const json::object& object, json::string_view name,
                                     std::int64_t max, std::optional<std::int64_t> absent) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return absent;
  const std::int64_t* const number = value->if_int64();
  if (number == nullptr || *number < 0 || *number > max) return std::nullopt;
  return *number;
}

void Clock(const TestSources& sources, const Request& request, const Responder& respond) {
  std::int64_t advance_ms = 0;
  if (request.method == "POST") {
    const auto body = ObjectOf(request.body);
    const auto given =
        body ? NumberIn(*body, "advance_ms", kAdvanceMsMax, std::nullopt) : std::nullopt;
    if (!given) {
      return respond(ErrorAnswer(400, "bad_request",
                                 R"(the body must be {"advance_ms":N}, N from 0 to ten years)"));
    }
    advance_ms = *given;
  } else if (request.method != "GET") {
    return respond(http::MethodNotAllowed("GET, POST"));
  }
  sources.move_clock(Duration(advance_ms), [respond](WallTime now) {
    respond(JsonAnswer({{"now_ms", UnixMillis(now)}}));
  });
}

void Faults(const TestSources& sources, const Request& request, const Responder& respond) {
  if (request.method != "POST") return respond(http::MethodNotAllowed("POST"));
  const auto body = ObjectOf(request.body);
  const json::value* const store = body ? body->if_contains("store") : nullptr;
  const json::string* const fault = store == nullptr ? nullptr : store->if_string();
  const auto groups = body ? NumberIn(*body, "groups", kGroupsMax, 1) : std::nullopt;
  const auto done = [respond] { respond(JsonAnswer({{"status", "ok"}})); };
  if (fault != nullptr && groups) {
    if (*fault == "refuse") return sources.refuse_groups(static_cast<int>(*groups), done);
    if (*fault == "none") return sources.refuse_groups(0, done);
    if (*fault == "fail") return sources.fail_next_group(done);
  }
  respond(ErrorAnswer(400, "bad_request",
                      R"(the body must be {"store":"refuse","groups":N}, {"store":"fail"} or )"
                      R"({"store":"none"})"));
}

}  // namespace

http::Handler WithTestRoutes(TestSources sources, http::Handler others) {
  return [sources = std::move(sources), others = std::move(others)](const Request& request,
                                                                    const Responder& respond) {
    const std::string_view path = http::PathOf(request.target);
    if (path == "/test/v1/clock") return Clock(sources, request, respond);
    if (path == "/test/v1/faults") return Faults(sources, request, respond);
    others(request, respond);
  };
}

}  // namespace trunkline::control

#include "server/control/control.h"

#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "boost/json.hpp"
#include "server/control/trace_json.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using http::Answer;
using http::ErrorAnswer;
using http::JsonAnswer;
using http::Request;
using http::Responder;

constexpr std::size_t kPathBytesMax = 4095;  // PATH_MAX without its end

constexpr std::string_view kBackup = "/control/v1/backup", kFollow = "/control/v1/trace",
                           kCallPrefix = "/control/v1/calls/", kCallSuffix = "/trace";

std::optional<std::string> PathOf(const std::string& body) {
  json::error_code error;
  const json::value parsed = json::parse(body, error);
  if (error || !parsed.is_object()) return std::nullopt;
  const json::value* path = parsed.as_object().if_contains("path");
  if (path == nullptr || !path->is_string()) return std::nullopt;
  const json::string& text = path->as_string();
  const bool usable = text.size() <= kPathBytesMax && text.starts_with("/") &&
                      !text.ends_with("/") && text.find('\0') == json::string::npos;
  if (!usable) return std::nullopt;
  return std::string(text.data(), text.size());
}

Answer BackupAnswer(const std::string& path, const absl::StatusOr<BackupDone>& result) {
  if (result.ok()) {
    return JsonAnswer({{"path", path}, {"bytes", result->bytes}, {"ms", result->took.count()}});
  }
  const std::string reason(result.status().message());
  if (absl::IsAlreadyExists(result.status())) return ErrorAnswer(409, "exists", reason);
  if (absl::IsAborted(result.status())) return ErrorAnswer(409, "busy", reason);
  if (absl::IsInvalidArgument(result.status())) return ErrorAnswer(400, "bad_path", reason);
  if (absl::IsCancelled(result.status())) return ErrorAnswer(503, "stopping", reason);
  return ErrorAnswer(500, "backup_failed", reason);
}

void Backup(const Sources& sources, const Request& request, const Responder& respond) {
  std::optional<std::string> path = PathOf(request.body);
  if (!path) {
    return respond(ErrorAnswer(400, "bad_request",
                               R"(the body must be {"path":"/absolute/path/of/a/new/file"})"));
  }
  std::string to = *path;
  sources.backup(std::move(to),
                 [respond, path = *std::move(path)](const absl::StatusOr<BackupDone>& result) {
                   respond(BackupAnswer(path, result));
                 });
}

void TraceOfCall(const Sources& sources, std::string_view id, const Responder& respond) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(id.data(), id.size()), &number) || number <= 0) {
    return respond(ErrorAnswer(400, "bad_request", "the id of a call is a positive number"));
  }
  sources.trace(CallId(number), [respond, number](const std::optional<book::Trace>& trace) {
    if (trace) return respond(Answer{200, "application/json", "", TraceJson(*trace) + "\n", {}});
    respond(ErrorAnswer(404, "call_unknown", absl::StrCat("no call ", number, " is remembered")));
  });
}

void Follow(const Sources& sources, const Responder& respond) {
  auto feed = std::make_shared<TraceFeed>();
  Answer answer;
  answer.content_type = "application/x-ndjson";
  answer.feed = feed;
  respond(std::move(answer));
  sources.follow(std::move(feed));
}

void RouteRequest(const Sources& sources, const Request& request, const Responder& respond) {
  const std::string_view path = http::PathOf(request.target);
  const std::string_view call = http::Between(path, kCallPrefix, kCallSuffix);
  const bool is_backup = sources.backup && path == kBackup;
  const bool is_follow = sources.follow && path == kFollow;
  const bool is_trace = sources.trace && !call.empty();
  if (!is_backup && !is_follow && !is_trace) {
    return respond(ErrorAnswer(404, "not_found", "there is nothing here"));
  }
  const char* const method = is_backup ? "POST" : "GET";
  if (request.method != method) return respond(http::MethodNotAllowed(method));
  if (is_backup) return Backup(sources, request, respond);
  if (is_follow) return Follow(sources, respond);
  TraceOfCall(sources, call, respond);
}

}  // namespace

http::Handler RoutesOf(Sources sources) {
  return [sources = std::move(sources)](const Request& request, const Responder& respond) {
    RouteRequest(sources, request, respond);
  };
}

}  // namespace trunkline::control

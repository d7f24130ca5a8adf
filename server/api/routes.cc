#include "server/api/routes.h"

#include <algorithm>

#include "server/api/dialpad_calls.h"
#include "server/api/events.h"
#include "server/api/notes.h"
#include "server/api/openapi.h"
#include "server/api/purge.h"

namespace trunkline::api {
namespace {

using enum Surface;

http::Answer GetOpenApi(const http::Request&, const Keyring&, std::int64_t) {
  http::Answer answer;
  answer.body = OpenApiText();
  return answer;
}

http::Answer GetOpenApiPage(const http::Request&, const Keyring&, std::int64_t) {
  static const std::string page = OpenApiPage();
  http::Answer answer;
  answer.content_type = "text/html; charset=utf-8";
  answer.body = page;
  return answer;
}

// Names that are also of the form of a later pattern come first.
constexpr Route kRoutes[] = {
    {kDialpad, "GET", "/api/calls/history", kCallsRead, GetHistory},
    {kDialpad, "POST", kIngestPattern, kCallsWrite, IngestCall},
    {kDialpad, "GET", "/api/calls/{callId}", kCallsRead, GetDialpadCall},
    {kDialpad, "POST", kDiscardPattern, kCallsWrite, DiscardCall},
    {kDialpad, "POST", kLoginPattern, 0, nullptr},
    {kDialpad, "GET", "/api/auth/verify-token", 0, VerifyToken},

    {kDialpad, "GET", "/api/events", kEventsRead, GetEvents},
    {kDialpad, "GET", "/api/webhooks", kEventsRead, ListWebhooks},
    {kDialpad, "PUT", "/api/webhooks/{name}", kEventsRead, PutWebhook},
    {kDialpad, "DELETE", "/api/webhooks/{name}", kEventsRead, RemoveWebhook},
    {kDialpad, "GET", "/api/webhooks/{name}/dead", kEventsRead, GetDeadLetters},

    {kPurge, "POST", "/purge/v1/calls", kCallsPurge, PurgeCalls},
    {kPurge, "POST", "/purge/v1/calls/sessions", kCallsPurge, PurgeSessions},
    {kPurge, "POST", "/purge/v1/calls/customer", kCallsPurge, PurgeCustomer},
    {kPurge, "GET", "/purge/v1/jobs/{jobId}", kCallsRead, GetPurgeJob},
    {kPurge, "GET", "/purge/v1/status", kCallsRead, GetPurgeStatus},
    {kPurge, "POST", kTokenPattern, 0, nullptr, IssueToken},

    {kNotes, "GET", "/api/v1/calls", kCallsRead, ListNotesCalls},
    {kNotes, "GET", "/api/v1/calls/{id}", kCallsRead, GetNotesCall},
    {kNotes, "POST", "/api/v1/calls/{id}/notes", kNotesWrite, AddNote},
    {kNotes, "PATCH", "/api/v1/calls/{id}/notes/{noteId}", kNotesWrite, UpdateNote},
    {kNotes, "DELETE", "/api/v1/calls/{id}/notes/{noteId}", kNotesWrite, RemoveNote},
    {kNotes, "PATCH", "/api/v1/calls/{id}/rating", kNotesWrite, RateCall},
    {kNotes, "PATCH", "/api/v1/calls/{id}/viewed", kNotesWrite, MarkViewed},

    {kDialpad, "GET", "/openapi.json", 0, nullptr, GetOpenApi},
    {kDialpad, "GET", "/docs", 0, nullptr, GetOpenApiPage},
};

using Segments = std::vector<std::string_view>;

// Once for all requests.
const std::vector<Segments>& Patterns() {
  static const std::vector<Segments> patterns = [] {
    std::vector<Segments> all;
    for (const Route& route : kRoutes) all.push_back(SplitTarget(route.pattern).segments);
    return all;
  }();
  return patterns;
}

bool IsParameter(std::string_view segment) {
  return segment.starts_with('{');
}

bool Fits(Surface surface, const Segments& pattern, const Segments& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [surface](std::string_view known, std::string_view sent) {
                      if (IsParameter(known) || known == sent) return true;
                      return surface == kPurge && EqualsIgnoringCase(known, sent);
                    });
}

Surface NearestSurface(const Segments& path) {
  if (path.empty()) return kDialpad;
  if (EqualsIgnoringCase(path[0], "purge") || EqualsIgnoringCase(path[0], "token")) return kPurge;
  if (path[0] == "api" && path.size() > 1 && path[1] == "v1") return kNotes;
  return kDialpad;
}

// The documented path of a note has no base.
Segments WithBase(const Segments& path) {
  if (path.empty() || path[0] != "calls") return path;
  Segments based = {"api", "v1"};
  based.insert(based.end(), path.begin(), path.end());
  return based;
}

std::vector<std::string> ParamsOf(const Segments& pattern, const Segments& path) {
  std::vector<std::string> params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    // What can't be decoded is a name of nothing, as it stands.
    if (IsParameter(pattern[i])) {
      params.push_back(PercentDecoded(path[i]).value_or(std::string(path[i])));
    }
  }
  return params;
}

}  // namespace

Match FindRoute(std::string_view method, const Target& target) {
  const Segments path = WithBase(target.segments);
  const std::string_view asked = method == "HEAD" ? "GET" : method;
  Match match;
  match.surface = NearestSurface(path);
  for (std::size_t i = 0; i < Patterns().size(); ++i) {
    const Route& route = kRoutes[i];
    if (!Fits(route.surface, Patterns()[i], path)) continue;
    match.surface = route.surface;
    if (route.method == asked) {
      match.route = &route;
      match.params = ParamsOf(Patterns()[i], path);
      return match;
    }
    const std::string_view more = route.method == "GET" ? "GET, HEAD" : route.method;
    if (match.allow.find(more) == std::string::npos) {
      match.allow.append(match.allow.empty() ? "" : ", ").append(more);
    }
  }
  return match;
}

}  // namespace trunkline::api

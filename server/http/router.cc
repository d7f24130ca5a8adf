#include "server/http/router.h"

#include <algorithm>
#include <utility>

#include "boost/json.hpp"

namespace trunkline::http {
namespace {

namespace json = boost::json;

// Alive means: this thread answers. It never asks anything else, so that a restart isn't the
// reaction to somebody else's trouble.
Answer Live(const Sources&) {
  return JsonAnswer({{"status", "ok"}});
}

Answer Ready(const Sources& sources) {
  json::array checks;
  bool ready = true;
  for (const Check& check : sources.checks()) {
    ready = ready && check.ok;
    json::object entry{{"name", check.name}, {"ok", check.ok}};
    if (!check.ok) entry["consequence"] = check.consequence;
    checks.push_back(std::move(entry));
  }
  return JsonAnswer({{"status", ready ? "ok" : "unavailable"}, {"checks", std::move(checks)}},
                    ready ? 200 : 503);
}

Answer Metrics(const Sources& sources) {
  const std::vector<Metric> metrics = sources.metrics();
  return Answer{200, "text/plain; version=0.0.4; charset=utf-8", "", MetricsText(metrics), nullptr};
}

struct Page {
  std::string_view path;
  Answer (*make)(const Sources&);
};
// HTTP opens only after the start has finished, so having started is being alive.
constexpr Page kPages[] = {
    {"/livez", Live}, {"/readyz", Ready}, {"/startupz", Live}, {"/metrics", Metrics}};

}  // namespace

Answer Route(const Sources& sources, std::string_view method, std::string_view target) {
  const std::string_view path = PathOf(target);
  const auto* page = std::find_if(std::begin(kPages), std::end(kPages),
                                  [path](const Page& known) { return known.path == path; });
  if (page == std::end(kPages)) return ErrorAnswer(404, "not_found", "there is nothing here");
  if (method != "GET" && method != "HEAD") {
    return MethodNotAllowed("GET, HEAD");
  }
  return page->make(sources);
}

Handler PagesOf(Sources sources) {
  return [sources = std::move(sources)](const Request& request, const Responder& respond) {
    respond(Route(sources, request.method, request.target));
  };
}

}  // namespace trunkline::http

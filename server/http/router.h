// What the health pages and the metrics answer, apart from sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/answer.h"
#include "server/http/metrics_text.h"

namespace trunkline::http {

// One thing that must work for this server to be worth sending clients to.
struct Check {
  std::string name;
  bool ok = false;
  std::string consequence;  // what doesn't work while it isn't ok
};

// Where the answers come from. Called on the HTTP thread; must not block.
struct Sources {
  std::function<std::vector<Check>()> checks;
  std::function<std::vector<Metric>()> metrics;
};

// `target` is the request target as sent; its query is ignored.
Answer Route(const Sources& sources, std::string_view method, std::string_view target);
Handler PagesOf(Sources sources);

}  // namespace trunkline::http

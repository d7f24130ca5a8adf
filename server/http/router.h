// What each path of the HTTP surface answers, apart from sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

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

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string allow;  // with 405
  std::string body;
};

// `target` is the request target as sent; its query is ignored.
Answer Route(const Sources& sources, std::string_view method, std::string_view target);
// The body of every error: {"error":{"code":..., "message":...}}
Answer ErrorAnswer(unsigned status, std::string_view code, std::string_view message);

}  // namespace trunkline::http

// Which request is answered by what, and what its token must allow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/exchange.h"
#include "server/api/scopes.h"

namespace trunkline::api {

struct Route {
  Surface surface;
  std::string_view method;
  std::string_view pattern;  // "{name}" stands for any one segment, also an empty one
  std::uint32_t scope;       // 0: any token will do
  // nullptr: asked without a token, answered by `open` or, to log in, by LogIn.
  void (*run)(const ExchangePtr&);
  http::Answer (*open)(const http::Request&, const Keyring&, std::int64_t now_ms) = nullptr;
};

struct Match {
  Surface surface = Surface::kDialpad;  // the nearest, if there is no route
  const Route* route = nullptr;
  std::string allow;  // no route: the methods that the path has; empty: it isn't there
  std::vector<std::string> params;
};
// HEAD is answered as GET.
Match FindRoute(std::string_view method, const Target& target);

// What differs for some of them goes by these.
inline constexpr std::string_view kTokenPattern = "/Token", kLoginPattern = "/api/auth/login",
                                  kDiscardPattern = "/api/calls/{callId}/discard",
                                  kIngestPattern = "/api/calls/ingest";

}  // namespace trunkline::api

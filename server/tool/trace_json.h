// Traces as the server writes them in JSON. What isn't there keeps its default, what isn't known is
// passed over: tool and server need not be of one version.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/book/trace.h"

namespace trunkline::tool {

std::optional<book::Trace> ReadTrace(std::string_view text);

// A line of `trace --follow`: an event of a call, or how many of them were lost.
struct FollowLine {
  CallId call;
  book::TraceLine line;
  std::uint64_t lost = 0;
};
std::optional<FollowLine> ReadFollowLine(std::string_view text);

}  // namespace trunkline::tool

// Traces for people: a call as a ladder (the caller's devices left, the server in the middle, the
// callee's devices right), events one a line. Nothing but printable ASCII, whatever clients sent.
#pragma once

#include <string>

#include "server/book/trace.h"
#include "server/tool/trace_json.h"

namespace trunkline::tool {

std::string LadderOf(const book::Trace& trace);
// With its line end.
std::string LineOf(const FollowLine& follow);

}  // namespace trunkline::tool

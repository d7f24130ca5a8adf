// Traces as JSON: ids are strings (they outgrow the numbers of many readers), texts are valid UTF-8
// whatever a client has sent.
#pragma once

#include <string>

#include "server/book/trace.h"

namespace trunkline::control {

std::string TraceJson(const book::Trace& trace);
// One event as an object, with the call that it belongs to.
std::string EventJson(CallId call, const book::TraceLine& line);

}  // namespace trunkline::control

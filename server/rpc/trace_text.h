// Traces of calls as people read them: TL names of methods, constructors and errors, devices by
// their place in the call (A1 called, A2.. are the caller's others; B1, B2.. the callee's, in the
// order in which they appear). Numbers and reasons are shown, key material never was there.
#pragma once

#include <string>
#include <vector>

#include "server/book/book.h"
#include "server/book/trace.h"
#include "server/book/trace_event.h"

namespace trunkline::rpc {

book::Trace DescribeTrace(CallId call, const book::Book::CallSummary& summary,
                          const book::CallTrace& trace);

// One line alone: `device` is the auth key id in hex, since the call's other lines aren't known.
book::TraceLine DescribeLine(const book::TraceEvent& event);

}  // namespace trunkline::rpc

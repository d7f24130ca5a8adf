// The operator's tool without a process around it.
#pragma once

#include <ostream>

namespace trunkline::tool {

// Exit codes: 0 done, 1 the server says no or there is none (one line on `err`), 2 wrong usage.
int Run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace trunkline::tool

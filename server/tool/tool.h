// The operator's tool without a process around it.
#pragma once

#include <istream>
#include <ostream>

namespace trunkline::tool {

// Of the process, beside its output.
struct Surroundings {
  int columns = 0;             // of the terminal that `err` is; 0: it isn't one
  std::istream* in = nullptr;  // null: nothing comes in
  int in_descriptor = -1;      // of `in`, if it may be a terminal
};

// Exit codes: 0 done, 1 the server says no or there is none (one line on `err`), 2 wrong usage.
int Run(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
        const Surroundings& around = {});

}  // namespace trunkline::tool

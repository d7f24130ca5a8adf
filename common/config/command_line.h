// A program's command line: every setting as a flag, the file that --config names, --check-config,
// --print-effective and --help. Flags win over the file.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/config/reader.h"

namespace trunkline {

struct Program {
  std::string name, about;
  Settings settings;
  std::function<absl::Status()> check;     // what only the whole configuration shows
  std::function<std::string()> effective;  // the whole configuration as a file, without secrets
};

// What the program is to do. Programs derive from it and add their configuration.
struct ParsedLine {
  enum class Action { kRun, kCheck, kPrint };
  Action action = Action::kRun;
  std::string text;  // kPrint: for stdout
};

// The error is one line without the program's name.
absl::Status ReadCommandLine(int argc, const char* const* argv, const Program& program,
                             ParsedLine& line);

}  // namespace trunkline

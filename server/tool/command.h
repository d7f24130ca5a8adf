// What a command of the tool is made of.
#pragma once

#include <functional>
#include <ostream>

#include "server/tool/client.h"

namespace CLI {
class App;
}

namespace trunkline::tool {

inline constexpr int kOk = 0, kFailed = 1, kUsage = 2;

struct Session {
  Client client;
  std::ostream& out;
  std::ostream& err;

  // One line on `err`; the exit code to return.
  int Fail(const Failure& failure) {
    err << "trunkline: " << failure.text << std::endl;
    return kFailed;
  }
};

// What is to be done, set by the subcommand that the command line names.
using Action = std::function<int(Session&)>;

// Each adds one subcommand with its options.
void AddBackup(CLI::App& app, Action& action);
void AddTrace(CLI::App& app, Action& action);

}  // namespace trunkline::tool

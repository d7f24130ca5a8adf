// What a command of the tool is made of.
#pragma once

#include <functional>
#include <ostream>

#include "server/tool/client.h"

namespace CLI {
class App;
}

namespace trunkline::tool {

struct Session {
  Client client;
  std::ostream& out;
  std::ostream& err;

  // One line on `err`; the exit code to return.
  int Fail(const Failure& failure) {
    err << "trunkline: " << failure.text << std::endl;
    return failure.exit_code;
  }
};

// What is to be done, set by the subcommand that the command line names.
using Action = std::function<int(Session&)>;

// Each adds one subcommand with its options.
void AddBackup(CLI::App& app, Action& action);
void AddRecords(CLI::App& app, Action& action);  // orgs, users, keys, calls
void AddRelays(CLI::App& app, Action& action);
void AddTrace(CLI::App& app, Action& action);

}  // namespace trunkline::tool

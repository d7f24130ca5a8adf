// What a command of the tool is made of.
#pragma once

#include <functional>
#include <ostream>

#include "server/tool/client.h"
#include "server/tool/tool.h"

namespace CLI {
class App;
}

namespace trunkline::tool {

struct Session {
  Client client;
  std::ostream& out;
  std::ostream& err;
  const Surroundings& around;

  // One line on `err`; the exit code to return.
  int Fail(const Failure& failure) {
    err << "trunkline: " << failure.text << std::endl;
    return failure.exit_code;
  }
};

// What isn't JSON, or not of the form that a server gives it.
inline Failure Unreadable(const Session& session) {
  return {session.client.data_dir() + ": the server's answer can't be read"};
}

// What is to be done, set by the subcommand that the command line names.
using Action = std::function<int(Session&)>;

// Each adds one subcommand with its options.
void AddBackup(CLI::App& app, Action& action);
void AddRecords(CLI::App& app, Action& action);  // orgs, users, keys, calls
void AddRelays(CLI::App& app, Action& action);
void AddTrace(CLI::App& app, Action& action);

}  // namespace trunkline::tool

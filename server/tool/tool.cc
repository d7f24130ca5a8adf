#include "server/tool/tool.h"

#include <CLI/CLI.hpp>
#include <string>

#include "server/tool/command.h"

namespace trunkline::tool {
namespace {

constexpr void (*kCommands[])(CLI::App&, Action&) = {AddBackup, AddRecords, AddRelays, AddTrace};

}  // namespace

int Run(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
        const Surroundings& around) {
  CLI::App app("Asks the trunkline-server that runs on a data directory", "trunkline");
  app.require_subcommand(1);
  app.fallthrough();
  std::string data_dir;
  app.add_option("--data-dir", data_dir, "the server's data directory")->required();
  Action action;
  for (const auto add : kCommands) add(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted, out, err);
  } catch (const CLI::ParseError& error) {
    err << "trunkline: " << error.what() << std::endl;
    return kUsage;
  }
  Session session{Client(data_dir), out, err, around};
  return action(session);
}

}  // namespace trunkline::tool

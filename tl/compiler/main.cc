// tlc, the TL schema compiler. Faults go to stderr as file:line:column: why; exit 1. Wrong usage:
// exit 2.
#include "tl/compiler/command_dump.h"
#include "tl/compiler/commands.h"

int main(int argc, char** argv) {
  CLI::App app("TL schema compiler: from lines of schema to C++, for every layer at once.", "tlc");
  app.require_subcommand(1);
  int exit_code = 0;
  trunkline::tlc::AddGenerate(app, exit_code);
  trunkline::tlc::AddShow(app, exit_code);
  trunkline::tlc::AddDiff(app, exit_code);
  trunkline::tlc::AddAddLayer(app, exit_code);
  trunkline::tlc::AddCrc(app, exit_code);
  trunkline::tlc::AddTextCommands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_code;
}

// tlc show NAME [--layer N]: the lines of a type, constructor or method.
#include <iostream>
#include <memory>

#include "tl/compiler/commands.h"
#include "tl/compiler/show.h"

namespace trunkline::tlc {

void AddShow(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("show", "Print the lines of a name and the layers of their ids");
  const auto request = std::make_shared<ShowRequest>(ShowRequest{"", {}, "tl/schema"});
  command->add_option("NAME", request->name, "Type, constructor or method")->required();
  command->add_option("--layer", request->layer, "Layer; the newest if not given");
  command->add_option("--schema", request->folder, "Folder of schema files")->capture_default_str();
  command->callback([request, &exit_code] { exit_code = Show(*request, std::cout, std::cerr); });
}

}  // namespace trunkline::tlc

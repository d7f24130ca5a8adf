// tlc diff A B [--surface]: what changed between two layers or schema files.
#include <iostream>
#include <memory>

#include "tl/compiler/commands.h"
#include "tl/compiler/diff.h"

namespace trunkline::tlc {

void AddDiff(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("diff", "Tell what changed between two layers");
  const auto request = std::make_shared<DiffRequest>(DiffRequest{"", "", "tl/schema", false});
  command->add_option("A", request->before, "Layer number or schema file")->required();
  command->add_option("B", request->after, "Layer number or schema file")->required();
  command->add_flag("--surface", request->surface_only, "Only what the server reads or writes");
  command->add_option("--schema", request->folder, "Folder of schema files")->capture_default_str();
  command->callback([request, &exit_code] { exit_code = Diff(*request, std::cout, std::cerr); });
}

}  // namespace trunkline::tlc

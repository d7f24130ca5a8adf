// tlc add-layer FILE [--layer N] [--check]: the next layer into history.tsv and api.tl.
#include <iostream>
#include <memory>
#include <string>

#include "tl/compiler/add_layer.h"
#include "tl/compiler/commands.h"
#include "tl/compiler/files.h"

namespace trunkline::tlc {
namespace {

struct AddLayerOptions {
  NewLayer added;
  std::string schema = "tl/schema";
  bool check_only = false;
};

// api.tl goes first: if the machine stops between the two, the same command again does the rest.
int Carry(const LayerPlan& plan, const Folder& folder) {
  for (const auto& [name, text] :
       {std::pair("api.tl", &plan.api), {"history.tsv", &plan.history}}) {
    if (ReplaceFile(folder.File(name), *text)) continue;
    std::cerr << folder.File(name) << ": can't be written\n";
    return 1;
  }
  std::cout << "\nwritten: " << folder.File("api.tl") << ", " << folder.File("history.tsv") << '\n';
  return 0;
}

int AddLayer(AddLayerOptions options) {
  Diagnostics diagnostics;
  const Folder folder(options.schema, diagnostics);
  options.added.text = ReadFile(options.added.file, diagnostics).value_or("");
  const SchemaTexts texts{folder.path(), folder.Text("history.tsv"), folder.Text("api.tl"),
                          folder.Text("surface.txt"), folder.Text("fallbacks.tsv")};
  LayerPlan plan;
  if (diagnostics.empty()) plan = PlanLayer(texts, options.added, diagnostics);
  std::cout << plan.report << std::flush;
  if (!diagnostics.empty()) {
    diagnostics.Print(std::cerr);
    std::cerr << "nothing was changed\n";
    return 1;
  }
  if (plan.known_already) {
    std::cout << "layer " << plan.layer << " is there already, with the same text\n";
    return 0;
  }
  if (!options.check_only) return Carry(plan, folder);
  std::cout << "\nchecked only; nothing was changed\n";
  return 0;
}

}  // namespace

void AddAddLayer(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("add-layer", "Add the next layer to the history and tell what it changes");
  const auto options = std::make_shared<AddLayerOptions>();
  command->add_option("FILE", options->added.file, "The layer's whole schema")->required();
  command->add_option("--layer", options->added.layer, "Its number, if line 1 isn't // LAYER N");
  command->add_flag("--check", options->check_only, "Only tell; write nothing");
  command->add_option("--schema", options->schema, "Folder of schema files")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = AddLayer(*options); });
}

}  // namespace trunkline::tlc

// tlc generate --schema DIR --profile server|full --out DIR: the C++ types and codecs.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "tl/compiler/commands.h"
#include "tl/compiler/files.h"
#include "tl/compiler/generate.h"

namespace trunkline::tlc {
namespace {

struct GenerateOptions {
  std::string schema;
  std::string profile;
  std::string out;
};

int Generate(const GenerateOptions& options) {
  Diagnostics diagnostics;
  const Profile profile = options.profile == "full" ? Profile::kFull : Profile::kServer;
  const std::vector<Output> outputs = GenerateAll(options.schema, profile, diagnostics);
  if (!diagnostics.empty()) {
    diagnostics.Print(std::cerr);
    return 1;
  }
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  for (const Output& output : outputs) {
    const std::string path = (std::filesystem::path(options.out) / output.name).string();
    if (WriteIfChanged(path, output.text)) continue;
    std::cerr << path << ": can't be written\n";
    return 1;
  }
  return 0;
}

}  // namespace

void AddGenerate(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("generate", "Write C++ types and codecs");
  const auto options = std::make_shared<GenerateOptions>();
  command->add_option("--schema", options->schema, "Folder of schema files")->required();
  command
      ->add_option("--profile", options->profile,
                   "How much of the schema: the server's surface, or everything")
      ->required()
      ->check(CLI::IsMember({"server", "full"}));
  command->add_option("--out", options->out, "Folder for the code")->required();
  command->callback([options, &exit_code] { exit_code = Generate(*options); });
}

}  // namespace trunkline::tlc

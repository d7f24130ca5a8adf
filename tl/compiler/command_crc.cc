// tlc crc FILE: the id that each line of a schema must have.
#include <iostream>
#include <memory>
#include <string>

#include "tl/compiler/commands.h"
#include "tl/compiler/emit.h"
#include "tl/compiler/files.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/schema.h"

namespace trunkline::tlc {
namespace {

int Crc(const std::string& file) {
  Diagnostics diagnostics;
  const std::string text = ReadFile(file, diagnostics).value_or("");
  for (const CombinatorExpression& combinator : ParseSchema(text, file, diagnostics)) {
    if (combinator.faulty) continue;
    std::cout << HexId(LineCrc(combinator)) << ' ' << combinator.name << '\n';
  }
  diagnostics.Print(std::cerr);
  return diagnostics.empty() ? 0 : 1;
}

}  // namespace

void AddCrc(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("crc", "Print the id that each line must have");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "TL text")->required();
  command->callback([file, &exit_code] { exit_code = Crc(*file); });
}

}  // namespace trunkline::tlc

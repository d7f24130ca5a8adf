// tlc, the TL schema compiler.
//   tlc generate --schema DIR --profile server --out DIR
//   tlc crc FILE
//   tlc dump FILE, tlc dump --hex TEXT, tlc parse FILE
// Faults go to stderr as file:line:column: why; exit 1. Wrong usage: exit 2.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tl/compiler/command_dump.h"
#include "tl/compiler/emit.h"
#include "tl/compiler/generate.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/schema.h"

namespace trunkline::tlc {
namespace {

int Faults(const Diagnostics& diagnostics) {
  diagnostics.Print(std::cerr);
  return diagnostics.empty() ? 0 : 1;
}

// An unchanged file keeps its time, so that nothing behind it is built again.
bool WriteIfChanged(const std::filesystem::path& path, const std::string& text) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream old;
  if (in) old << in.rdbuf();
  if (in && old.str() == text) return true;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  return static_cast<bool>(out.flush());
}

int Generate(const std::string& schema, const std::string& out) {
  Diagnostics diagnostics;
  const std::vector<Output> outputs = GenerateServer(schema, diagnostics);
  if (!diagnostics.empty()) return Faults(diagnostics);
  std::error_code error;
  std::filesystem::create_directories(out, error);
  for (const Output& output : outputs) {
    const std::filesystem::path path = std::filesystem::path(out) / output.name;
    if (WriteIfChanged(path, output.text)) continue;
    std::cerr << path.string() << ": can't be written\n";
    return 1;
  }
  return 0;
}

// Prints the id that each line of a schema must have.
int Crc(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) {
    std::cerr << file << ": can't be read\n";
    return 1;
  }
  const std::string schema = text.str();
  Diagnostics diagnostics;
  for (const CombinatorExpression& combinator : ParseSchema(schema, file, diagnostics)) {
    std::cout << HexId(LineCrc(combinator)) << ' ' << combinator.name << '\n';
  }
  return Faults(diagnostics);
}

}  // namespace
}  // namespace trunkline::tlc

int main(int argc, char** argv) {
  CLI::App app("TL schema compiler", "tlc");
  app.require_subcommand(1);
  std::string schema;
  std::string profile;
  std::string out;
  std::string file;
  CLI::App* const generate = app.add_subcommand("generate", "write C++ types and codecs");
  generate->add_option("--schema", schema, "folder of schema files")->required();
  generate->add_option("--profile", profile, "how much of the schema")
      ->required()
      ->check(CLI::IsMember({"server"}));
  generate->add_option("--out", out, "folder for the code")->required();
  CLI::App* const crc = app.add_subcommand("crc", "print the id of every line of a schema");
  crc->add_option("file", file, "TL text")->required();
  int text_result = 0;
  trunkline::tlc::AddTextCommands(app, text_result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!*generate && !*crc) return text_result;
  return *crc ? trunkline::tlc::Crc(file) : trunkline::tlc::Generate(schema, out);
}

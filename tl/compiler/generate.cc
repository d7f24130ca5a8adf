#include "tl/compiler/generate.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "tl/compiler/emit.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/profile.h"

namespace trunkline::tlc {
namespace {

std::optional<std::string> ReadFile(const std::string& path, Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text) {
    diagnostics.Add({path, 1, 1}, "can't be read");
    return std::nullopt;
  }
  return text.str();
}

template <class Emit>
Output Make(const std::string& name, Emit emit) {
  std::ostringstream out;
  emit(out);
  return {name, out.str()};
}

class Folder {
 public:
  Folder(std::string path, Diagnostics& diagnostics)
      : path_(std::move(path)), diagnostics_(diagnostics) {}

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::string Text(const std::string& name) const {
    return ReadFile(File(name), diagnostics_).value_or("");
  }

 private:
  std::string path_;
  Diagnostics& diagnostics_;
};

std::vector<Combinator> ReadSchema(const std::string& text, const std::string& file,
                                   Diagnostics& diagnostics) {
  return ResolveSchema(ParseSchema(text, file, diagnostics), diagnostics);
}

void AddTables(const std::string& space, const History& history, Secrets* secrets,
               std::vector<Output>& outputs, Diagnostics& diagnostics) {
  Secrets none;
  const Tables tables = BuildTables(history, secrets == nullptr ? none : *secrets, diagnostics);
  outputs.push_back(
      Make(space + "_schema.h", [&](std::ostream& out) { EmitTablesHeader(space, out); }));
  outputs.push_back(
      Make(space + "_schema.cc", [&](std::ostream& out) { EmitTables(space, tables, out); }));
}

void EmitLayered(const Model& model, std::size_t parts, std::vector<Output>& outputs) {
  const std::string& space = model.space;
  outputs.push_back(Make(space + "_types.h", [&](std::ostream& out) {
    EmitTypes(model, "tl/schema/history.tsv", out);
  }));
  for (std::size_t part = 0; part < parts; ++part) {
    const std::string end = "_" + std::to_string(part) + ".cc";
    outputs.push_back(Make(space + "_read" + end,
                           [&](std::ostream& out) { EmitReaders(model, part, parts, out); }));
    outputs.push_back(Make(space + "_write" + end,
                           [&](std::ostream& out) { EmitWriters(model, part, parts, out); }));
  }
}

void CheckNewestFile(const Folder& folder, const std::string& history_text,
                     Diagnostics& diagnostics) {
  std::istringstream table(history_text);
  Diagnostics told_elsewhere;
  const History history = ReadHistory(table, folder.File("history.tsv"), told_elsewhere);
  const std::string newest = folder.Text("api.tl");
  CheckNewest(history, ReadSchema(newest, folder.File("api.tl"), diagnostics), diagnostics);
}

}  // namespace

std::vector<Output> GenerateSingle(const std::string& space, const std::string& text,
                                   const std::string& file, Diagnostics& diagnostics,
                                   Secrets* secrets) {
  const History history = HistoryOf(ReadSchema(text, file, diagnostics));
  if (!diagnostics.empty()) return {};
  Model model = BuildModel(space, history, WholeSchema(history));
  ChooseNeutrals({}, file, model, diagnostics);
  if (!diagnostics.empty()) return {};
  const std::string source = file.substr(file.find_last_of('/') + 1);
  std::vector<Output> outputs;
  outputs.push_back(
      Make(space + "_types.h", [&](std::ostream& out) { EmitTypes(model, source, out); }));
  outputs.push_back(Make(space + "_codec.cc", [&](std::ostream& out) {
    EmitReaders(model, 0, 1, out);
    EmitWriters(model, 0, 1, out);
  }));
  AddTables(space, history, secrets, outputs, diagnostics);
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

std::vector<Output> GenerateLayered(const std::string& space, const LayeredSource& source,
                                    std::size_t parts, Diagnostics& diagnostics, Secrets* secrets) {
  std::istringstream table(source.history);
  std::istringstream surface(source.surface);
  std::istringstream fallback_table(source.fallbacks);
  const std::string fallback_file = source.folder + "/fallbacks.tsv";
  const History history = ReadHistory(table, source.folder + "/history.tsv", diagnostics);
  const Fallbacks fallbacks = ReadFallbacks(fallback_table, fallback_file, diagnostics);
  const auto definitions =
      Closure(history, ReadSurface(surface, source.folder + "/surface.txt"), diagnostics);
  std::vector<Output> outputs;
  if (!diagnostics.empty()) return outputs;
  Model model = BuildModel(space, history, definitions);
  ChooseNeutrals(fallbacks, fallback_file, model, diagnostics);
  if (!diagnostics.empty()) return outputs;
  EmitLayered(model, parts, outputs);
  AddTables(space, history, secrets, outputs, diagnostics);
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

std::vector<Output> GenerateServer(const std::string& path, Diagnostics& diagnostics) {
  const Folder folder(path, diagnostics);
  std::istringstream secret_rows(folder.Text("secrets.txt"));
  Secrets secrets = Secrets::Read(secret_rows, folder.File("secrets.txt"), diagnostics);
  std::vector<Output> outputs = GenerateSingle("mt", folder.Text("mtproto.tl"),
                                               folder.File("mtproto.tl"), diagnostics, &secrets);
  const LayeredSource source{folder.Text("history.tsv"), folder.Text("surface.txt"),
                             folder.Text("fallbacks.tsv"), path};
  CheckNewestFile(folder, source.history, diagnostics);
  for (Output& output : GenerateLayered("api", source, kApiParts, diagnostics, &secrets)) {
    outputs.push_back(std::move(output));
  }
  if (diagnostics.empty()) secrets.CheckUsed(diagnostics);
  std::istringstream errors(folder.Text("errors.tsv"));
  outputs.push_back(Make("rpc_errors.h", [&](std::ostream& out) {
    EmitErrors(errors, folder.File("errors.tsv"), out, diagnostics);
  }));
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

}  // namespace trunkline::tlc

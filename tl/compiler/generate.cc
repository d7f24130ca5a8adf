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

void EmitLayered(const Model& model, const History& history, std::size_t parts,
                 std::vector<Output>& outputs) {
  const std::string& space = model.space;
  outputs.push_back(Make(space + "_types.h", [&](std::ostream& out) {
    EmitTypes(model, "tl/schema/history.tsv", out);
  }));
  outputs.push_back(
      Make(space + "_names.cc", [&](std::ostream& out) { EmitNames(space, history, out); }));
  outputs.push_back(
      Make(space + "_rewrite.h", [&](std::ostream& out) { EmitRewriteHeader(model, out); }));
  outputs.push_back(
      Make(space + "_rewrite.cc", [&](std::ostream& out) { EmitRewrite(model, out); }));
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
                                   const std::string& file, Diagnostics& diagnostics) {
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
    EmitNames(space, history, out);
  }));
  return outputs;
}

std::vector<Output> GenerateLayered(const std::string& space, const LayeredSource& source,
                                    std::size_t parts, Diagnostics& diagnostics) {
  std::istringstream table(source.history);
  std::istringstream surface(source.surface);
  std::istringstream fallback_table(source.fallbacks);
  const std::string fallback_file = source.folder + "/fallbacks.tsv";
  const History history = ReadHistory(table, source.folder + "/history.tsv", diagnostics);
  const Fallbacks fallbacks = ReadFallbacks(fallback_table, fallback_file, diagnostics);
  const auto definitions =
      source.profile == Profile::kFull
          ? WholeSchema(history)
          : Closure(history, ReadSurface(surface, source.folder + "/surface.txt"), diagnostics);
  std::vector<Output> outputs;
  if (!diagnostics.empty()) return outputs;
  Model model = BuildModel(space, history, definitions);
  ChooseNeutrals(fallbacks, fallback_file, model, diagnostics);
  if (diagnostics.empty()) EmitLayered(model, history, parts, outputs);
  return outputs;
}

std::vector<Output> GenerateAll(const std::string& path, Profile profile,
                                Diagnostics& diagnostics) {
  const Folder folder(path, diagnostics);
  std::vector<Output> outputs =
      GenerateSingle("mt", folder.Text("mtproto.tl"), folder.File("mtproto.tl"), diagnostics);
  const LayeredSource source{folder.Text("history.tsv"), folder.Text("surface.txt"),
                             folder.Text("fallbacks.tsv"), path, profile};
  const std::size_t parts = profile == Profile::kFull ? kFullParts : kServerParts;
  CheckNewestFile(folder, source.history, diagnostics);
  for (Output& output : GenerateLayered("api", source, parts, diagnostics)) {
    outputs.push_back(std::move(output));
  }
  std::istringstream errors(folder.Text("errors.tsv"));
  outputs.push_back(Make("rpc_errors.h", [&](std::ostream& out) {
    EmitErrors(errors, folder.File("errors.tsv"), out, diagnostics);
  }));
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

}  // namespace trunkline::tlc

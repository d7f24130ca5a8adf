#include "tl/compiler/generate.h"

#include <sstream>

#include "tl/compiler/emit.h"
#include "tl/compiler/fallbacks.h"
#include "tl/compiler/files.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/profile.h"

namespace trunkline::tlc {
namespace {

template <class Emit>
Output Make(const std::string& name, Emit emit) {
  std::ostringstream out;
  emit(out);
  return {name, out.str()};
}

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
                                   const std::string& file, Diagnostics& diagnostics,
                                   Secrets* secrets) {
  const History history = HistoryOf(ReadSchema(text, file, diagnostics));
  if (!diagnostics.empty()) return {};
  Model model = BuildModel(space, history, WholeSchema(history));
  ApplyFallbacks({}, model, diagnostics);
  MeasureUnions(model);
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
  const History history = ReadHistory(table, source.folder + "/history.tsv", diagnostics);
  FallbackTable fallbacks =
      ReadFallbackTable(source.fallbacks, source.folder + "/fallbacks.tsv", diagnostics);
  FallbackTable others =
      ReadFallbackTable(source.fallbacks_full, source.folder + "/fallbacks_full.tsv", diagnostics);
  const auto definitions =
      source.profile == Profile::kFull
          ? WholeSchema(history)
          : Closure(history, ReadSurface(surface, source.folder + "/surface.txt"), diagnostics);
  std::vector<Output> outputs;
  if (!diagnostics.empty()) return outputs;
  Model model = BuildModel(space, history, definitions);
  std::erase_if(others.types, [&](const auto& row) { return !model.unions.contains(row.first); });
  fallbacks.types.merge(others.types);
  CheckSpans(model, diagnostics);
  ApplyFallbacks(fallbacks, model, diagnostics);
  MeasureUnions(model);
  if (!diagnostics.empty()) return outputs;
  EmitLayered(model, parts, outputs);
  AddTables(space, history, secrets, outputs, diagnostics);
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

std::vector<Output> GenerateAll(const std::string& path, Profile profile,
                                Diagnostics& diagnostics) {
  const Folder folder(path, diagnostics);
  std::istringstream secret_rows(folder.Text("secrets.txt"));
  Secrets secrets = Secrets::Read(secret_rows, folder.File("secrets.txt"), diagnostics);
  std::vector<Output> outputs = GenerateSingle("mt", folder.Text("mtproto.tl"),
                                               folder.File("mtproto.tl"), diagnostics, &secrets);
  const LayeredSource source{folder.Text("history.tsv"),
                             folder.Text("surface.txt"),
                             folder.Text("fallbacks.tsv"),
                             path,
                             profile,
                             folder.Text("fallbacks_full.tsv")};
  const std::size_t parts = profile == Profile::kFull ? kFullParts : kServerParts;
  CheckNewestFile(folder, source.history, diagnostics);
  Diagnostics layered;  // faults of mtproto.tl must not hide those of the layers
  for (Output& output : GenerateLayered("api", source, parts, layered, &secrets)) {
    outputs.push_back(std::move(output));
  }
  for (const Diagnostic& one : layered.items()) diagnostics.Add(one.position, one.message);
  if (diagnostics.empty()) secrets.CheckUsed(diagnostics);
  std::istringstream errors(folder.Text("errors.tsv"));
  outputs.push_back(Make("rpc_errors.h", [&](std::ostream& out) {
    EmitErrors(errors, folder.File("errors.tsv"), out, diagnostics);
  }));
  if (!diagnostics.empty()) outputs.clear();
  return outputs;
}

}  // namespace trunkline::tlc

#include "tl/compiler/diff.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "tl/compiler/layers.h"
#include "tl/compiler/parser.h"

namespace trunkline::tlc {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int NumberOf(const std::string& digits) {
  int number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 10);
  return error == std::errc() ? number : 0;
}

std::optional<Lines> LayerSide(const std::string& digits, const History& history,
                               std::ostream& err) {
  const int layer = NumberOf(digits);
  if (layer >= history.layer_min && layer <= history.layer_max) return LinesAt(history, layer);
  err << "layer " << digits << " isn't known: " << history.layer_min << " to " << history.layer_max
      << " are\n";
  return std::nullopt;
}

// The surface of a file is what surface.txt leads to by the file's own lines, so that new
// combinators belong to it too.
Lines FileSide(const std::string& file, const std::string& surface_text, Names& surface,
               Diagnostics& diagnostics) {
  const std::string text = ReadFile(file, diagnostics).value_or("");
  std::vector<Combinator> combinators =
      ResolveSchema(ParseSchema(text, file, diagnostics), diagnostics);
  Lines lines = LinesOf(combinators, file);
  History history = HistoryOf(std::move(combinators));
  SortDefinitions(history);
  surface.merge(SurfaceNames(history, surface_text));
  return lines;
}

}  // namespace

int Diff(const DiffRequest& request, std::ostream& out, std::ostream& err) {
  Diagnostics diagnostics;
  const Folder folder(request.folder, diagnostics);
  LayeredSchema schema = ReadLayeredSchema(folder, diagnostics);
  std::vector<Lines> sides;
  for (const std::string& operand : {request.before, request.after}) {
    if (!IsNumber(operand)) {
      sides.push_back(FileSide(operand, schema.surface_text, schema.surface, diagnostics));
    } else if (diagnostics.empty()) {
      auto side = LayerSide(operand, schema.history, err);
      if (!side) return 2;
      sides.push_back(*std::move(side));
    }
  }
  if (!diagnostics.empty()) {
    diagnostics.Print(err);
    return 1;
  }
  std::vector<Change> changes = Compare(sides[0], sides[1], schema.surface);
  if (request.surface_only) std::erase_if(changes, [](const Change& one) { return !one.surface; });
  out << sides[0].title << " -> " << sides[1].title << ": " << CountsOf(changes)
      << (request.surface_only ? " on the server's surface\n" : "; * is the server's surface\n");
  PrintChanges(changes, out);
  return 0;
}

}  // namespace trunkline::tlc

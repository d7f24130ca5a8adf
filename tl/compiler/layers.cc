#include "tl/compiler/layers.h"

#include <algorithm>
#include <sstream>

#include "tl/compiler/profile.h"

namespace trunkline::tlc {
namespace {

const std::string* Find(const Lines& lines, const NameOrder& name) {
  const auto at = lines.texts.find(name);
  return at == lines.texts.end() ? nullptr : &at->second;
}

void PrintKind(const std::vector<Change>& changes, CombinatorKind kind, const std::string& title,
               std::ostream& out) {
  bool first = true;
  for (const Change& change : changes) {
    if (change.kind != kind) continue;
    if (first) out << '\n' << title << '\n';
    first = false;
    const char* const mark = change.surface ? " * " : "   ";
    if (change.before.empty()) {
      out << '+' << mark << change.after << '\n';
    } else if (change.after.empty()) {
      out << '-' << mark << change.before << '\n';
    } else {
      out << '~' << mark << change.name << "\n      - " << change.before << "\n      + "
          << change.after << '\n';
    }
  }
}

}  // namespace

LayeredSchema ReadLayeredSchema(const Folder& folder, Diagnostics& diagnostics) {
  std::istringstream table(folder.Text("history.tsv"));
  LayeredSchema schema;
  schema.surface_text = folder.Text("surface.txt");
  if (!diagnostics.empty()) return schema;
  schema.history = ReadHistory(table, folder.File("history.tsv"), diagnostics);
  std::istringstream surface(schema.surface_text);
  Closure(schema.history, ReadSurface(surface, folder.File("surface.txt")), diagnostics);
  schema.surface = SurfaceNames(schema.history, schema.surface_text);
  return schema;
}

Names SurfaceNames(const History& history, const std::string& surface_text) {
  std::istringstream in(surface_text);
  Diagnostics unknown;
  Names names;
  for (const Definition* definition : Closure(history, ReadSurface(in, ""), unknown)) {
    names.insert(OrderOf(definition->kind, definition->name));
  }
  return names;
}

Lines LinesAt(const History& history, int layer) {
  const int published = PublishedLayer(history, layer);
  Lines lines{"layer " + std::to_string(layer), {}};
  if (published != layer) lines.title += " (no data, as " + std::to_string(published) + ")";
  for (const Definition& definition : history.definitions) {
    const Combinator* const line = LineAt(definition, published);
    if (line != nullptr) lines.texts[OrderOf(definition.kind, definition.name)] = line->line;
  }
  return lines;
}

Lines LinesOf(const std::vector<Combinator>& combinators, const std::string& title) {
  Lines lines{title, {}};
  for (const Combinator& combinator : combinators) {
    if (combinator.built_in) continue;
    lines.texts[OrderOf(combinator.kind, combinator.name)] = combinator.line;
  }
  return lines;
}

std::vector<Change> Compare(const Lines& before, const Lines& after, const Names& surface) {
  Names names;
  for (const auto& [name, text] : before.texts) names.insert(name);
  for (const auto& [name, text] : after.texts) names.insert(name);
  std::vector<Change> changes;
  for (const NameOrder& name : names) {
    const std::string* const old = Find(before, name);
    const std::string* const now = Find(after, name);
    if (old != nullptr && now != nullptr && *old == *now) continue;
    changes.push_back({std::get<CombinatorKind>(name), std::get<2>(name),
                       old == nullptr ? "" : *old, now == nullptr ? "" : *now,
                       surface.contains(name)});
  }
  return changes;
}

std::string CountsOf(const std::vector<Change>& changes) {
  const auto count = [&](bool before, bool after) {
    return std::to_string(std::count_if(changes.begin(), changes.end(), [&](const Change& change) {
      return change.before.empty() != before && change.after.empty() != after;
    }));
  };
  return count(false, true) + " added, " + count(true, false) + " removed, " + count(true, true) +
         " changed";
}

void PrintChanges(const std::vector<Change>& changes, std::ostream& out) {
  PrintKind(changes, CombinatorKind::kConstructor, "constructors", out);
  PrintKind(changes, CombinatorKind::kMethod, "methods", out);
}

std::string LayersOfId(const Definition& definition, std::uint32_t id, const History& history) {
  std::vector<std::pair<int, int>> spans;
  for (const Run& run : definition.runs) {
    if (run.combinator.id != id) continue;
    if (!spans.empty() && PublishedLayer(history, run.first - 1) == spans.back().second) {
      spans.back().second = run.last;
    } else {
      spans.emplace_back(run.first, run.last);
    }
  }
  std::string text;
  for (const auto& [first, last] : spans) {
    text += (text.empty() ? "" : ", ") + std::to_string(first);
    if (first < last) text += "-" + std::to_string(last);
  }
  return text;
}

}  // namespace trunkline::tlc

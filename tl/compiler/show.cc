#include "tl/compiler/show.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>
#include <vector>

#include "tl/compiler/files.h"
#include "tl/compiler/layers.h"

namespace trunkline::tlc {
namespace {

constexpr std::size_t kNameMax = 128;

// How many letters must change, come or go; a change of case costs nothing.
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string Folded(const std::string& name) {
  return std::get<1>(OrderOf(CombinatorKind::kConstructor, name.substr(0, kNameMax)));
}

std::string Nearest(const std::string& wanted, const History& history) {
  std::set<std::string> names;
  for (const Definition& definition : history.definitions) {
    names.insert(definition.name);
    if (definition.kind == CombinatorKind::kConstructor) names.insert(definition.type);
  }
  const std::string folded = Folded(wanted);
  const auto far = [&](const std::string& name) {
    return std::pair(Distance(folded, Folded(name)), Distance(wanted.substr(0, kNameMax), name));
  };
  const auto nearest =
      std::min_element(names.begin(), names.end(),
                       [&](const std::string& a, const std::string& b) { return far(a) < far(b); });
  return nearest == names.end() ? "" : *nearest;
}

// The combinator of the name, or all constructors of the type.
std::vector<const Definition*> Meant(const std::string& name, const History& history) {
  std::vector<const Definition*> meant;
  for (const Definition& definition : history.definitions) {
    const bool of_type = definition.kind == CombinatorKind::kConstructor && definition.type == name;
    if (definition.name == name || of_type) meant.push_back(&definition);
  }
  return meant;
}

std::string EveryLayer(const std::vector<const Definition*>& meant, const History& history) {
  std::set<std::string> layers;
  for (const Definition* definition : meant) {
    for (const Run& run : definition->runs) {
      layers.insert(LayersOfId(*definition, run.combinator.id, history));
    }
  }
  std::string text;
  for (const std::string& some : layers) text += (text.empty() ? "" : ", ") + some;
  return text;
}

int ShowMeant(const std::vector<const Definition*>& meant, int layer, const std::string& name,
              const History& history, std::ostream& out, std::ostream& err) {
  const int published = PublishedLayer(history, layer);
  bool found = false;
  for (const Definition* definition : meant) {
    const Combinator* const line = LineAt(*definition, published);
    if (line == nullptr) continue;
    found = true;
    out << line->line << "  // " << LayersOfId(*definition, line->id, history) << '\n';
  }
  if (found) return 0;
  err << "layer " << layer << " has no " << name << "; it stands in " << EveryLayer(meant, history)
      << '\n';
  return 1;
}

}  // namespace

int Show(const ShowRequest& request, std::ostream& out, std::ostream& err) {
  Diagnostics diagnostics;
  const Folder folder(request.folder, diagnostics);
  std::istringstream table(folder.Text("history.tsv"));
  const History history = ReadHistory(table, folder.File("history.tsv"), diagnostics);
  if (!diagnostics.empty()) {
    diagnostics.Print(err);
    return 1;
  }
  const int layer = request.layer.value_or(history.layer_max);
  if (layer < history.layer_min || layer > history.layer_max) {
    err << "layer " << layer << " isn't known: " << history.layer_min << " to " << history.layer_max
        << " are\n";
    return 2;
  }
  const std::vector<const Definition*> meant = Meant(request.name, history);
  if (!meant.empty()) return ShowMeant(meant, layer, request.name, history, out, err);
  err << "no type, constructor or method is called " << request.name.substr(0, kNameMax)
      << "; the nearest is " << Nearest(request.name, history) << '\n';
  return 1;
}

}  // namespace trunkline::tlc

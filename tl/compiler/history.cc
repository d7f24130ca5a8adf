#include "tl/compiler/history.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace trunkline::tlc {
namespace {

void CheckRuns(const Definition& definition, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < definition.runs.size(); ++i) {
    const Run& run = definition.runs[i];
    if (run.first > run.last) {
      diagnostics.Add(run.combinator.position, definition.name + ": the run ends before it begins");
    }
    if (i > 0 && definition.runs[i - 1].last >= run.first) {
      diagnostics.Add(run.combinator.position, definition.name + ": two runs share a layer");
    }
    if (run.combinator.result_name != definition.type &&
        definition.kind == CombinatorKind::kConstructor) {
      diagnostics.Add(run.combinator.position,
                      definition.name + ": a constructor can't change its type");
    }
  }
}

void CheckIds(const History& history, Diagnostics& diagnostics) {
  std::map<std::uint32_t, const Definition*> owners;
  for (const Definition& definition : history.definitions) {
    for (const Run& run : definition.runs) {
      const auto [owner, fresh] = owners.emplace(run.combinator.id, &definition);
      if (fresh || owner->second == &definition) continue;
      diagnostics.Add(run.combinator.position,
                      definition.name + ": its id belongs to " + owner->second->name);
    }
  }
}

bool Before(const Definition& a, CombinatorKind kind, const std::string& name) {
  return std::pair(a.kind, std::string_view(a.name)) < std::pair(kind, std::string_view(name));
}

}  // namespace

const Definition* History::Find(CombinatorKind kind, const std::string& name) const {
  const auto at = std::lower_bound(
      definitions.begin(), definitions.end(), name,
      [&](const Definition& a, const std::string& wanted) { return Before(a, kind, wanted); });
  return at != definitions.end() && at->kind == kind && at->name == name ? &*at : nullptr;
}

History ReadHistory(std::istream& in, const std::string& file, Diagnostics& diagnostics) {
  std::ostringstream whole;
  whole << in.rdbuf();
  return ResolveHistory(ReadHistoryTable(whole.str(), file, diagnostics), diagnostics);
}

History ResolveHistory(const HistoryTable& table, Diagnostics& diagnostics) {
  History history;
  history.layer_min = table.layer_min;
  history.layer_max = table.layer_max;
  history.layers_without_data = table.layers_without_data;
  Scope scope;
  for (const HistoryRow& row : table.rows) {
    if (!row.expression.built_in) scope.Declare(row.expression);
  }
  std::map<std::pair<CombinatorKind, std::string>, Definition> definitions;
  for (const HistoryRow& row : table.rows) {
    if (row.expression.built_in) continue;
    Definition& definition = definitions[{row.expression.kind, row.expression.name}];
    definition.kind = row.expression.kind;
    definition.name = row.expression.name;
    definition.type = row.expression.result.name;
    definition.runs.push_back({row.first, row.last, Resolve(row.expression, scope, diagnostics)});
  }
  for (auto& [key, definition] : definitions) {
    std::stable_sort(definition.runs.begin(), definition.runs.end(),
                     [](const Run& a, const Run& b) { return a.first < b.first; });
    CheckRuns(definition, diagnostics);
    history.definitions.push_back(std::move(definition));
  }
  CheckIds(history, diagnostics);
  return history;
}

int PublishedLayer(const History& history, int layer) {
  const std::vector<int>& missing = history.layers_without_data;
  while (std::find(missing.begin(), missing.end(), layer) != missing.end()) --layer;
  return layer;
}

const Combinator* LineAt(const Definition& definition, int published_layer) {
  for (const Run& run : definition.runs) {
    if (run.first <= published_layer && published_layer <= run.last) return &run.combinator;
  }
  return nullptr;
}

History HistoryOf(std::vector<Combinator> combinators) {
  History history;
  for (Combinator& combinator : combinators) {
    if (combinator.built_in) continue;
    const std::string type = combinator.result_name;
    const std::string name = combinator.name;
    const CombinatorKind kind = combinator.kind;
    history.definitions.push_back({kind, name, type, {{0, 0, std::move(combinator)}}});
  }
  return history;
}

void SortDefinitions(History& history) {
  std::sort(history.definitions.begin(), history.definitions.end(),
            [](const Definition& a, const Definition& b) { return Before(a, b.kind, b.name); });
}

void CheckNewest(const History& history, const std::vector<Combinator>& newest,
                 Diagnostics& diagnostics) {
  const std::string layer = "layer " + std::to_string(history.layer_max);
  std::set<const Definition*> told;
  for (const Combinator& combinator : newest) {
    if (combinator.built_in) continue;
    const Definition* const definition = history.Find(combinator.kind, combinator.name);
    if (definition != nullptr) {
      told.insert(definition);
      const Combinator* const line = LineAt(*definition, history.layer_max);
      if (line != nullptr && line->id == combinator.id && line->line == combinator.line) continue;
    }
    diagnostics.Add(combinator.position,
                    combinator.name + ": the history tells another line for " + layer);
  }
  for (const Definition& definition : history.definitions) {
    const Combinator* const line = LineAt(definition, history.layer_max);
    if (line == nullptr || told.contains(&definition)) continue;
    diagnostics.Add(line->position,
                    definition.name + ": the schema of " + layer + " has no such line");
  }
}

}  // namespace trunkline::tlc

#include "tl/compiler/history.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "tl/compiler/parser.h"
#include "tl/compiler/tsv.h"

namespace trunkline::tlc {
namespace {

constexpr std::size_t kColumns = 8;
constexpr std::string_view kWithoutData = "# layers without data: ";

template <class Number>
bool ParseCell(const Cell& cell, int base, Number& into, Diagnostics& diagnostics) {
  const char* const end = cell.text.data() + cell.text.size();
  const auto [stop, error] = std::from_chars(cell.text.data(), end, into, base);
  if (error == std::errc() && stop == end && !cell.text.empty()) return true;
  diagnostics.Add(cell.position, "a number is expected, found '" + cell.text + "'");
  return false;
}

struct Row {
  int first = 0;
  int last = 0;
  CombinatorExpression expression;
};

bool ParseRow(const std::vector<Cell>& cells, Row& row, Diagnostics& diagnostics) {
  if (cells.size() != kColumns) {
    diagnostics.Add(cells.front().position,
                    "a row has 8 columns: kind, name, id, first layer, last "
                    "layer, gap, fields, result");
    return false;
  }
  if (cells[0].text != "constructor" && cells[0].text != "method") {
    diagnostics.Add(cells[0].position,
                    "constructor or method is expected, found '" + cells[0].text + "'");
    return false;
  }
  std::uint32_t id = 0;
  if (!ParseCell(cells[2], 16, id, diagnostics) ||
      !ParseCell(cells[3], 10, row.first, diagnostics) ||
      !ParseCell(cells[4], 10, row.last, diagnostics)) {
    return false;
  }
  row.expression =
      ParseColumns(cells[6].text, cells[6].position, cells[7].text, cells[7].position, diagnostics);
  row.expression.kind =
      cells[0].text == "method" ? CombinatorKind::kMethod : CombinatorKind::kConstructor;
  row.expression.name = cells[1].text;
  row.expression.position = cells[2].position;
  row.expression.id = id;
  row.expression.generic = cells[6].text.find("{X:Type}") != std::string::npos;
  return true;
}

std::vector<int> WithoutData(const std::string& text) {
  std::vector<int> layers;
  if (!text.starts_with(kWithoutData)) return layers;
  std::istringstream in(text.substr(kWithoutData.size()));
  for (int layer = 0; in >> layer; in.ignore(1)) {
    layers.push_back(layer);
    if (in.peek() != ',') break;
  }
  return layers;
}

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
  History history;
  std::istringstream lines(whole.str());
  for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
    const std::vector<int> layers = WithoutData(line);
    if (!layers.empty()) history.layers_without_data = layers;
  }
  std::istringstream table(whole.str());
  std::vector<Row> rows;
  Scope scope;
  for (const std::vector<Cell>& cells : ReadTsv(table, file)) {
    Row row;
    if (!ParseRow(cells, row, diagnostics) || row.expression.built_in) continue;
    scope.Declare(row.expression);
    rows.push_back(std::move(row));
  }
  std::map<std::pair<CombinatorKind, std::string>, Definition> definitions;
  for (const Row& row : rows) {
    Definition& definition = definitions[{row.expression.kind, row.expression.name}];
    definition.kind = row.expression.kind;
    definition.name = row.expression.name;
    definition.type = row.expression.result.name;
    definition.runs.push_back({row.first, row.last, Resolve(row.expression, scope, diagnostics)});
    if (history.layer_min == 0 || row.first < history.layer_min) history.layer_min = row.first;
    history.layer_max = std::max(history.layer_max, row.last);
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

void CheckNewest(const History& history, const std::vector<Combinator>& newest,
                 Diagnostics& diagnostics) {
  for (const Combinator& combinator : newest) {
    if (combinator.built_in) continue;
    const Definition* const definition = history.Find(combinator.kind, combinator.name);
    if (definition != nullptr && definition->newest().id == combinator.id &&
        definition->newest().line == combinator.line &&
        definition->runs.back().last == history.layer_max) {
      continue;
    }
    diagnostics.Add(combinator.position, combinator.name +
                                             ": the history tells another line for layer " +
                                             std::to_string(history.layer_max));
  }
}

}  // namespace trunkline::tlc

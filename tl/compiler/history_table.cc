#include "tl/compiler/history_table.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "tl/compiler/parser.h"
#include "tl/compiler/tsv.h"

namespace trunkline::tlc {
namespace {

constexpr std::size_t kColumns = 8;
constexpr std::string_view kKnown = "# known layers: ";
constexpr std::string_view kWithoutData = "# layers without data: ";
constexpr std::string_view kNewestEnd = " = newest known)";

template <class Number>
bool ParseCell(const Cell& cell, int base, Number& into, Diagnostics& diagnostics) {
  const char* const end = cell.text.data() + cell.text.size();
  const auto [stop, error] = std::from_chars(cell.text.data(), end, into, base);
  if (error == std::errc() && stop == end && !cell.text.empty()) return true;
  diagnostics.Add(cell.position, "a number is expected, found '" + cell.text + "'");
  return false;
}

bool ParseLayer(const Cell& cell, int& into, Diagnostics& diagnostics) {
  if (!ParseCell(cell, 10, into, diagnostics)) return false;
  if (into >= 1 && into <= kLayerMax) return true;
  diagnostics.Add(cell.position, "a layer from 1 to " + std::to_string(kLayerMax) +
                                     " is expected, found " + cell.text);
  return false;
}

bool ParseRow(const std::vector<Cell>& cells, HistoryRow& row, Diagnostics& diagnostics) {
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
  if (!IsName(cells[1].text)) {
    diagnostics.Add(cells[1].position, "a name is expected, found '" + cells[1].text + "'");
    return false;
  }
  std::uint32_t id = 0;
  if (!ParseCell(cells[2], 16, id, diagnostics) || !ParseLayer(cells[3], row.first, diagnostics) ||
      !ParseLayer(cells[4], row.last, diagnostics)) {
    return false;
  }
  row.gap = cells[5].text;
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

std::vector<int> ParseLayers(const std::string& list) {
  std::vector<int> layers;
  std::istringstream in(list);
  for (int layer = 0; in >> layer; in.ignore(1)) {
    layers.push_back(layer);
    if (in.peek() != ',') break;
  }
  return layers;
}

// 133-140,142-152 and so on: all layers but those without data.
std::string KnownLayers(const HistoryTable& table) {
  std::string text;
  int first = table.layer_min;
  const auto put = [&](int last) {
    if (first <= last) {
      text += (text.empty() ? "" : ",") + std::to_string(first);
      if (first < last) text += "-" + std::to_string(last);
    }
    first = last + 2;
  };
  for (const int missing : table.layers_without_data) put(missing - 1);
  put(table.layer_max);
  return text;
}

std::string LayersWithoutData(const HistoryTable& table) {
  std::string text;
  for (const int layer : table.layers_without_data) {
    text += (text.empty() ? "" : ",") + std::to_string(layer);
  }
  return text.empty() ? "none" : text;
}

std::string HeaderLine(const std::string& line, const HistoryTable& table) {
  if (line.starts_with(kKnown)) return std::string(kKnown) + KnownLayers(table);
  if (line.starts_with(kWithoutData)) {
    const std::size_t words = std::min(line.find(' ', kWithoutData.size()), line.size());
    return std::string(kWithoutData) + LayersWithoutData(table) + line.substr(words);
  }
  const std::size_t end = line.find(kNewestEnd);
  if (end == std::string::npos) return line;
  std::size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  return line.substr(0, begin) + std::to_string(table.layer_max) + line.substr(end);
}

std::string RowLine(const HistoryRow& row) {
  const CombinatorExpression& expression = row.expression;
  char id[9];
  std::snprintf(id, sizeof(id), "%08x", expression.id.value_or(0));
  return std::string(expression.kind == CombinatorKind::kMethod ? "method" : "constructor") + '\t' +
         expression.name + '\t' + id + '\t' + std::to_string(row.first) + '\t' +
         std::to_string(row.last) + '\t' + row.gap + '\t' + expression.arguments_text + '\t' +
         expression.result_text;
}

}  // namespace

HistoryTable ReadHistoryTable(std::string_view text, const std::string& file,
                              Diagnostics& diagnostics) {
  HistoryTable table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
    if (line.starts_with(kWithoutData)) {
      table.layers_without_data = ParseLayers(line.substr(kWithoutData.size()));
    }
    table.header.push_back(line);
  }
  std::istringstream rows{std::string(text)};
  for (const std::vector<Cell>& cells : ReadTsv(rows, file)) {
    HistoryRow row;
    if (!ParseRow(cells, row, diagnostics)) continue;
    if (table.layer_min == 0 || row.first < table.layer_min) table.layer_min = row.first;
    table.layer_max = std::max(table.layer_max, row.last);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string WriteHistoryTable(const HistoryTable& table) {
  std::string text;
  bool told = table.layers_without_data.empty();
  for (const std::string& line : table.header) {
    told = told || line.starts_with(kWithoutData);
    text += HeaderLine(line, table) + '\n';
  }
  if (!told) text += std::string(kWithoutData) + LayersWithoutData(table) + '\n';
  for (const HistoryRow& row : table.rows) text += RowLine(row) + '\n';
  return text;
}

NameOrder OrderOf(CombinatorKind kind, const std::string& name) {
  std::string folded = name;
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return {kind, folded, name};
}

}  // namespace trunkline::tlc

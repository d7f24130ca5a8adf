#pragma once
// history.tsv as rows: kind, name, id, first layer, last layer, gap, fields, result. A row is a run
// of layers in which a combinator has the same id and the same text. What is read and written again
// is the same file byte for byte.
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tl/compiler/ast.h"
#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

inline constexpr int kLayerMax = 999;

struct HistoryRow {
  CombinatorExpression expression;
  int first = 0;  // layers, both ends included
  int last = 0;
  std::string gap = "-";  // layers without data beside either end
};

struct HistoryTable {
  std::vector<std::string> header;  // the comment lines above the rows
  // Layers nobody published. A run that ends in front of one is taken to hold in it.
  std::vector<int> layers_without_data;
  std::vector<HistoryRow> rows;
  int layer_min = 0;
  int layer_max = 0;
};

HistoryTable ReadHistoryTable(std::string_view text, const std::string& file,
                              Diagnostics& diagnostics);

// Brings the header's lists of layers up to date.
std::string WriteHistoryTable(const HistoryTable& table);

// Rows stand in this order, then by their first layer: case doesn't matter unless all else is
// equal.
using NameOrder = std::tuple<CombinatorKind, std::string, std::string>;
NameOrder OrderOf(CombinatorKind kind, const std::string& name);

}  // namespace trunkline::tlc

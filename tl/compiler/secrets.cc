#include "tl/compiler/secrets.h"

#include <algorithm>

#include "tl/compiler/tsv.h"

namespace trunkline::tlc {

Secrets Secrets::Read(std::istream& in, const std::string& file, Diagnostics& diagnostics) {
  Secrets secrets;
  for (const std::vector<Cell>& cells : ReadTsv(in, file)) {
    const Cell& cell = cells.front();
    const std::size_t dot = cell.text.rfind('.');
    if (cells.size() != 1 || dot == std::string::npos || dot == 0 || dot + 1 == cell.text.size()) {
      diagnostics.Add(cell.position, "constructor.field or *.field is expected");
      continue;
    }
    secrets.rows_.push_back(
        {cell.position, cell.text.substr(0, dot), cell.text.substr(dot + 1), false});
  }
  std::stable_sort(secrets.rows_.begin(), secrets.rows_.end(),
                   [](const Row& a, const Row& b) { return a.field < b.field; });
  return secrets;
}

bool Secrets::Covers(std::string_view combinator, std::string_view field) {
  bool covers = false;
  auto row =
      std::lower_bound(rows_.begin(), rows_.end(), field,
                       [](const Row& a, std::string_view wanted) { return a.field < wanted; });
  for (; row != rows_.end() && row->field == field; ++row) {
    if (row->combinator != "*" && row->combinator != combinator) continue;
    row->used = true;
    covers = true;
  }
  return covers;
}

void Secrets::CheckUsed(Diagnostics& diagnostics) const {
  std::vector<const Row*> idle;
  for (const Row& row : rows_) {
    if (!row.used) idle.push_back(&row);
  }
  std::sort(idle.begin(), idle.end(),
            [](const Row* a, const Row* b) { return a->position.line < b->position.line; });
  for (const Row* row : idle) {
    diagnostics.Add(row->position, row->combinator + "." + row->field + " is no field");
  }
}

}  // namespace trunkline::tlc

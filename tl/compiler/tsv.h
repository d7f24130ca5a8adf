#pragma once
// Rows of a tab separated file with the position of each cell. Empty lines and lines that begin
// with `#` are left out.
#include <istream>
#include <string>
#include <vector>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

struct Cell {
  Position position;
  std::string text;
};

inline std::vector<std::vector<Cell>> ReadTsv(std::istream& in, const std::string& file) {
  std::vector<std::vector<Cell>> rows;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<Cell> row;
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t end = std::min(line.find('\t', at), line.size());
      row.push_back({{file, number, at + 1}, line.substr(at, end - at)});
      at = end + 1;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace trunkline::tlc

#include "tl/compiler/fallbacks.h"

#include <algorithm>
#include <sstream>

namespace trunkline::tlc {

FallbackTable ReadFallbackTable(std::string_view text, const std::string& file,
                                Diagnostics& diagnostics) {
  FallbackTable table{file, {}};
  std::istringstream in{std::string(text)};
  for (const std::vector<Cell>& row : ReadTsv(in, file)) {
    if (row.size() < 2) {
      diagnostics.Add(row.front().position, "a type and a constructor are expected");
      continue;
    }
    const auto [known, fresh] = table.types.try_emplace(
        row[0].text, Fallback{row[0].position, {row.begin() + 1, row.end()}});
    if (!fresh) {
      diagnostics.Add(row[0].position, row[0].text + " has a fallback on line " +
                                           std::to_string(known->second.position.line) +
                                           " already");
    }
  }
  return table;
}

}  // namespace trunkline::tlc

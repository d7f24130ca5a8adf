#include <algorithm>
#include <charconv>
#include <map>

#include "tl/compiler/emit.h"
#include "tl/compiler/names.h"
#include "tl/compiler/tsv.h"

namespace trunkline::tlc {
namespace {

struct ErrorRow {
  int code = 0;
  std::string type;
  std::string when;
};

std::vector<ErrorRow> ReadErrors(std::istream& table, const std::string& file,
                                 Diagnostics& diagnostics) {
  std::vector<ErrorRow> rows;
  std::map<std::string, std::size_t> lines;
  for (const std::vector<Cell>& cells : ReadTsv(table, file)) {
    if (cells.size() != 3) {
      diagnostics.Add(cells.front().position, "a row has 3 columns: code, TYPE, when");
      continue;
    }
    ErrorRow row{0, cells[1].text, cells[2].text};
    const std::string& code = cells[0].text;
    if (std::from_chars(code.data(), code.data() + code.size(), row.code).ec != std::errc()) {
      diagnostics.Add(cells[0].position, "a number is expected, found '" + code + "'");
    }
    const auto [known, fresh] = lines.emplace(ErrorName(row.type), cells[1].position.line);
    if (!fresh) {
      diagnostics.Add(cells[1].position,
                      row.type + " stands on line " + std::to_string(known->second) + " already");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

void EmitErrors(std::istream& table, const std::string& file, std::ostream& out,
                Diagnostics& diagnostics) {
  const std::vector<ErrorRow> rows = ReadErrors(table, file, diagnostics);
  EmitBanner(out, "errors.tsv");
  out << "#pragma once\n#include <cstddef>\n#include <cstdint>\n#include <string_view>\n\n"
         "namespace trunkline::rpc {\n\nenum class ErrorType : std::uint16_t {\n";
  for (const ErrorRow& row : rows) {
    out << "  k" << ErrorName(row.type) << ",  // " << row.code << ": " << row.when << "\n";
  }
  out << "};\n\n// `type` is the text a client sees; where it has %d, a number goes in its place.\n"
         "struct ErrorInfo {\n  std::int32_t code;\n  std::string_view type;\n};\n\n"
         "inline constexpr ErrorInfo kErrors[] = {\n";
  for (const ErrorRow& row : rows) out << "    {" << row.code << ", \"" << row.type << "\"},\n";
  out << "};\n\nconstexpr const ErrorInfo& Info(ErrorType type) {\n"
         "  return kErrors[static_cast<std::size_t>(type)];\n}\n\n}  // namespace trunkline::rpc\n";
}

}  // namespace trunkline::tlc

#pragma once
// Which fields a text of a value must not show: lines `constructor.field`, or `*.field` for every
// constructor and method that has it; `#` begins a comment.
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "tl/compiler/diagnostics.h"

namespace trunkline::tlc {

class Secrets {
 public:
  static Secrets Read(std::istream& in, const std::string& file, Diagnostics& diagnostics);

  // Whether the field is one; remembers which rows were of use.
  bool Covers(std::string_view combinator, std::string_view field);

  // A row that covered nothing names what no schema has.
  void CheckUsed(Diagnostics& diagnostics) const;

 private:
  struct Row {
    Position position;
    std::string combinator;  // or *
    std::string field;
    bool used = false;
  };

  std::vector<Row> rows_;  // by field
};

}  // namespace trunkline::tlc

#pragma once
// Where a schema is wrong and why. All passes add to one list, so one run tells everything.
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace trunkline::tlc {

// Lines and columns start at 1.
struct Position {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Diagnostic {
  Position position;
  std::string message;
};

class Diagnostics {
 public:
  void Add(Position position, std::string message) {
    items_.push_back({std::move(position), std::move(message)});
  }
  bool empty() const { return items_.empty(); }
  const std::vector<Diagnostic>& items() const { return items_; }

  // One `file:line:column: message` a line.
  void Print(std::ostream& out) const {
    for (const Diagnostic& item : items_) {
      out << item.position.file << ':' << item.position.line << ':' << item.position.column << ": "
          << item.message << '\n';
    }
  }

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace trunkline::tlc

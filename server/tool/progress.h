// How far a purge is, as one line of a terminal that is drawn over and over.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace trunkline::tool {

// At most `columns` - 1 characters wide, so that no terminal wraps it. `done` may go beyond
// `total`.
std::string ProgressText(std::int64_t done, std::int64_t total, int columns);

// Draws on a terminal of so many columns; 0: there is none, and nothing is drawn.
class ProgressLine {
 public:
  ProgressLine(std::ostream& terminal, int columns) : terminal_(terminal), columns_(columns) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(std::int64_t done, std::int64_t total);
  void Clear();

 private:
  std::ostream& terminal_;
  const int columns_;
  std::string shown_;
};

// Columns of the terminal that `descriptor` is; 0: it isn't one. 80 when it won't say.
int TerminalColumns(int descriptor);

}  // namespace trunkline::tool

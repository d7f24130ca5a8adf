// The history as it was at an older layer, and that layer's schema, both made from the table's text
// alone: cells of a tab separated file, with nothing of the code that adds layers.
#pragma once
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace trunkline::tlc {

inline std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

inline std::string Join(const std::vector<std::string>& parts, char with) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : std::string(1, with)) + parts[i];
  return text;
}

// `133-140,142` up to `newest`; "none" when nothing is left.
inline std::string CutRanges(const std::string& ranges, int newest) {
  std::vector<std::string> kept;
  for (const std::string& range : Split(ranges, ',')) {
    const std::vector<std::string> ends = Split(range, '-');
    const int first = std::stoi(ends.front());
    const int last = std::min(std::stoi(ends.back()), newest);
    if (first > last) continue;
    kept.push_back(std::to_string(first) + (first == last ? "" : "-" + std::to_string(last)));
  }
  return kept.empty() ? "none" : Join(kept, ',');
}

inline std::string CutComment(const std::string& line, int newest) {
  std::vector<std::string> words = Split(line, ' ');
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "layers:" || words[i] == "data:")
      words[i + 1] = CutRanges(words[i + 1], newest);
    if (words[i] == "(229" && words[i + 1] == "=") words[i] = "(" + std::to_string(newest);
  }
  return Join(words, ' ');
}

// Rows of later layers are dropped, runs that go on end at `newest`, and nobody knows yet that a
// layer behind it has no data.
inline std::string CutHistory(const std::string& history, int newest) {
  std::string text;
  std::istringstream in(history);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) {
      text += CutComment(line, newest) + '\n';
      continue;
    }
    std::vector<std::string> cells = Split(line, '\t');
    if (std::stoi(cells[3]) > newest) continue;
    cells[4] = std::to_string(std::min(std::stoi(cells[4]), newest));
    if (cells[5] != "-") {
      const std::string gap = CutRanges(cells[5], newest);
      cells[5] = gap == "none" ? "-" : gap;
    }
    text += Join(cells, '\t') + '\n';
  }
  return text;
}

// The lines that hold at a layer, as a schema file.
inline std::string SchemaOf(const std::string& history, int layer) {
  std::string constructors;
  std::string methods;
  std::istringstream in(history);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> cells = Split(line, '\t');
    if (cells.size() != 8 || std::stoi(cells[3]) > layer || std::stoi(cells[4]) < layer) continue;
    (cells[0] == "method" ? methods : constructors) += cells[1] + "#" + cells[2] + " " + cells[6] +
                                                       (cells[6].empty() ? "= " : " = ") +
                                                       cells[7] + ";\n";
  }
  return "// LAYER " + std::to_string(layer) + "\n" + constructors + "\n---functions---\n\n" +
         methods;
}

}  // namespace trunkline::tlc

#include "bench/load/ladder.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace trunkline::load {
namespace {

constexpr std::size_t kTextMax = 56;  // longer texts end in dots
constexpr std::size_t kSpanMin = 40;

std::string Shortened(const std::string& text) {
  return text.size() <= kTextMax ? text : text.substr(0, kTextMax - 2) + "..";
}

// `width` columns between two posts with an arrow through them that carries the text.
std::string Arrow(const std::string& text, std::size_t width, bool rightwards) {
  std::string line = rightwards ? "-- " : "<- ";
  line += text + ' ';
  line.append(width - line.size() - 1, '-');
  line += rightwards ? '>' : '-';
  return line;
}

std::string Centred(std::string_view text, std::size_t width) {
  const std::size_t left = text.size() >= width ? 0 : (width - text.size()) / 2;
  std::string line = std::string(left, ' ') + std::string(text);
  line.resize(std::max(line.size(), width), ' ');
  return line;
}

std::string Milliseconds(std::chrono::nanoseconds since) {
  char text[32];
  std::snprintf(text, sizeof text, "%8.1f ", static_cast<double>(since.count()) / 1e6);
  return text;
}

}  // namespace

void Ladder::Append(WallTime at, Side side, Form form, std::string text) {
  rungs_.push_back({at, side, form, std::move(text)});
}

void Ladder::Add(WallTime at, Side side, Towards towards, std::string text) {
  Append(at, side, towards == Towards::kServer ? Form::kToServer : Form::kToClient,
         std::move(text));
}

void Ladder::Note(WallTime at, Side side, std::string text) {
  Append(at, side, Form::kNote, std::move(text));
}

std::string Ladder::Draw(std::string_view caller_heading, std::string_view callee_heading) const {
  std::size_t span = std::max({kSpanMin, caller_heading.size() + 4, callee_heading.size() + 4});
  for (const Rung& rung : rungs_) span = std::max(span, Shortened(rung.text).size() + 8);
  const std::string empty(span, ' ');

  std::string out = "      ms " + std::string(caller_heading);
  out.resize(10 + span - 2, ' ');
  out +=
      "server" + std::string(span - 2 - callee_heading.size(), ' ') + std::string(callee_heading);
  out += '\n';
  for (const Rung& rung : rungs_) {
    const bool left = rung.side == Side::kCaller;
    const std::string text = Shortened(rung.text);
    const std::string middle = rung.form == Form::kNote
                                   ? Centred(text, span)
                                   : Arrow(text, span, left == (rung.form == Form::kToServer));
    out += Milliseconds(rung.at - start_) + '|' + (left ? middle : empty) + '|' +
           (left ? empty : middle) + "|\n";
  }
  return out;
}

}  // namespace trunkline::load

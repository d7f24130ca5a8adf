#include "server/tool/trace_text.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace trunkline::tool {
namespace {

using book::TraceLine;

constexpr std::size_t kTextMax = 72;  // fields beyond it are cut; names and reasons never are
constexpr std::size_t kSpanMin = 40;

std::string Printable(std::string_view text) {
  std::string printable(text);
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return printable;
}

std::string Padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// `format` is strftime's; milliseconds follow.
std::string UtcText(std::int64_t at_ms, const char* format) {
  const time_t seconds = static_cast<time_t>(at_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::string utc(text, strftime(text, sizeof text, format, &parts));
  std::snprintf(text, sizeof text, ".%03d", static_cast<int>(at_ms % 1000));
  return utc + text;
}

bool IsFromClient(const TraceLine& line) {
  return line.kind == "request";
}

std::string LineText(const TraceLine& line) {
  std::string text;
  if (line.kind == "result") text = "= ";
  if (line.kind == "error") text = "! ";
  if (line.kind == "update") text = "update ";
  if (line.kind == "event") text = "* ";
  text += Printable(line.name);
  if (line.count != 1) text += " x" + std::to_string(line.count);
  if (!line.reason.empty()) text += ": " + Printable(line.reason);
  const std::size_t head = text.size();
  for (const auto& [name, value] : line.fields) {
    text += ' ' + Printable(name) + (value.empty() ? "" : ":") + Printable(value);
  }
  if (text.size() <= std::max(head, kTextMax)) return text;
  return text.substr(0, std::max(head, kTextMax - 2)) + "..";
}

// `width` columns between two posts with an arrow through them that carries the text.
std::string Arrow(const std::string& text, std::size_t width, bool rightwards) {
  std::string line = (rightwards ? "-- " : "<- ") + text + ' ';
  line.resize(width - 1, '-');
  return line + (rightwards ? '>' : '-');
}

class Ladder {
 public:
  explicit Ladder(const book::Trace& trace) : trace_(trace) {
    for (const TraceLine& line : trace.lines) {
      span_ = std::max(span_, LineText(line).size() + 8);
      if (IsLeft(line)) left_ = std::max(left_, Who(line).size());
    }
  }

  std::string Draw() const {
    std::string text = Title() + Heading();
    if (trace_.cut) text += Across("earlier events are gone", Padded("", 9));
    for (const TraceLine& line : trace_.lines) text += Rung(line);
    return text;
  }

 private:
  // Somebody who isn't of the call stands beside its caller.
  static bool IsLeft(const TraceLine& line) { return line.party != "callee"; }
  static std::string Who(const TraceLine& line) {
    return Printable(line.device.empty() ? line.party : line.device);
  }

  std::string Title() const {
    std::string text = "call " + std::to_string(trace_.call.value()) + ", " +
                       Printable(trace_.state.empty() ? "state unknown" : trace_.state);
    if (!trace_.lines.empty()) {
      text += ", from " + UtcText(trace_.lines.front().at_ms, "%Y-%m-%d %H:%M:%S") + " UTC";
    }
    return text + '\n';
  }

  std::string Heading() const {
    const std::string callee = "callee " + std::to_string(trace_.callee.value());
    std::string text = Padded("      ms ", 9 + left_ + 1);
    text += "caller " + std::to_string(trace_.caller.value());
    text = Padded(std::move(text), 9 + left_ + 1 + span_ - 2) + "server";
    const std::size_t end = 9 + left_ + 1 + 2 * span_ + 2;
    text = Padded(std::move(text), end - std::min(end, callee.size())) + callee;
    return text + '\n';
  }

  std::string Rung(const TraceLine& line) const {
    char since[32];
    std::snprintf(since, sizeof since, "%8lld ",
                  static_cast<long long>(line.at_ms - trace_.lines.front().at_ms));
    const std::string text = LineText(line);
    if (line.party.empty()) return Across(text, since);
    const bool left = IsLeft(line);
    const std::string arrow = Arrow(text, span_, left == IsFromClient(line));
    const std::string empty(span_, ' ');
    std::string rung = since + Padded(left ? Who(line) : "", left_) + " |";
    rung += left ? arrow + '|' + empty + '|' : empty + '|' + arrow + "| " + Who(line);
    return rung + '\n';
  }

  std::string Across(const std::string& text, const std::string& since) const {
    const std::size_t width = 2 * span_ + 1;
    const std::size_t before = text.size() >= width ? 0 : (width - text.size()) / 2;
    return since + std::string(left_, ' ') + " |" + Padded(std::string(before, ' ') + text, width) +
           "|\n";
  }

  const book::Trace& trace_;
  std::size_t span_ = kSpanMin;
  std::size_t left_ = 0;  // columns of the names left of the posts
};

}  // namespace

std::string LadderOf(const book::Trace& trace) {
  return Ladder(trace).Draw();
}

std::string LineOf(const FollowLine& follow) {
  if (follow.lost > 0) return "... " + std::to_string(follow.lost) + " events lost\n";
  const TraceLine& line = follow.line;
  std::string text = UtcText(line.at_ms, "%H:%M:%S") + ' ' + std::to_string(follow.call.value());
  if (!line.party.empty()) {
    text += ' ' + Printable(line.party) + ' ' + Printable(line.device) +
            (IsFromClient(line) ? " ->" : " <-");
  }
  return text + ' ' + LineText(line) + '\n';
}

}  // namespace trunkline::tool

#include "server/tool/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace trunkline::tool {
namespace {

constexpr int kUsualColumns = 80, kBarMax = 40, kBarMin = 5;
constexpr std::size_t kPercentWidth = 6;  // of " 100% "

}  // namespace

std::string ProgressText(std::int64_t done, std::int64_t total, int columns) {
  done = std::clamp<std::int64_t>(done, 0, std::max<std::int64_t>(total, 0));
  const std::int64_t percent = total <= 0 ? 0 : done * 100 / total;
  const std::string counts =
      std::to_string(done) + " of " + std::to_string(total) + " calls erased";
  const std::size_t room = static_cast<std::size_t>(std::max(columns - 1, 0));
  const std::int64_t beside = static_cast<std::int64_t>(counts.size() + kPercentWidth) + 2;
  const std::int64_t bar =
      std::min<std::int64_t>(kBarMax, static_cast<std::int64_t>(room) - beside);
  if (bar < kBarMin) return counts.substr(0, room);
  const auto full = static_cast<std::size_t>(bar * percent / 100);
  std::string text = std::to_string(percent) + "% ";
  text.insert(0, kPercentWidth - text.size(), ' ');
  return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(bar) - full, '.') +
         "]" + text + counts;
}

void ProgressLine::Show(std::int64_t done, std::int64_t total) {
  if (columns_ == 0) return;
  std::string text = ProgressText(done, total, columns_);
  if (text == shown_) return;
  terminal_ << '\r' << text << "\x1b[K" << std::flush;
  shown_ = std::move(text);
}

void ProgressLine::Clear() {
  if (shown_.empty()) return;
  terminal_ << "\r\x1b[K" << std::flush;
  shown_.clear();
}

int TerminalColumns(int descriptor) {
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  const bool told = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return told ? size.ws_col : kUsualColumns;
}

}  // namespace trunkline::tool

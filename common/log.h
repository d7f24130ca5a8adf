// The process's log: one line per record on stderr. Never given keys, nonces, message bodies, login
// codes, full phone numbers or addresses of users. Shells only; cores return named reasons instead.
// Any thread.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace trunkline::log {

// level: trace, debug, info, warn, error, off. False when the name is none of these.
bool Start(std::string_view level);
// Returns when what was logged has left the process.
void Flush();

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };
bool Logs(Level level);
// The logger's own header takes seconds to compile, so that no caller includes it.
void Write(Level level, fmt::string_view text, fmt::format_args args);

template <class... Args>
void Debug(fmt::format_string<Args...> text, Args&&... args) {
  if (Logs(Level::kDebug)) Write(Level::kDebug, text, fmt::make_format_args(args...));
}
template <class... Args>
void Info(fmt::format_string<Args...> text, Args&&... args) {
  if (Logs(Level::kInfo)) Write(Level::kInfo, text, fmt::make_format_args(args...));
}
template <class... Args>
void Warn(fmt::format_string<Args...> text, Args&&... args) {
  if (Logs(Level::kWarn)) Write(Level::kWarn, text, fmt::make_format_args(args...));
}
template <class... Args>
void Error(fmt::format_string<Args...> text, Args&&... args) {
  if (Logs(Level::kError)) Write(Level::kError, text, fmt::make_format_args(args...));
}

}  // namespace trunkline::log

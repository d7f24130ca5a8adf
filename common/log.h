// The process's log: one line per record on stderr. Never given keys, nonces, message bodies, login
// codes, full phone numbers or addresses of users. Shells only; cores return named reasons instead.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace trunkline::log {

// level: trace, debug, info, warn, error, off. False when the name is none of these.
bool Start(std::string_view level);

template <class... Args>
void Info(spdlog::format_string_t<Args...> text, Args&&... args) {
  spdlog::info(text, std::forward<Args>(args)...);
}
template <class... Args>
void Warn(spdlog::format_string_t<Args...> text, Args&&... args) {
  spdlog::warn(text, std::forward<Args>(args)...);
}
template <class... Args>
void Error(spdlog::format_string_t<Args...> text, Args&&... args) {
  spdlog::error(text, std::forward<Args>(args)...);
}

}  // namespace trunkline::log

// Two clocks as two types. Cores never read either: both come in as arguments.
#pragma once

#include <chrono>
#include <cstdint>

namespace trunkline {

using Duration = std::chrono::milliseconds;

// Wall clock since the Unix epoch. What the protocol and the journal carry.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

inline constexpr std::int64_t UnixSeconds(WallTime t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}
// TL dates are 32-bit; the protocol itself ends in 2038.
inline constexpr std::int32_t UnixDate(WallTime t) {
  return static_cast<std::int32_t>(UnixSeconds(t));
}
inline constexpr WallTime FromUnixSeconds(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}
inline constexpr std::int64_t UnixMillis(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
inline constexpr WallTime FromUnixMillis(std::int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

}  // namespace trunkline

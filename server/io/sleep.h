// How long a loop sleeps when nobody writes to it.
#pragma once

#include <chrono>

namespace trunkline::io {

// At most, so that sweeps of silent links run and a change of the wall clock shows soon.
inline constexpr std::chrono::nanoseconds kSleepMax = std::chrono::seconds(1);
// A deadline that is due is looked at again no sooner than this.
inline constexpr std::chrono::nanoseconds kSleepMin = std::chrono::milliseconds(1);

}  // namespace trunkline::io

// The system's wall clock, for shells: cores are told the time.
#pragma once

#include <chrono>

#include "common/time.h"

namespace trunkline {

inline WallTime WallNow() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

}  // namespace trunkline

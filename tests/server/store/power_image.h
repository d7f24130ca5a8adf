// A disk with a store that has just been made, for tests that begin after its migrations.
#pragma once

#include "tests/server/store/power_disk.h"

namespace trunkline::store {

// Where such a store is.
inline constexpr const char* kPowerDir = "/power";

// Made once: most of what a life's start takes is migrations.
const PowerDisk::Image& JustMade();

}  // namespace trunkline::store

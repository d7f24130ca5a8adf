// CPU time of this process and of others on the same machine.
#pragma once

#include <optional>

namespace trunkline::load {

// Seconds of CPU, user and system, of all threads. /proc counts in ticks of 10 ms.
std::optional<double> CpuSecondsOf(int pid);
double OwnCpuSeconds();

}  // namespace trunkline::load

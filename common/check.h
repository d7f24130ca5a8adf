// CHECK stops the process when our own code is wrong; it stays on in release builds. Never used on
// anything that a peer, a file or an operator can cause.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace trunkline {

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace trunkline

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::trunkline::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

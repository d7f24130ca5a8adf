// What a relay tells of its load: rates of the last second, from the daemon's totals, and what it
// has dropped since its start.
#pragma once

#include <cstdint>

#include "relay/control/messages.h"
#include "relay/io/worker.h"

namespace trunkline::relay {

class LoadMeter {
 public:
  explicit LoadMeter(std::uint32_t threads) : threads_(threads) {}
  // Since the last call; the first one tells no rates. Called again within a quarter of a second it
  // says the same.
  control::Load Measure(const WorkerFigures& figures, std::uint64_t now_us);

 private:
  const std::uint32_t threads_;
  std::uint64_t at_us_ = 0, cpu_us_ = 0, packets_ = 0, bytes_ = 0;
  control::Load load_;
};

}  // namespace trunkline::relay

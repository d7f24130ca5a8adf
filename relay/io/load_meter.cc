#include "relay/io/load_meter.h"

#include <time.h>

#include <algorithm>

#include "relay/io/drops.h"

namespace trunkline::relay {
namespace {

constexpr std::uint64_t kTooSoonMicros = 250'000;

std::uint64_t ProcessCpuMicros() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(used.tv_nsec) / 1000;
}

// What an operator should hear of: keep-alives aren't, and nothing is no reason.
control::DropCounts FaultsOf(const WorkerFigures& figures) {
  control::DropCounts faults;
  for (const auto& [reason, packets] : DropsOf(figures)) {
    if (packets != 0 && reason != DropName(Drop::kKeepAlive)) faults.emplace_back(reason, packets);
  }
  return faults;
}

}  // namespace

control::Load LoadMeter::Measure(const WorkerFigures& figures, std::uint64_t now_us) {
  load_.calls = static_cast<std::uint32_t>(figures.sessions);
  load_.drops = FaultsOf(figures);
  const std::uint64_t period = now_us - at_us_;
  if (at_us_ != 0 && period < kTooSoonMicros) return load_;
  const std::uint64_t cpu_us = ProcessCpuMicros();
  if (at_us_ != 0) {
    const auto seconds = static_cast<double>(period) / 1e6;
    const auto rate = [seconds](std::uint64_t more) {
      return static_cast<float>(static_cast<double>(more) / seconds);
    };
    load_.packets_per_second = rate(figures.counters.packets_in - packets_);
    load_.bits_per_second = rate((figures.counters.bytes_in - bytes_) * 8);
    load_.cpu = std::min(1.0F, rate(cpu_us - cpu_us_) / 1e6F / static_cast<float>(threads_));
  }
  at_us_ = now_us;
  cpu_us_ = cpu_us;
  packets_ = figures.counters.packets_in;
  bytes_ = figures.counters.bytes_in;
  return load_;
}

}  // namespace trunkline::relay

// Metrics in the text format that Prometheus reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace trunkline::http {

struct Metric {
  enum class Kind { kCounter, kGauge };
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<Sample> samples;
};

std::string MetricsText(std::span<const Metric> metrics);

// process_*: CPU time, memory, descriptors, start time; read from /proc.
std::vector<Metric> ProcessMetrics();

}  // namespace trunkline::http

#include "relay/io/drops.h"

namespace trunkline::relay {

std::vector<std::pair<std::string_view, std::uint64_t>> DropsOf(const WorkerFigures& figures) {
  std::vector<std::pair<std::string_view, std::uint64_t>> drops;
  for (std::size_t i = 1; i < kDropCount; ++i) {
    drops.emplace_back(kDropNames[i], figures.counters.dropped[i]);
  }
  drops.emplace_back("own_address", figures.own_address);
  drops.emplace_back("hop_full", figures.hops_dropped);
  drops.emplace_back("slow_tcp_client", figures.tcp.dropped);
  drops.emplace_back("send_failed", figures.send_failures);
  drops.emplace_back("receive_buffer", figures.overruns);
  return drops;
}

}  // namespace trunkline::relay

#include "relay/io/pages.h"

#include <string>
#include <utility>
#include <vector>

#include "relay/io/daemon.h"
#include "relay/io/drops.h"
#include "server/http/router.h"

namespace trunkline::relay {
namespace {

using http::Metric;
using Kind = Metric::Kind;
using Labels = std::vector<std::pair<std::string, std::string>>;

template <class T>
Metric One(std::string name, std::string help, Kind kind, T value) {
  return {std::move(name), std::move(help), kind, {{{}, static_cast<double>(value)}}};
}

Metric Drops(const WorkerFigures& figures) {
  Metric metric{"trunkline_relay_packets_dropped_total",
                "Packets that went nowhere, by reason",
                Kind::kCounter,
                {}};
  for (const auto& [reason, count] : DropsOf(figures)) {
    metric.samples.push_back({Labels{{"reason", std::string(reason)}}, static_cast<double>(count)});
  }
  return metric;
}

Metric Directions(std::string name, std::string help, std::uint64_t in, std::uint64_t out) {
  return {std::move(name),
          std::move(help),
          Kind::kCounter,
          {{{{"direction", "in"}}, static_cast<double>(in)},
           {{{"direction", "out"}}, static_cast<double>(out)}}};
}

std::vector<Metric> RelayMetrics(const Daemon& daemon) {
  const WorkerFigures f = daemon.figures();
  std::vector<Metric> metrics = http::ProcessMetrics();
  const auto gauge = [&metrics](const char* name, const char* help, auto value) {
    metrics.push_back(One(name, help, Kind::kGauge, value));
  };
  const auto counter = [&metrics](const char* name, const char* help, auto value) {
    metrics.push_back(One(name, help, Kind::kCounter, value));
  };
  gauge("trunkline_relay_flows", "Calls that are being relayed", f.sessions);
  gauge("trunkline_relay_ports", "Addresses that packets are sent to", f.ports);
  gauge("trunkline_relay_flow_bytes", "Memory of all calls", f.session_bytes);
  gauge("trunkline_relay_tcp_connections", "Open TCP connections", f.connections);
  gauge("trunkline_relay_draining", "1: offered to no new calls", daemon.draining() ? 1 : 0);
  metrics.push_back(Directions("trunkline_relay_bytes_total", "Bytes of datagrams and frames",
                               f.counters.bytes_in, f.counters.bytes_forwarded));
  metrics.push_back(Directions("trunkline_relay_packets_total", "Datagrams and frames",
                               f.counters.packets_in, f.counters.packets_forwarded));
  counter("trunkline_relay_answers_total", "Pings, peer-info and STUN answered",
          f.counters.answers);
  counter("trunkline_relay_flows_started_total", "Calls begun", f.counters.sessions_started);
  counter("trunkline_relay_moves_total", "Sides that moved to another address", f.counters.moves);
  counter("trunkline_relay_tcp_accepted_total", "TCP connections taken", f.tcp.accepted);
  counter("trunkline_relay_tcp_refused_total", "TCP connections beyond the cap", f.tcp.refused);
  counter("trunkline_relay_tcp_silent_total", "TCP connections without a genuine tag in time",
          f.tcp.silent);
  counter("trunkline_relay_tcp_bad_total", "TCP connections that spoke no dialect of ours",
          f.tcp.bad_streams);
  metrics.push_back(Drops(f));
  return metrics;
}

}  // namespace

http::Handler Pages(const Daemon& daemon) {
  http::Sources sources;
  sources.checks = [&daemon] {
    return std::vector<http::Check>{
        {"not_draining", !daemon.draining(), "no new calls are offered this relay"}};
  };
  sources.metrics = [&daemon] { return RelayMetrics(daemon); };
  return http::PagesOf(std::move(sources));
}

}  // namespace trunkline::relay

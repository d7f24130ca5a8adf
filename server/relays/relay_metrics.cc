#include "server/relays/relay_metrics.h"

#include <functional>
#include <string>
#include <utility>

namespace trunkline::relays {
namespace {

using http::Metric;
using Kind = Metric::Kind;
using Value = std::function<std::optional<double>(const book::RelayStatus&)>;

Metric PerRelay(const RelayService::Snapshot& snapshot, const char* name, const char* help,
                Kind kind, const Value& value) {
  Metric metric{name, help, kind, {}};
  for (const book::RelayStatus& relay : snapshot.relays) {
    const auto number = value(relay);
    if (!number) continue;
    metric.samples.push_back({{{"relay", std::to_string(relay.config.id.value())}}, *number});
  }
  return metric;
}

Metric ByLabel(const char* name, const char* help, const char* label,
               std::initializer_list<std::pair<const char*, std::uint64_t>> values) {
  Metric metric{name, help, Kind::kCounter, {}};
  for (const auto& [text, value] : values) {
    metric.samples.push_back({{{label, text}}, static_cast<double>(value)});
  }
  return metric;
}

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::vector<Metric> RelayMetrics(const RelayService::Snapshot& snapshot) {
  using Status = book::RelayStatus;
  const auto per_relay = [&](const char* name, const char* help, Kind kind, const Value& value) {
    return PerRelay(snapshot, name, help, kind, value);
  };
  const picker::Picker::Stats& picks = snapshot.picks;
  return {
      per_relay("trunkline_relay_up", "1 while calls may be offered this relay.", Kind::kGauge,
                [](const Status& s) { return s.state == picker::State::kUp ? 1.0 : 0.0; }),
      per_relay(
          "trunkline_relay_draining", "1 while this relay gets no new calls.", Kind::kGauge,
          [](const Status& s) { return s.drained_by_operator || s.drained_by_relay ? 1.0 : 0.0; }),
      per_relay("trunkline_relay_empty_eta_seconds",
                "Until a draining relay is empty, nineteen times out of twenty.", Kind::kGauge,
                [](const Status& s) -> std::optional<double> {
                  if (!s.empty_in) return std::nullopt;
                  return Seconds(s.empty_in->surely);
                }),
      per_relay("trunkline_relay_load_ratio", "Share of the capacity that is in use.", Kind::kGauge,
                [](const Status& s) { return static_cast<double>(s.load); }),
      per_relay("trunkline_relay_flows", "Calls that the relay says it carries.", Kind::kGauge,
                [](const Status& s) { return static_cast<double>(s.reported_calls); }),
      per_relay("trunkline_relay_calls_offered", "Live calls with this relay in their offer.",
                Kind::kGauge, [](const Status& s) { return static_cast<double>(s.offered_calls); }),
      per_relay("trunkline_relay_call_packets_total", "Packets that the relay told of, of calls.",
                Kind::kCounter, [](const Status& s) { return static_cast<double>(s.packets); }),
      per_relay("trunkline_relay_call_bytes_total", "Bytes that the relay told of, of calls.",
                Kind::kCounter, [](const Status& s) { return static_cast<double>(s.bytes); }),
      ByLabel("trunkline_relay_picks_total", "Calls that were given relays, and those without.",
              "result", {{"ok", picks.picks - picks.empty}, {"empty", picks.empty}}),
      ByLabel("trunkline_relay_hints_total", "What connection_id said of established calls.",
              "hint",
              {{"none", picks.hints_none},
               {"offered", picks.hints_offered},
               {"foreign", picks.hints_foreign}}),
  };
}

}  // namespace trunkline::relays

#include "server/health.h"

#include <ctime>
#include <utility>

#include "server/relays/relay_metrics.h"

namespace trunkline {
namespace {

using http::Metric;
using Kind = Metric::Kind;

// The book's loop runs at least once a second; longer means that the disk or the book hangs.
constexpr std::int64_t kBookSilentSeconds = 10;

Metric One(const char* name, const char* help, Kind kind, double value) {
  return Metric{name, help, kind, {{{}, value}}};
}
Metric Of(const char* name, const char* help, const io::Counter& counter) {
  return One(name, help, Kind::kCounter, static_cast<double>(counter.Get()));
}
Metric Of(const char* name, const char* help, const io::Gauge& gauge) {
  return One(name, help, Kind::kGauge, static_cast<double>(gauge.Get()));
}

Metric ByResult(const char* name, const char* help,
                std::initializer_list<std::pair<const char*, const io::Counter*>> results) {
  Metric metric{name, help, Kind::kCounter, {}};
  for (const auto& [result, counter] : results) {
    metric.samples.push_back({{{"result", result}}, static_cast<double>(counter->Get())});
  }
  return metric;
}

std::vector<http::Check> Checks(const io::Stats& stats) {
  const std::int64_t silent = std::time(nullptr) - stats.book_alive_unix.Get();
  return {
      {"store", stats.store_available.load(), "calls and sign-ins are refused"},
      {"book", silent <= kBookSilentSeconds, "nothing that two people share moves"},
      {"accepting", !stats.draining.load(), "the server is stopping; new connections are refused"},
  };
}

std::vector<Metric> Metrics(const io::Stats& s) {
  std::vector<Metric> metrics = {
      Metric{"trunkline_build_info",
             "Version of the program.",
             Kind::kGauge,
             {{{{"compiler", __VERSION__}}, 1}}},
      Of("trunkline_connections", "Connections of clients.", s.connections),
      ByResult("trunkline_connections_total", "Connections so far.",
               {{"accepted", &s.connections_accepted}, {"refused", &s.connections_refused}}),
      Of("trunkline_connections_closed_total", "Connections closed by the server.",
         s.links_closed_by_us),
      Of("trunkline_sessions", "Sessions of clients.", s.sessions),
      Of("trunkline_auth_keys", "Authorization keys.", s.keys),
      Of("trunkline_users", "Users.", s.users),
      Of("trunkline_calls_live", "Calls that have not ended.", s.calls_live),
      ByResult("trunkline_handshakes_total", "Key exchanges.",
               {{"ok", &s.handshakes_finished}, {"overload", &s.handshakes_refused}}),
      Of("trunkline_packets_received_total", "Packets from clients.", s.packets_received),
      Of("trunkline_packets_sent_total", "Packets to clients.", s.packets_sent),
      ByResult("trunkline_commands_total", "Commands to the book.",
               {{"taken", &s.commands}, {"overload", &s.commands_refused}}),
      ByResult("trunkline_store_groups_total", "Groups of changes.",
               {{"committed", &s.groups_committed}, {"refused", &s.groups_refused}}),
      Of("trunkline_store_facts_total", "Changes in the journal.", s.facts),
      Of("trunkline_store_unprojected", "Journal rows to be projected.", s.journal_unprojected),
      One("trunkline_store_available", "1 while the store takes changes.", Kind::kGauge,
          s.store_available.load() ? 1 : 0),
      ByResult("trunkline_login_codes_total", "Login codes handed out.",
               {{"ok", &s.codes_delivered}, {"failed", &s.codes_failed}}),
  };
  for (Metric& metric : http::ProcessMetrics()) metrics.push_back(std::move(metric));
  return metrics;
}

}  // namespace

http::Sources SourcesOf(const io::Stats* stats, const relays::RelayService* relays) {
  const auto metrics = [stats, relays] {
    std::vector<Metric> all = Metrics(*stats);
    for (Metric& metric : relays::RelayMetrics(relays->Latest())) all.push_back(std::move(metric));
    return all;
  };
  return {.checks = [stats] { return Checks(*stats); }, .metrics = metrics};
}

}  // namespace trunkline

#include "server/tool/relays_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "boost/json.hpp"
#include "server/tool/answer_text.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

std::string Percent(std::int64_t permille) {
  return std::to_string(permille / 10) + "." + std::to_string(permille % 10) + "%";
}

std::string Address(const Object& relay) {
  const std::string ip = relay.Text("ip"), ipv6 = relay.Text("ipv6"), port = relay.Text("port");
  std::string text = ip.empty() ? "" : ip + ":" + port;
  if (!ipv6.empty()) text += (text.empty() ? "[" : " [") + ipv6 + "]:" + port;
  return text;
}

std::string Minutes(std::int64_t seconds) {
  return seconds < 120 ? std::to_string(seconds) + " s" : std::to_string(seconds / 60) + " min";
}

// "empty in 12 min, surely in 40 min"; nothing when it doesn't drain.
std::string Forecast(const json::object& relay) {
  const json::value* const forecast = relay.if_contains("empty_in_seconds");
  if (forecast == nullptr || !forecast->is_object()) return "";
  if (Object(relay).Text("state") == "drained") return "empty";
  const Object seconds(forecast->as_object());
  return "empty in " + Minutes(seconds.Number("likely")) + ", surely in " +
         Minutes(seconds.Number("surely"));
}

std::string DrainedBy(const Object& relay) {
  if (relay.Is("drained_by_operator")) return relay.Is("drained_by_relay") ? "both" : "operator";
  return relay.Is("drained_by_relay") ? "relay" : "";
}

}  // namespace

std::optional<std::string> RelayTableText(const std::string& answer) {
  const auto whole = Parsed(answer);
  const json::array* const relays = whole ? List(*whole, "relays") : nullptr;
  if (relays == nullptr) return std::nullopt;
  if (relays->empty()) return "no relays\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "KIND", "ADDRESS", "REGION", "STATE", "LOAD", "CALLS", "CARRIED", "NOTE"}};
  for (const json::value& one : *relays) {
    if (!one.is_object()) return std::nullopt;
    const Object relay(one.as_object());
    const std::string forecast = Forecast(one.as_object());
    rows.push_back({relay.Text("id"), relay.Text("kind"), Address(relay), relay.Text("region"),
                    relay.Text("state"), Percent(relay.Number("load_permille")),
                    relay.Text("calls_offered"), relay.Text("calls_carried_total"),
                    forecast.empty() ? relay.Text("detail") : forecast});
  }
  return Table(rows);
}

std::optional<std::string> RelayText(const std::string& answer) {
  const auto whole = Parsed(answer);
  if (!whole || !whole->contains("id")) return std::nullopt;
  const Object relay(*whole);
  const std::string age = relay.Text("heartbeat_age_ms");
  std::vector<std::vector<std::string>> rows{{"id", relay.Text("id")},
                                             {"kind", relay.Text("kind")},
                                             {"address", Address(relay)},
                                             {"region", relay.Text("region")},
                                             {"domain", relay.Text("domain")},
                                             {"state", relay.Text("state")},
                                             {"drained by", DrainedBy(relay)},
                                             {"forecast", Forecast(*whole)},
                                             {"detail", relay.Text("detail")},
                                             {"heartbeat", age.empty() ? "" : age + " ms ago"},
                                             {"load", Percent(relay.Number("load_permille"))},
                                             {"calls offered", relay.Text("calls_offered")},
                                             {"calls reported", relay.Text("calls_reported")},
                                             {"calls carried", relay.Text("calls_carried_total")},
                                             {"packets", relay.Text("packets_total")},
                                             {"dropped", relay.Text("packets_dropped")},
                                             {"bytes", relay.Text("bytes_total")}};
  std::erase_if(rows, [](const auto& row) { return row[1].empty(); });
  return Table(rows);
}

std::optional<std::string> ExplanationText(const std::string& answer) {
  const auto whole = Parsed(answer);
  const json::array* const entries = whole ? List(*whole, "entries") : nullptr;
  if (entries == nullptr) return std::nullopt;
  std::vector<std::vector<std::string>> rows{
      {"SLOT", "RELAY", "KIND", "WHY", "RTT", "LOSS", "LOAD", "SCORE", "PACKETS", ""}};
  for (const json::value& one : *entries) {
    if (!one.is_object()) return std::nullopt;
    const Object entry(one.as_object());
    rows.push_back({entry.Is("offered") ? entry.Text("slot") : "-", entry.Text("id"),
                    entry.Text("kind"), entry.Text("why"),
                    entry.Text("rtt_ms") + "+-" + entry.Text("deviation_ms") + " ms",
                    Percent(entry.Number("loss_permille")), Percent(entry.Number("load_permille")),
                    entry.Text("score_ms"), entry.Text("packets"),
                    entry.Is("carrier") ? "carried the media" : ""});
  }
  std::string text = "call " + Object(*whole).Text("call");
  if (Object(*whole).Is("panic")) text += ", fewer than half of the relays were healthy";
  return text + "\n" + Table(rows);
}

std::optional<std::string> RotationText(const std::string& answer) {
  const auto whole = Parsed(answer);
  if (!whole || !whole->contains("key_id")) return std::nullopt;
  return "new tags carry key " + Object(*whole).Text("key_id") + "\n";
}

}  // namespace trunkline::tool

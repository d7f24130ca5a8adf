#include "server/relays/relay_json.h"

#include <cmath>

namespace trunkline::relays {
namespace {

namespace json = boost::json;

json::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view KindName(picker::Kind kind) {
  switch (kind) {
    case picker::Kind::kReflector:
      return "reflector";
    case picker::Kind::kReflectorTcp:
      return "reflector_tcp";
    case picker::Kind::kTurn:
      return "turn";
    case picker::Kind::kStun:
      break;
  }
  return "stun";
}

std::int64_t WholeSeconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

void AddDrops(const book::RelayDrops& drops, json::object& object) {
  json::object reasons;
  std::uint64_t sum = 0;
  for (const auto& [reason, packets] : drops) {
    reasons[reason] = packets;
    sum += packets;
  }
  object["packets_dropped"] = sum;
  object["packets_dropped_by_reason"] = std::move(reasons);
}

json::object ObjectOf(const book::RelayExplanation::Entry& entry, bool restored) {
  const picker::Verdict& verdict = entry.verdict;
  json::object object{{"id", verdict.id.value()},
                      {"kind", View(KindName(entry.kind))},
                      {"offered", picker::IsOffered(verdict.why)},
                      {"why", restored ? "before_restart" : View(picker::WhyName(verdict.why))},
                      {"slot", verdict.slot},
                      {"rtt_ms", verdict.rtt_ms},
                      {"deviation_ms", verdict.deviation_ms},
                      {"loss_permille", verdict.loss_permille},
                      {"load_permille", verdict.load_permille},
                      {"score_ms", verdict.score_ms}};
  if (picker::IsOffered(verdict.why)) {
    object["packets"] = entry.packets;
    object["bytes"] = entry.bytes;
    object["carrier"] = entry.carrier;
  }
  return object;
}

}  // namespace

json::object RelayObject(const book::RelayStatus& relay) {
  json::object object{
      {"id", relay.config.id.value()},
      {"kind", View(KindName(relay.config.kind))},
      {"ip", relay.config.ip},
      {"ipv6", relay.config.ipv6},
      {"port", relay.config.port},
      {"region", relay.config.region},
      {"domain", relay.config.domain},
      {"labels", json::array(relay.config.labels.begin(), relay.config.labels.end())},
      {"state", View(picker::StateName(relay.state))},
      {"registers", relay.registers},
      {"drained_by_operator", relay.drained_by_operator},
      {"drained_by_relay", relay.drained_by_relay},
      {"detail", relay.detail},
      {"load_permille", std::llround(relay.load * 1000)},
      {"calls_offered", relay.offered_calls},
      {"calls_reported", relay.reported_calls},
      {"calls_carried_total", relay.carried_calls},
      {"packets_total", relay.packets},
      {"bytes_total", relay.bytes}};
  if (relay.drops) AddDrops(*relay.drops, object);
  if (relay.silent) object["heartbeat_age_ms"] = relay.silent->count();
  if (relay.empty_in) {
    object["empty_in_seconds"] = json::object{{"likely", WholeSeconds(relay.empty_in->likely)},
                                              {"surely", WholeSeconds(relay.empty_in->surely)}};
  }
  return object;
}

json::object RelayListObject(const std::vector<book::RelayStatus>& relays) {
  json::array list;
  for (const book::RelayStatus& relay : relays) list.push_back(RelayObject(relay));
  return {{"relays", std::move(list)}};
}

json::object ExplanationObject(const book::RelayExplanation& explanation) {
  json::array entries;
  for (const auto& entry : explanation.entries) {
    entries.push_back(ObjectOf(entry, explanation.restored));
  }
  return {{"call", explanation.call.value()},
          {"picked_unix_ms", UnixMillis(explanation.picked)},
          {"live", explanation.live},
          {"panic", explanation.panic},
          {"entries", std::move(entries)}};
}

}  // namespace trunkline::relays

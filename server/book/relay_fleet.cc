// The desk's fleet: who is there, who drains, and what operators are told.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/book/relay_desk.h"

namespace trunkline::book {
namespace {

using picker::EntryId;
using picker::Kind;

std::string Complaint(const picker::EntryConfig& config, const picker::FleetRefusal& refusal,
                      const picker::Fleet& fleet) {
  const std::string of = absl::StrCat("relay ", config.id.value());
  const auto other = fleet.IndexOf(refusal.other);
  switch (refusal.error) {
    case picker::FleetError::kIdOutOfRange:
      return absl::StrCat(of, ": the id is not in 1 to ", kRelayIdMax);
    case picker::FleetError::kDuplicateId:
      if (!other) break;
      return absl::StrCat(of, ": the id is taken by the relay at ", fleet.config(*other).ip,
                          fleet.config(*other).ipv6, " port ", fleet.config(*other).port);
    case picker::FleetError::kDuplicateAddress:
      return absl::StrCat(of, ": its address is that of relay ", refusal.other.value());
    case picker::FleetError::kNoAddress:
      return absl::StrCat(of, ": it has no address");
    default:
      break;
  }
  const std::string_view name = picker::FleetErrorName(refusal.error);
  return absl::StrCat(of, ": ", absl::string_view(name.data(), name.size()));
}

bool NoRoom(picker::FleetError error) {
  return error == picker::FleetError::kTooManyEntries ||
         error == picker::FleetError::kTooManySites || error == picker::FleetError::kTooManyLabels;
}

// How long a relay that went is listed.
constexpr Duration kDownListed = std::chrono::minutes(10);
// Of those that a relay tells of, whatever it tells.
constexpr std::size_t kForecastCallsMax = 100'000;

Kind KindOf(const RelayConfig& relay) {
  if (relay.turn) return Kind::kTurn;
  if (relay.stun) return Kind::kStun;
  return relay.tcp ? Kind::kReflectorTcp : Kind::kReflector;
}

// What fails together, when nobody said: what is in one region, or at one address.
std::string DomainOf(const std::string& said, const picker::EntryConfig& config) {
  if (!said.empty()) return said;
  if (!config.region.empty()) return config.region;
  return config.ip.empty() ? config.ipv6 : config.ip;
}

}  // namespace

picker::EntryConfig EntryOf(const RelayConfig& relay) {
  picker::EntryConfig config;
  config.id = EntryId(relay.id);
  config.kind = KindOf(relay);
  config.ip = relay.ip;
  config.ipv6 = relay.ipv6;
  config.port = static_cast<std::uint16_t>(relay.port);
  config.region = relay.region;
  config.domain = DomainOf(relay.domain, config);
  config.liveness = picker::Liveness::kProbe;
  return config;
}

std::optional<RelayRefusal> RelayDesk::Add(const picker::EntryConfig& config, bool update) {
  const auto added = update ? picker_.Update(config) : picker_.Add(config);
  if (added) return std::nullopt;
  return RelayRefusal{Complaint(config, added.error(), picker_.fleet()),
                      NoRoom(added.error().error)};
}

std::optional<RelayRefusal> RelayDesk::Configure(const RelayConfig& relay) {
  const picker::EntryConfig config = EntryOf(relay);
  if (auto refusal = Add(config, false)) return refusal;
  Source& source = sources_[config.id];
  source.turn_secret = relay.turn_secret;
  if (!relay.tag_secret.empty()) {
    source.tag_key =
        relay::DeriveTagKey(AsBytes(relay.tag_secret), static_cast<std::uint32_t>(relay.id), 0);
  }
  ApplyDraining(config.id, source);
  return std::nullopt;
}

std::optional<RelayRefusal> RelayDesk::Register(picker::EntryConfig relay) {
  if (relay.id.value() > kRelayIdMax) {
    return RelayRefusal{
        absl::StrCat("relay ", relay.id.value(), ": the id is not in 1 to ", kRelayIdMax)};
  }
  relay.domain = DomainOf(relay.domain, relay);
  const auto known = sources_.find(relay.id);
  const bool is_there = picker_.fleet().IndexOf(relay.id).has_value();
  const bool update = is_there && known != sources_.end() && known->second.registers;
  // Another one may come where one has gone.
  if (!update) {
    RemoveGone([&relay](const picker::Entry&, const picker::EntryConfig& gone) {
      return picker::SameAddress(gone, relay);
    });
  }
  if (auto refusal = Add(relay, update)) return refusal;
  picker_.fleet().at(*picker_.fleet().IndexOf(relay.id)).beat_at = {};  // of an earlier link
  Source& source = sources_[relay.id];
  source.registers = true;
  source.drained_by_relay = false;
  source.drops.reset();  // it may be another version now
  ApplyDraining(relay.id, source);
  return std::nullopt;
}

void RelayDesk::RemoveGone(
    const std::function<bool(const picker::Entry&, const picker::EntryConfig&)>& which) {
  absl::erase_if(sources_, [&](const auto& source) {
    const auto index = picker_.fleet().IndexOf(source.first);
    if (!index || !source.second.registers) return false;
    const picker::Entry& entry = picker_.fleet().at(*index);
    const bool has_beaten = entry.beat_at != WallTime{};
    if (entry.beaten || !has_beaten || !which(entry, picker_.fleet().config(*index))) return false;
    return picker_.fleet().Remove(source.first);
  });
}

bool RelayDesk::Beat(std::uint32_t id, const picker::LoadReport& load, bool draining,
                     WallTime now) {
  const auto source = sources_.find(EntryId(id));
  if (source == sources_.end() || !source->second.registers) return false;
  if (source->second.drained_by_relay != draining) {
    source->second.drained_by_relay = draining;
    ApplyDraining(EntryId(id), source->second);
  }
  RemoveGone([id, now](const picker::Entry& gone, const picker::EntryConfig&) {
    return gone.id != EntryId(id) && gone.offered == 0 && now - gone.beat_at > kDownListed;
  });
  return picker_.fleet().Heartbeat(EntryId(id), load, now);
}

void RelayDesk::SetDrops(std::uint32_t id, std::optional<RelayDrops> drops) {
  const auto source = sources_.find(EntryId(id));
  if (source != sources_.end()) source->second.drops = std::move(drops);
}

void RelayDesk::Lose(std::uint32_t id) {
  picker_.fleet().SetLost(EntryId(id));
}

void RelayDesk::SetHealth(EntryId id, picker::Health health, std::string detail) {
  if (picker_.fleet().SetHealth(id, health)) sources_[id].detail = std::move(detail);
}

bool RelayDesk::SetDraining(EntryId id, bool draining) {
  if (!picker_.fleet().IndexOf(id)) return false;
  Source& source = sources_[id];
  source.drained_by_operator = draining;
  ApplyDraining(id, source);
  return true;
}

void RelayDesk::ApplyDraining(EntryId id, const Source& source) {
  picker_.fleet().SetDraining(id, source.drained_by_operator || source.drained_by_relay);
}

void RelayDesk::SetTagKey(std::uint32_t id, std::uint8_t key_id, const relay::TagKey& key) {
  Source& source = sources_[EntryId(id)];
  source.key_id = key_id;
  source.tag_key = key;
}

std::optional<picker::DrainForecast> RelayDesk::ForecastOf(EntryId id, WallTime now) const {
  std::vector<Duration> ages;
  for (const auto& [call_id, call] : calls_) {
    const std::span<const picker::Offered> offered = call->assignment.offer.list();
    if (!call->live || !call->picked) continue;
    const auto entry = std::ranges::find(offered, id, &picker::Offered::id);
    if (entry == offered.end()) continue;
    const std::int8_t carrier = call->assignment.carrier;
    if (carrier < 0 || carrier == entry - offered.begin()) {
      ages.push_back(std::chrono::duration_cast<Duration>(now - call->picked_at));
    }
  }
  // It may have calls that this process knows nothing of.
  const auto index = picker_.fleet().IndexOf(id);
  const std::size_t reported = index ? picker_.fleet().entries()[*index].reported_calls : 0;
  ages.resize(std::max(ages.size(), std::min(reported, kForecastCallsMax)));
  return picker::ForecastEmpty(ages, picker_.durations());
}

RelayStatus RelayDesk::StatusOf(std::size_t index, WallTime now) const {
  const picker::Fleet& fleet = picker_.fleet();
  const picker::Entry& entry = fleet.entries()[index];
  RelayStatus status;
  status.config = fleet.config(index);
  status.state = fleet.StateOf(entry, now);
  status.load = picker::Fleet::FreshLoad(entry, now);
  status.reported_calls = entry.reported_calls;
  status.offered_calls = entry.offered;
  if (entry.beaten) status.silent = std::chrono::duration_cast<Duration>(now - entry.beat_at);
  const auto found = sources_.find(entry.id);
  if (found != sources_.end()) {
    const Source& source = found->second;
    status.registers = source.registers;
    status.drained_by_operator = source.drained_by_operator;
    status.drained_by_relay = source.drained_by_relay;
    status.detail = source.detail;
    status.carried_calls = source.carried_calls;
    status.packets = source.packets;
    status.bytes = source.bytes;
    status.drops = source.drops;
  }
  if (entry.draining) status.empty_in = ForecastOf(entry.id, now);
  return status;
}

std::vector<RelayStatus> RelayDesk::List(WallTime now) const {
  std::vector<RelayStatus> list;
  for (std::size_t i = 0; i < picker_.fleet().entries().size(); ++i) {
    list.push_back(StatusOf(i, now));
  }
  std::ranges::sort(list, {}, [](const RelayStatus& status) { return status.config.id; });
  return list;
}

std::optional<RelayStatus> RelayDesk::Find(EntryId id, WallTime now) const {
  const auto index = picker_.fleet().IndexOf(id);
  if (!index) return std::nullopt;
  return StatusOf(*index, now);
}

std::optional<RelayExplanation> RelayDesk::Explain(CallId id) const {
  const Call* const call = FindCall(id);
  if (call == nullptr || !call->picked) return std::nullopt;
  RelayExplanation explanation;
  explanation.call = id;
  explanation.picked = call->picked_at;
  explanation.live = call->live;
  explanation.panic = call->assignment.offer.panic;
  explanation.restored = call->restored;
  for (const picker::Verdict& verdict : call->verdicts) {
    RelayExplanation::Entry entry;
    entry.verdict = verdict;
    const auto index = picker_.fleet().IndexOf(verdict.id);
    if (index) entry.kind = picker_.fleet().config(*index).kind;
    if (verdict.slot > 0) {
      const std::size_t slot = verdict.slot - 1u;
      entry.packets = call->heard[slot].packets;
      entry.bytes = call->heard[slot].bytes;
      entry.carrier = call->assignment.carrier == static_cast<std::int8_t>(slot);
    }
    explanation.entries.push_back(entry);
  }
  return explanation;
}

}  // namespace trunkline::book

// What may stand in the table beside what.
#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "server/picker/fleet.h"

namespace trunkline::picker {

bool IsSane(float number) {
  return std::isfinite(number) && number >= 0;
}

namespace {

bool NumbersAreSane(const EntryConfig& config) {
  const Capacity& capacity = config.capacity;
  const Place& place = config.place;
  return IsSane(capacity.packets_per_second) && IsSane(capacity.bits_per_second) &&
         IsSane(capacity.calls) && IsSane(config.price_ms) && config.price_ms <= kRttMsMax &&
         (!place.known || (std::fabs(place.latitude) <= 90 && std::fabs(place.longitude) <= 180));
}

bool NamesAreShort(const EntryConfig& config) {
  const auto is_short = [](const std::string& name) { return name.size() <= kNameBytesMax; };
  return is_short(config.region) && is_short(config.domain) && is_short(config.ip) &&
         is_short(config.ipv6) && std::ranges::all_of(config.labels, is_short);
}

float CallsOf(const Capacity& capacity) {
  float calls = INFINITY;
  if (capacity.calls > 0) calls = capacity.calls;
  if (capacity.packets_per_second > 0) {
    calls = std::min(calls, capacity.packets_per_second / kPacketsPerCall);
  }
  if (capacity.bits_per_second > 0) {
    calls = std::min(calls, capacity.bits_per_second / kBitsPerCall);
  }
  return std::isfinite(calls) ? std::max(calls, 1.0F) : kCallsWithoutCapacity;
}

}  // namespace

bool SameAddress(const EntryConfig& a, const EntryConfig& b) {
  const bool may_share = (a.kind == Kind::kStun && b.kind == Kind::kTurn) ||
                         (a.kind == Kind::kTurn && b.kind == Kind::kStun);
  if (may_share || a.port != b.port) return false;
  return (!a.ip.empty() && a.ip == b.ip) || (!a.ipv6.empty() && a.ipv6 == b.ipv6);
}

std::string_view FleetErrorName(FleetError error) {
  static constexpr std::string_view kNames[] = {
      "id_out_of_range", "duplicate_id",     "duplicate_address", "no_address",     "bad_number",
      "name_too_long",   "too_many_entries", "too_many_sites",    "too_many_labels"};
  return kNames[static_cast<std::size_t>(error)];
}

std::optional<FleetRefusal> Fleet::Check(const EntryConfig& config, EntryId except) const {
  const auto refuse = [](FleetError error) { return FleetRefusal{error, EntryId()}; };
  if (config.id.value() < 1 || config.id.value() > kEntryIdMax) {
    return refuse(FleetError::kIdOutOfRange);
  }
  if (config.port == 0 || (config.ip.empty() && config.ipv6.empty())) {
    return refuse(FleetError::kNoAddress);
  }
  if (!NumbersAreSane(config)) return refuse(FleetError::kBadNumber);
  if (!NamesAreShort(config)) return refuse(FleetError::kNameTooLong);
  for (const EntryConfig& other : configs_) {
    if (other.id == except) continue;
    if (other.id == config.id) return FleetRefusal{FleetError::kDuplicateId, other.id};
    if (SameAddress(config, other)) return FleetRefusal{FleetError::kDuplicateAddress, other.id};
  }
  return std::nullopt;
}

// A site that nobody uses is kept for a relay that comes back, until its number is needed.
std::optional<std::size_t> Fleet::SiteFor(const EntryConfig& config, bool& is_new) {
  is_new = false;
  std::size_t free = sites_.size();
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    if (sites_[i].region == config.region && sites_[i].domain == config.domain) return i;
    if (sites_[i].uses == 0) free = i;
  }
  is_new = true;
  if (sites_.size() < kSitesMax) {
    free = sites_.size();
    sites_.emplace_back();
  }
  if (free == sites_.size()) return std::nullopt;
  sites_[free] = {"", "", 0, 0};
  const auto same = std::ranges::find_if(sites_, [&](const Site& site) {
    return site.domain_number != 0 && site.domain == config.domain;
  });
  const std::uint32_t number = same != sites_.end() ? same->domain_number : ++domains_;
  sites_[free] = {config.region, config.domain, 0, number};
  return free;
}

// Bits that no other entry has are free, whatever they meant.
std::optional<Fleet::Labels> Fleet::LabelsWith(const EntryConfig& config, std::size_t index) const {
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i != index) used |= entries_[i].labels;
  }
  Labels labels{.names = labels_};
  labels.names.resize(kLabelsMax);
  const auto take = [&](std::size_t bit) { labels.own |= std::uint64_t{1} << bit; };
  std::vector<std::string_view> news;
  for (const std::string& name : config.labels) {
    const auto known = std::ranges::find(labels.names, name);
    if (known == labels.names.end()) {
      news.push_back(name);
    } else {
      take(static_cast<std::size_t>(known - labels.names.begin()));
    }
  }
  for (const std::string_view name : news) {
    if (std::ranges::find(labels.names, name) != labels.names.end()) continue;  // said twice
    const auto bit = static_cast<std::size_t>(std::countr_one(used | labels.own));
    if (bit >= kLabelsMax) return std::nullopt;
    labels.names[bit] = name;
    take(bit);
  }
  return labels;
}

std::optional<std::uint64_t> Fleet::Label(std::string_view name) const {
  const auto found = std::ranges::find(labels_, name);
  if (name.empty() || found == labels_.end()) return std::nullopt;
  const std::uint64_t bit = std::uint64_t{1} << (found - labels_.begin());
  const auto has_it = [bit](const Entry& entry) { return (entry.labels & bit) != 0; };
  if (std::ranges::none_of(entries_, has_it)) return std::nullopt;
  return bit;
}

Result<Fleet::Added, FleetRefusal> Fleet::Fill(const EntryConfig& config, std::size_t index) {
  auto labels = LabelsWith(config, index);
  if (!labels) return Unexpected{FleetRefusal{FleetError::kTooManyLabels, EntryId()}};
  Added added{.index = index};
  const auto site = SiteFor(config, added.new_site);
  if (!site) return Unexpected{FleetRefusal{FleetError::kTooManySites, EntryId()}};
  labels_ = std::move(labels->names);
  added.site = *site;
  ++sites_[*site].uses;
  if (index == entries_.size()) {
    ids_.push_back(config.id);
    entries_.emplace_back();
    configs_.emplace_back();
  } else {
    --sites_[entries_[index].site].uses;
  }
  Entry& entry = entries_[index];
  entry.id = config.id;
  entry.kind = config.kind;
  entry.liveness = config.liveness;
  entry.stacks = config.stacks;
  entry.site = static_cast<std::uint8_t>(*site);
  entry.domain = sites_[*site].domain_number;
  entry.families = static_cast<std::uint8_t>((config.ip.empty() ? 0 : kIpv4) |
                                             (config.ipv6.empty() ? 0 : kIpv6));
  entry.labels = labels->own;
  entry.price_ms = config.price_ms;
  entry.load_of_call = 1 / CallsOf(config.capacity);
  configs_[index] = config;
  return added;
}

Result<Fleet::Added, FleetRefusal> Fleet::Add(const EntryConfig& config) {
  if (const auto refusal = Check(config, EntryId())) return Unexpected{*refusal};
  if (entries_.size() == kEntriesMax) {
    return Unexpected{FleetRefusal{FleetError::kTooManyEntries, EntryId()}};
  }
  return Fill(config, entries_.size());
}

Result<Fleet::Added, FleetRefusal> Fleet::Update(const EntryConfig& config) {
  const auto index = IndexOf(config.id);
  if (!index) return Add(config);
  if (const auto refusal = Check(config, config.id)) return Unexpected{*refusal};
  return Fill(config, *index);
}

bool Fleet::Remove(EntryId id) {
  const auto index = IndexOf(id);
  if (!index) return false;
  --sites_[entries_[*index].site].uses;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*index));
  ids_.erase(ids_.begin() + static_cast<std::ptrdiff_t>(*index));
  configs_.erase(configs_.begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

std::optional<std::size_t> Fleet::IndexOf(EntryId id) const {
  const auto found = std::ranges::find(ids_, id);
  if (found == ids_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - ids_.begin());
}

}  // namespace trunkline::picker

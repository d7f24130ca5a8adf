#include "relay/rate.h"

#include "common/bytes.h"
#include "common/mix.h"

namespace trunkline::relay {

SourceBudgets::Entry& SourceBudgets::EntryOf(const Ip& ip) {
  Ip network{};
  std::copy_n(ip.begin(), IsIpv4(ip) ? ipv4_bytes_ : ipv6_bytes_, network.begin());
  const std::uint64_t hash = Mix(Mix(LoadLittle<std::uint64_t>(network.data()) ^ seed_) ^
                                 LoadLittle<std::uint64_t>(network.data() + 8));
  Entry& entry = entries_[hash % entries_.size()];
  const auto mark = static_cast<std::uint32_t>(hash >> 32);
  if (entry.mark != mark) entry = Entry{mark, {}};
  return entry;
}

}  // namespace trunkline::relay

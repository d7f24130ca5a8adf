#include "server/picker/connection_id.h"

namespace trunkline::picker {
namespace {

struct Variant {
  std::int64_t mark;
  bool tcp, ipv6;
};
constexpr Variant kVariants[] = {
    {0, false, false},
    {kTcpMark, true, false},
    {kIpv6Mark, false, true},
    {kTcpMark ^ kIpv6Mark, true, true},
    {kCleanedTcp, true, false},
    {kTcpMark ^ kCleanedTcp, true, false},
    {kIpv6Mark ^ kCleanedTcp, true, true},
    {kTcpMark ^ kIpv6Mark ^ kCleanedTcp, true, true},
};

}  // namespace

ConnectionHint ReadConnectionId(std::int64_t connection_id, const Offer& offer) {
  if (connection_id == 0) return {};
  for (const Variant& variant : kVariants) {
    const EntryId id(connection_id ^ variant.mark);
    for (std::uint8_t i = 0; i < offer.count; ++i) {
      if (offer.entries[i].id != id) continue;
      return {ConnectionHint::Kind::kOffered, static_cast<std::int8_t>(i), variant.tcp,
              variant.ipv6};
    }
  }
  return {ConnectionHint::Kind::kForeign};
}

}  // namespace trunkline::picker

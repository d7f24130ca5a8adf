#include "server/relays/convert.h"

#include <algorithm>

#include "boost/asio/ip/address.hpp"

namespace trunkline::relays {
namespace {

using relay::control::RefusalReason;

std::string Ipv4Text(const relay::Ip& ip) {
  if (ip == relay::Ip{}) return "";
  boost::asio::ip::address_v4::bytes_type bytes;
  std::copy(ip.begin() + relay::kIpv4Prefix.size(), ip.end(), bytes.begin());
  return boost::asio::ip::address_v4(bytes).to_string();
}

std::string Ipv6Text(const relay::Ip& ip) {
  return ip == relay::Ip{} ? "" : boost::asio::ip::address_v6(ip).to_string();
}

picker::LegSummary LegOf(const relay::FlowSummary::Leg& leg) {
  const relay::LegQuality& quality = leg.quality;
  picker::LegSummary summary{.hello = leg.hellos != 0 || leg.packets != 0};
  if (quality.answered == 0) return summary;
  const float checks = static_cast<float>(quality.answered) + static_cast<float>(quality.lost);
  summary.rtt_ms = static_cast<float>(quality.rtt_mean_us) / 1000;
  summary.loss = static_cast<float>(quality.lost) / checks;
  summary.rtt_samples = quality.answered;
  return summary;
}

// Not over int64: the decoder knows more modest bounds.
book::FlowSide SideOf(const relay::FlowSummary::Leg& leg) {
  if (leg.packets == 0) return {};
  return {.packets = leg.packets,
          .bytes = static_cast<std::int64_t>(leg.bytes),
          .first_ms = UnixMillis(leg.first),
          .last_ms = UnixMillis(leg.last)};
}

}  // namespace

Joined JoinedOf(const relay::control::Registration& from) {
  return {.id = from.id,
          .instance = from.instance,
          .ip = Ipv4Text(from.ipv4),
          .ipv6 = Ipv6Text(from.ipv6),
          .port = from.port,
          .tcp = from.tcp,
          .stacks = from.stacks,
          .region = from.region,
          .domain = from.domain,
          .capacity = {.packets_per_second = from.packets_per_second,
                       .bits_per_second = from.bits_per_second,
                       .calls = from.calls},
          .labels = from.labels,
          .version = from.program};
}

Flow FlowOf(const relay::FlowSummary& from) {
  Flow flow{.key = from.key, .summary = {}, .ended = from.ended != WallTime{}};
  flow.summary.caller = LegOf(from.legs[0]);
  flow.summary.callee = LegOf(from.legs[1]);
  flow.caller = SideOf(from.legs[0]);
  flow.callee = SideOf(from.legs[1]);
  WallTime first = WallTime::max(), last{};
  for (const relay::FlowSummary::Leg& leg : from.legs) {
    flow.summary.packets += leg.packets;
    flow.summary.bytes += leg.bytes;
    if (leg.packets == 0) continue;
    first = std::min(first, leg.first);
    last = std::max(last, leg.last);
  }
  if (last > first) flow.summary.duration = std::chrono::duration_cast<Duration>(last - first);
  return flow;
}

RefusalReason ReasonOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return RefusalReason::kDuplicate;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
      return RefusalReason::kUnavailable;
    default:
      return RefusalReason::kRejected;
  }
}

}  // namespace trunkline::relays

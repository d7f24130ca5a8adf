#include <algorithm>
#include <limits>

#include "common/check.h"
#include "relay/control.pb.h"
#include "relay/control/limits.h"
#include "relay/control/messages.h"

namespace trunkline::relay::control {
namespace {

std::uint64_t Ms(WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, UnixMillis(time)));
}

std::string_view Cut(std::string_view text, std::size_t bytes_max) {
  return text.substr(0, bytes_max);
}

void PutName(std::string_view name, std::string& out) {
  out = Cut(name, kNameBytesMax);
}

void Put(const Unknown&, FromRelay&) {}
void Put(const Unknown&, FromServer&) {}

void Put(const Registration& from, FromRelay& frame) {
  CHECK(from.labels.size() <= kLabelsMax);
  Register& to = *frame.mutable_registration();
  to.set_version(from.version);
  to.set_id(from.id);
  to.set_instance(from.instance);
  to.set_unix_ms(Ms(from.clock));
  if (from.ipv4 != Ip{}) to.set_ipv4(from.ipv4.data() + kIpv4Prefix.size(), 4);
  if (from.ipv6 != Ip{}) to.set_ipv6(from.ipv6.data(), from.ipv6.size());
  to.set_port(from.port);
  to.set_tcp(from.tcp);
  to.set_stacks(from.stacks);
  PutName(from.region, *to.mutable_region());
  PutName(from.domain, *to.mutable_domain());
  for (const std::string& label : from.labels) PutName(label, *to.add_labels());
  to.set_packets_per_second(from.packets_per_second);
  to.set_bits_per_second(from.bits_per_second);
  to.set_calls(from.calls);
  PutName(from.program, *to.mutable_program());
  to.set_live_calls(from.live_calls);
}

void Put(const DropCounts& from, Drops& to) {
  CHECK(from.size() <= kDropReasonsMax);
  for (const auto& [reason, packets] : from) {
    Dropped& one = *to.add_dropped();
    PutName(reason, *one.mutable_reason());
    one.set_packets(packets);
  }
}

void Put(const Beat& from, FromRelay& frame) {
  Heartbeat& to = *frame.mutable_heartbeat();
  to.set_number(from.number);
  to.set_unix_ms(Ms(from.clock));
  to.set_packets_per_second(from.load.packets_per_second);
  to.set_bits_per_second(from.load.bits_per_second);
  to.set_cpu(from.load.cpu);
  to.set_calls(from.load.calls);
  to.set_draining(from.draining);
  to.set_round_trip_us(from.round_trip_us);
  if (from.load.drops) Put(*from.load.drops, *to.mutable_drops());
}

void Put(const FlowSummary::Leg& from, Leg& to) {
  to.set_hellos(from.hellos);
  to.set_packets(from.packets);
  to.set_bytes(from.bytes);
  to.set_first_ms(Ms(from.first));
  to.set_last_ms(Ms(from.last));
  to.set_rtt_us(from.quality.rtt_mean_us);
  to.set_rtt_min_us(from.quality.rtt_min_us);
  to.set_answered(from.quality.answered);
  to.set_lost(from.quality.lost);
  to.set_ports(from.ports);
  to.set_tcp(from.tcp);
}

void Put(const FlowReport& from, FromRelay& frame) {
  CHECK(from.flows.size() <= kFlowsPerFrameMax);
  for (const FlowSummary& one : from.flows) {
    Flow& to = *frame.mutable_flows()->add_flows();
    to.set_call(one.key);
    to.set_began_ms(Ms(one.began));
    to.set_ended_ms(Ms(one.ended));
    to.set_reason(static_cast<std::uint32_t>(one.reason));
    Put(one.legs[0], *to.mutable_caller());
    Put(one.legs[1], *to.mutable_callee());
  }
}

template <class Frame>
void Put(const Farewell& from, Frame& frame) {
  frame.mutable_bye()->set_text(std::string(Cut(from.text, kTextBytesMax)));
}

void Put(const KeySet& from, Keys& to) {
  CHECK(from.size() <= kTagKeyIds);
  for (const auto& [id, key] : from) {
    Key& one = *to.add_keys();
    one.set_id(id);
    one.set_key(key.view().data(), key.view().size());
  }
}

void Put(const Welcome& from, FromServer& frame) {
  Registered& to = *frame.mutable_registered();
  to.set_unix_ms(Ms(from.clock));
  Put(from.keys, *to.mutable_keys());
  to.set_draining(from.draining);
  to.set_heartbeat_ms(static_cast<std::uint32_t>(from.beat_every.count()));
  to.set_instance(from.instance);
}

void Put(const Refusal& from, FromServer& frame) {
  Refused& to = *frame.mutable_refused();
  to.set_reason(static_cast<std::uint32_t>(from.reason));
  to.set_text(std::string(Cut(from.text, kTextBytesMax)));
}

void Put(const BeatSeen& from, FromServer& frame) {
  frame.mutable_heartbeat_ack()->set_number(from.number);
  frame.mutable_heartbeat_ack()->set_unix_ms(Ms(from.clock));
}

void Put(const NewKeys& from, FromServer& frame) {
  Put(from.keys, *frame.mutable_keys());
}

void Put(const DrainOrder& from, FromServer& frame) {
  frame.mutable_drain()->set_on(from.on);
}

void Put(const DenyOrder& from, FromServer& frame) {
  frame.mutable_deny()->set_call(from.call);
}

template <class Frame, class Message>
void Append(const Message& message, std::size_t bytes_max, Bytes& out) {
  Frame frame;
  std::visit([&frame](const auto& one) { Put(one, frame); }, message);
  const std::size_t size = frame.ByteSizeLong();
  CHECK(size <= bytes_max);
  const std::size_t at = out.size();
  out.resize(at + kFrameHeaderBytes + size);
  for (std::size_t i = 0; i < kFrameHeaderBytes; ++i) {
    out[at + i] = static_cast<std::uint8_t>(size >> (8 * (kFrameHeaderBytes - 1 - i)));
  }
  CHECK(frame.SerializeToArray(out.data() + at + kFrameHeaderBytes, static_cast<int>(size)));
}

}  // namespace

void AppendFrame(const FromRelaySide& message, Bytes& out) {
  const bool flows = std::holds_alternative<FlowReport>(message);
  Append<FromRelay>(message, flows ? kFrameBytesMax : kShortFrameBytesMax, out);
}

void AppendFrame(const FromServerSide& message, Bytes& out) {
  Append<FromServer>(message, kShortFrameBytesMax, out);
}

}  // namespace trunkline::relay::control

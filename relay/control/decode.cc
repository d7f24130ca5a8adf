#include <algorithm>
#include <cmath>

#include "relay/control.pb.h"
#include "relay/control/limits.h"
#include "relay/control/messages.h"

namespace trunkline::relay::control {
namespace {

using Error = std::string_view;  // empty: none

constexpr Error kFine;

bool IsTime(std::uint64_t ms) {
  return ms <= kUnixMsMax;
}
WallTime Time(std::uint64_t ms) {
  return FromUnixMillis(static_cast<std::int64_t>(ms));
}

std::string Printable(const std::string& text) {
  std::string printable = text.substr(0, kTextBytesMax);
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

// They become labels of metrics and words of a command line.
bool IsName(const std::string& text) {
  return text.size() <= kNameBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-_.:=+").find(c) != std::string_view::npos;
         });
}

bool IsCapacity(float value, float max) {
  return std::isfinite(value) && value >= 0 && value <= max;
}

Error TakeAddresses(const Register& from, Registration& to) {
  const std::string &v4 = from.ipv4(), &v6 = from.ipv6();
  if ((!v4.empty() && v4.size() != 4) || (!v6.empty() && v6.size() != 16)) {
    return "an address of the wrong length";
  }
  std::copy(v6.begin(), v6.end(), to.ipv6.begin());
  if (v4.size() == 4 && v4 != std::string(4, '\0')) {
    std::copy(kIpv4Prefix.begin(), kIpv4Prefix.end(), to.ipv4.begin());
    std::copy(v4.begin(), v4.end(), to.ipv4.begin() + kIpv4Prefix.size());
  }
  if (to.ipv4 == Ip{} && to.ipv6 == Ip{}) return "no address that clients could use";
  if (from.port() == 0 || from.port() > 0xffff) return "a port that is none";
  to.port = static_cast<std::uint16_t>(from.port());
  return kFine;
}

Error TakeNames(const Register& from, Registration& to) {
  if (static_cast<std::size_t>(from.labels_size()) > kLabelsMax) return "too many labels";
  bool good = IsName(from.region()) && IsName(from.domain()) && IsName(from.program());
  for (const std::string& label : from.labels()) good &= !label.empty() && IsName(label);
  if (!good) return "a name that is too long or has odd letters";
  to.region = from.region();
  to.domain = from.domain();
  to.program = from.program();
  to.labels.assign(from.labels().begin(), from.labels().end());
  return kFine;
}

Error Take(const Register& from, Registration& to) {
  to.version = from.version();
  to.id = from.id();
  // Of another version nothing else is known to mean what it says.
  if (to.version != kProtocolVersion) return kFine;
  if (to.id == 0) return "no id";
  if (!IsTime(from.unix_ms())) return "a date that is none";
  to.instance = from.instance();
  to.clock = Time(from.unix_ms());
  to.tcp = from.tcp();
  if (from.stacks() == 0 || from.stacks() > 3) return "voice stacks that aren't known";
  to.stacks = static_cast<std::uint8_t>(from.stacks());
  if (!IsCapacity(from.packets_per_second(), kPacketsPerSecondMax) ||
      !IsCapacity(from.bits_per_second(), kBitsPerSecondMax) ||
      !IsCapacity(from.calls(), kCallsMax)) {
    return "a capacity that can't be";
  }
  to.packets_per_second = from.packets_per_second();
  to.bits_per_second = from.bits_per_second();
  to.calls = from.calls();
  to.live_calls = from.live_calls();
  const Error error = TakeAddresses(from, to);
  return error.empty() ? TakeNames(from, to) : error;
}

Error Take(const Drops& from, DropCounts& to) {
  if (static_cast<std::size_t>(from.dropped_size()) > kDropReasonsMax) {
    return "too many reasons for drops";
  }
  for (const Dropped& one : from.dropped()) {
    if (one.reason().empty() || !IsName(one.reason()) || one.packets() > kDroppedMax) {
      return "drops that can't be";
    }
    to.emplace_back(one.reason(), one.packets());
  }
  return kFine;
}

Error Take(const Heartbeat& from, Beat& to) {
  if (!IsTime(from.unix_ms())) return "a date that is none";
  to = {.number = from.number(),
        .clock = Time(from.unix_ms()),
        .load = {.packets_per_second = from.packets_per_second(),
                 .bits_per_second = from.bits_per_second(),
                 .cpu = from.cpu(),
                 .calls = from.calls()},
        .draining = from.draining(),
        .round_trip_us = from.round_trip_us()};
  return from.has_drops() ? Take(from.drops(), to.load.drops.emplace()) : kFine;
}

bool Take(const Leg& from, FlowSummary::Leg& to) {
  to = {.bytes = from.bytes(),
        .packets = from.packets(),
        .hellos = from.hellos(),
        .first = {},
        .last = {},
        .quality = {.rtt_mean_us = from.rtt_us(),
                    .rtt_min_us = from.rtt_min_us(),
                    .answered = from.answered(),
                    .lost = from.lost()},
        .ports = static_cast<std::uint8_t>(std::min<std::uint32_t>(from.ports(), 255)),
        .tcp = from.tcp()};
  if (from.bytes() > kFlowTrafficMax || !IsTime(from.first_ms()) || !IsTime(from.last_ms()) ||
      from.first_ms() > from.last_ms()) {
    return false;
  }
  to.first = Time(from.first_ms());
  to.last = Time(from.last_ms());
  return true;
}

Error Take(const Flows& from, FlowReport& to) {
  if (static_cast<std::size_t>(from.flows_size()) > kFlowsPerFrameMax) return "too many flows";
  to.flows.reserve(static_cast<std::size_t>(from.flows_size()));
  for (const Flow& one : from.flows()) {
    FlowSummary& flow = to.flows.emplace_back();
    flow.key = one.call();
    if (!IsTime(one.began_ms()) || !IsTime(one.ended_ms()) ||
        one.reason() > static_cast<std::uint32_t>(EndReason::kDenied) ||
        !Take(one.caller(), flow.legs[0]) || !Take(one.callee(), flow.legs[1])) {
      return "a flow that can't be";
    }
    flow.began = Time(one.began_ms());
    flow.ended = Time(one.ended_ms());
    flow.reason = static_cast<EndReason>(one.reason());
  }
  return kFine;
}

Error Take(const Keys& from, KeySet& to) {
  if (static_cast<std::size_t>(from.keys_size()) > kTagKeyIds) return "too many keys";
  for (const Key& one : from.keys()) {
    TagKey key;
    if (one.id() >= kTagKeyIds || one.key().size() != key.view().size()) {
      return "a key that is none";
    }
    std::copy(one.key().begin(), one.key().end(), key.mutable_view().begin());
    to.emplace_back(static_cast<std::uint8_t>(one.id()), key);
  }
  return kFine;
}

Error Take(const Registered& from, Welcome& to) {
  const Duration every(from.heartbeat_ms());
  if (!IsTime(from.unix_ms())) return "a date that is none";
  if (every < kBeatEveryMin || every > kBeatEvery) return "heartbeats too fast or too slow";
  to.clock = Time(from.unix_ms());
  to.draining = from.draining();
  to.beat_every = every;
  to.instance = from.instance();
  return Take(from.keys(), to.keys);
}

Error Take(const Refused& from, Refusal& to) {
  // A reason of a newer version: whether it heals isn't known, so it may.
  const bool known = from.reason() <= static_cast<std::uint32_t>(RefusalReason::kRejected);
  to.reason = known ? static_cast<RefusalReason>(from.reason()) : RefusalReason::kUnavailable;
  to.text = Printable(from.text());
  return kFine;
}

Error Take(const HeartbeatAck& from, BeatSeen& to) {
  if (!IsTime(from.unix_ms())) return "a date that is none";
  to = {from.number(), Time(from.unix_ms())};
  return kFine;
}

template <class To, class From, class Message>
Result<Message, std::string_view> Taken(const From& from) {
  To to;
  const Error error = Take(from, to);
  if (!error.empty()) return Unexpected{error};
  return Message(std::move(to));
}

}  // namespace

Result<FromRelaySide, std::string_view> DecodeFromRelay(ByteView payload) {
  using Message = FromRelaySide;
  FromRelay frame;
  if (!frame.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Unexpected{Error("a frame that can't be read")};
  }
  switch (frame.body_case()) {
    case FromRelay::kRegistration:
      return Taken<Registration, Register, Message>(frame.registration());
    case FromRelay::kHeartbeat:
      return Taken<Beat, Heartbeat, Message>(frame.heartbeat());
    case FromRelay::kFlows:
      return Taken<FlowReport, Flows, Message>(frame.flows());
    case FromRelay::kBye:
      return Message(Farewell{Printable(frame.bye().text())});
    case FromRelay::BODY_NOT_SET:
      break;
  }
  return Message(Unknown{});
}

Result<FromServerSide, std::string_view> DecodeFromServer(ByteView payload) {
  using Message = FromServerSide;
  FromServer frame;
  if (!frame.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Unexpected{Error("a frame that can't be read")};
  }
  switch (frame.body_case()) {
    case FromServer::kRegistered:
      return Taken<Welcome, Registered, Message>(frame.registered());
    case FromServer::kRefused:
      return Taken<Refusal, Refused, Message>(frame.refused());
    case FromServer::kHeartbeatAck:
      return Taken<BeatSeen, HeartbeatAck, Message>(frame.heartbeat_ack());
    case FromServer::kKeys: {
      NewKeys keys;
      const Error error = Take(frame.keys(), keys.keys);
      if (!error.empty()) return Unexpected{error};
      return Message(std::move(keys));
    }
    case FromServer::kDrain:
      return Message(DrainOrder{frame.drain().on()});
    case FromServer::kDeny:
      return Message(DenyOrder{frame.deny().call()});
    case FromServer::kBye:
      return Message(Farewell{Printable(frame.bye().text())});
    case FromServer::BODY_NOT_SET:
      break;
  }
  return Message(Unknown{});
}

}  // namespace trunkline::relay::control

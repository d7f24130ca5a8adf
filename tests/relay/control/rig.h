// Both ends of a control link in one thread, with clocks that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relay/control.pb.h"
#include "relay/control/limits.h"
#include "relay/control/relay_end.h"
#include "relay/control/server_end.h"

namespace trunkline::relay::control {

inline constexpr std::int64_t kUnixMs = 1'767'225'600'000;

inline Moment At(std::int64_t ms) {
  return {static_cast<std::uint64_t>(1'000'000 + ms) * 1000, FromUnixMillis(kUnixMs + ms)};
}

inline Registration SomeRegistration() {
  Registration registration;
  registration.version = kProtocolVersion;
  registration.clock = At(0).wall;
  registration.id = 7;
  registration.instance = 0x1122334455667788;
  registration.ipv4 = Ipv4(192, 0, 2, 10);
  registration.ipv6 = {0x20, 1, 0xd, 0xb8};
  registration.port = 4431;
  registration.tcp = true;
  registration.stacks = 3;
  registration.region = "eu-1";
  registration.domain = "rack-2";
  registration.labels = {"gold", "tenant:a"};
  registration.packets_per_second = 1e5F;
  registration.bits_per_second = 1e9F;
  registration.calls = 2000;
  registration.program = "0.5";
  registration.live_calls = 12;
  return registration;
}

inline TagKey SomeKey(std::uint8_t first) {
  TagKey key;
  for (std::uint8_t& byte : key.mutable_view()) byte = first++;
  return key;
}

inline Welcome SomeWelcome() {
  return {.clock = At(0).wall,
          .keys = {{0, SomeKey(1)}, {5, SomeKey(99)}},
          .draining = true,
          .beat_every = kBeatEvery,
          .instance = 77};
}

// With the largest value in every field.
inline FlowSummary LongestFlow() {
  FlowSummary flow;
  const WallTime last = FromUnixMillis(static_cast<std::int64_t>(kUnixMsMax));
  flow.key = ~CallKey{0};
  flow.began = flow.ended = last;
  flow.reason = EndReason::kDenied;
  for (FlowSummary::Leg& leg : flow.legs) {
    leg = {.bytes = kFlowTrafficMax,
           .packets = ~0u,
           .hellos = ~0u,
           .first = last,
           .last = last,
           .quality = {~0u, ~0u, ~0u, ~0u},
           .ports = 255,
           .tcp = true};
  }
  return flow;
}

template <class Message>
Bytes FrameOf(const Message& message) {
  Bytes bytes;
  if constexpr (std::is_constructible_v<FromRelaySide, Message>) {
    AppendFrame(FromRelaySide(message), bytes);
  } else {
    AppendFrame(FromServerSide(message), bytes);
  }
  return bytes;
}

// A frame around a protobuf message, whatever it holds.
template <class Proto>
Bytes Framed(const Proto& message) {
  const std::string body = message.SerializeAsString();
  Bytes bytes = {
      static_cast<std::uint8_t>(body.size() >> 24), static_cast<std::uint8_t>(body.size() >> 16),
      static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())};
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

template <class End>
std::vector<typename End::Event> EventsOf(End& end) {
  std::vector<typename End::Event> events;
  while (auto event = end.Poll()) events.push_back(std::move(*event));
  return events;
}

// The one event there is; nullopt when there is another, or not exactly one.
template <class Event, class End>
std::optional<Event> Only(End& end) {
  auto events = EventsOf(end);
  if (events.size() != 1 || !std::holds_alternative<Event>(events[0])) return std::nullopt;
  return std::get<Event>(std::move(events[0]));
}

}  // namespace trunkline::relay::control

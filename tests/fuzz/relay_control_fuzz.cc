// Both ends of a control link fed with any bytes, whole and in pieces: the same events and the same
// answers must come, and no more may be kept than a frame. Byte 0: bit 7 the relay's end instead of
// the server's, bit 6 after the registration, bit 5 frames made here around pieces of the rest,
// and the size of the pieces.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "relay/control/relay_end.h"
#include "relay/control/server_end.h"

namespace {

using namespace trunkline;
using namespace trunkline::relay;
using namespace trunkline::relay::control;

constexpr std::int64_t kUnixMs = 1'767'225'600'000;

Moment At(std::uint64_t ms) {
  return {(1'000'000 + ms) * 1000, FromUnixMillis(kUnixMs + static_cast<std::int64_t>(ms))};
}

Registration SomeRegistration() {
  Registration registration;
  registration.version = kProtocolVersion;
  registration.clock = At(0).wall;
  registration.id = 7;
  registration.ipv4 = Ipv4(192, 0, 2, 10);
  registration.port = 4431;
  registration.stacks = 3;
  return registration;
}

struct Outcome {
  std::string events;  // which, and what they hold
  Bytes output;
  bool operator==(const Outcome&) const = default;
};

void Require(bool condition) {
  if (!condition) std::abort();
}

void Check(const Load& load) {
  Require(std::isfinite(load.packets_per_second) && load.packets_per_second >= 0);
  Require(std::isfinite(load.bits_per_second) && load.bits_per_second >= 0);
  Require(load.cpu >= 0 && load.cpu <= 1);
}

template <class End>
void TakeEvents(End& end, Outcome& outcome) {
  while (const auto event = end.Poll()) {
    outcome.events += static_cast<char>('0' + event->index());
    if constexpr (std::is_same_v<End, ServerEnd>) {
      if (const auto* const beat = std::get_if<Beat>(&*event)) Check(beat->load);
      if (const auto* const report = std::get_if<FlowReport>(&*event)) {
        Require(report->flows.size() <= kFlowsPerFrameMax);
        outcome.events += std::to_string(report->flows.size());
      }
      if (const auto* const registration = std::get_if<Registration>(&*event)) {
        Require(registration->id != 0 && registration->port != 0);
        Require(registration->labels.size() <= kLabelsMax);
      }
    } else {
      if (const auto* const refusal = std::get_if<Refusal>(&*event)) {
        Require(refusal->text.size() <= kTextBytesMax);
        outcome.events += refusal->text;
      }
    }
  }
  const Bytes output = end.TakeOutput();
  outcome.output.insert(outcome.output.end(), output.begin(), output.end());
}

template <class End>
Outcome Feed(End end, ByteView bytes, std::size_t step) {
  Outcome outcome;
  TakeEvents(end, outcome);
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(piece.size());
    end.Receive(piece, At(2));
    Require(end.buffered() <= kFrameBytesMax);
    TakeEvents(end, outcome);
  }
  if constexpr (std::is_same_v<End, ServerEnd>) {
    end.Tick(At(10'000));
  } else {
    end.Tick({}, false, At(10'000));
  }
  TakeEvents(end, outcome);
  Require(end.ended());
  return outcome;
}

template <class End>
End Registered() {
  if constexpr (std::is_same_v<End, ServerEnd>) {
    Bytes frame;
    AppendFrame(FromRelaySide(SomeRegistration()), frame);
    ServerEnd end(At(0));
    end.Receive(frame, At(0));
    end.Poll();
    end.Accept({.clock = {}, .keys = {}, .beat_every = kBeatEvery}, At(1));
    return end;
  } else {
    Bytes frame;
    AppendFrame(FromServerSide(Welcome{.clock = At(0).wall, .keys = {}, .beat_every = kBeatEvery}),
                frame);
    RelayEnd end(SomeRegistration(), At(0));
    end.Receive(frame, At(0));
    return end;
  }
}

// Up to 127 bytes behind a length that is right, again and again: bytes that a frame might hold are
// found sooner.
Bytes Framed(ByteView bytes) {
  Bytes wire;
  while (!bytes.empty()) {
    const std::size_t wanted = bytes[0] & 0x7f;
    const std::size_t size = std::min(wanted, bytes.size() - 1);
    if (size != 0) {
      wire.insert(wire.end(), {0, 0, 0, static_cast<std::uint8_t>(size)});
      wire.insert(wire.end(), bytes.begin() + 1,
                  bytes.begin() + 1 + static_cast<std::ptrdiff_t>(size));
    }
    bytes = bytes.subspan(1 + size);
  }
  return wire;
}

template <class End>
void Compare(const End& end, ByteView wire, std::size_t step) {
  if (Feed(end, wire, wire.size() + 1) != Feed(end, wire, step)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t how = data[0];
  const std::size_t step = 1 + (how & 0x1f);
  const ByteView rest(data + 1, size - 1);
  const Bytes wire = (how & 0x20) != 0 ? Framed(rest) : Bytes(rest.begin(), rest.end());
  const bool registered = (how & 0x40) != 0;
  if ((how & 0x80) != 0) {
    Compare(registered ? Registered<RelayEnd>() : RelayEnd(SomeRegistration(), At(0)), wire, step);
  } else {
    Compare(registered ? Registered<ServerEnd>() : ServerEnd(At(0)), wire, step);
  }
  return 0;
}

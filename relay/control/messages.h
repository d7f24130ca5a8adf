// The words of the control channel (relay/control.proto) as values that own what they hold, and
// their bytes. Whatever Decode returns is within the bounds of limits.h, but for figures of load,
// which ServerEnd judges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"
#include "common/time.h"
#include "relay/endpoint.h"
#include "relay/reflector.h"
#include "relay/tag.h"

namespace trunkline::relay::control {

struct Registration {
  std::uint32_t version = 0;
  std::uint32_t id = 0;
  std::uint64_t instance = 0;
  WallTime clock{};
  Ip ipv4{}, ipv6{};  // zeros: none; ipv4 as ::ffff:a.b.c.d
  std::uint16_t port = 0;
  bool tcp = false;
  std::uint8_t stacks = 0;
  std::string region, domain;
  std::vector<std::string> labels;
  float packets_per_second = 0, bits_per_second = 0, calls = 0;  // capacity; 0: not said
  std::string program;
  std::uint32_t live_calls = 0;
};

// Packets by reason.
using DropCounts = std::vector<std::pair<std::string, std::uint64_t>>;

struct Load {
  float packets_per_second = 0, bits_per_second = 0, cpu = 0;
  std::uint32_t calls = 0;
  std::optional<DropCounts> drops{};  // since the relay's start; none: not told
};
struct Beat {
  std::uint64_t number = 0;
  WallTime clock{};
  Load load;
  bool draining = false;
  std::uint32_t round_trip_us = 0;
};

struct FlowReport {
  std::vector<FlowSummary> flows;
};

// A clean end, with a word for the log. Texts are printable: other bytes became '?'.
struct Farewell {
  std::string text;
};

using KeySet = std::vector<std::pair<std::uint8_t, TagKey>>;

struct Welcome {
  WallTime clock{};
  KeySet keys;
  bool draining = false;
  Duration beat_every{};
  std::uint64_t instance = 0;
};

enum class RefusalReason : std::uint8_t {
  kUnavailable,  // heals by itself: the server is starting, full, or stopping
  kDuplicate,    // the id or the address belongs to another live relay
  kVersion,      // another protocol
  kClockSkew,
  kMalformed,  // a message that can't be
  kRejected,   // the server doesn't want this relay
};
struct Refusal {
  RefusalReason reason = RefusalReason::kUnavailable;
  std::string text;
};
// Whether trying again can't help as long as nobody changes a configuration.
constexpr bool IsFinal(RefusalReason reason) {
  return reason == RefusalReason::kDuplicate || reason == RefusalReason::kVersion ||
         reason == RefusalReason::kMalformed || reason == RefusalReason::kRejected;
}

struct BeatSeen {
  std::uint64_t number = 0;
  WallTime clock{};
};
struct NewKeys {
  KeySet keys;
};
struct DrainOrder {
  bool on = false;
};
struct DenyOrder {
  CallKey call = 0;
};

struct Unknown {};  // of a newer version: to be skipped

using FromRelaySide = std::variant<Unknown, Registration, Beat, FlowReport, Farewell>;
using FromServerSide =
    std::variant<Unknown, Welcome, Refusal, BeatSeen, NewKeys, DrainOrder, DenyOrder, Farewell>;

// Adds a whole frame. Bounds are the caller's duty and CHECKed: names and texts are cut to theirs.
void AppendFrame(const FromRelaySide& message, Bytes& out);
void AppendFrame(const FromServerSide& message, Bytes& out);

// Of a frame's payload. The error says what is wrong, as static text.
Result<FromRelaySide, std::string_view> DecodeFromRelay(ByteView payload);
Result<FromServerSide, std::string_view> DecodeFromServer(ByteView payload);

// Cuts frames from a stream, whatever pieces it comes in. Keeps less than one frame.
class FrameReader {
 public:
  enum class Next : std::uint8_t { kMore, kFrame, kBad };
  // Takes from the front of `bytes` what the frame at hand lacks. kFrame: payload() until the next
  // call; `bytes_max` is the bound of this frame. kBad: an empty frame, or one beyond its bound;
  // nothing can follow.
  Next Take(ByteView& bytes, std::size_t bytes_max);
  ByteView payload() const { return payload_; }
  std::size_t buffered() const { return payload_.size(); }

 private:
  std::array<std::uint8_t, 4> header_{};
  std::size_t header_bytes_ = 0, size_ = 0;
  bool whole_ = false;
  Bytes payload_;
};

}  // namespace trunkline::relay::control

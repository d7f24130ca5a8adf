#include <algorithm>
#include <chrono>
#include <functional>

#include "bench/relay/ways.h"
#include "relay/packet.h"
#include "relay/tag.h"

namespace trunkline::bench {
namespace {

using relay::Side;

constexpr std::uint32_t kBinding = 0x0100, kSuccess = 0x0101;  // as two bytes are read
constexpr std::uint64_t kOpeningNs = 15'000'000'000;
constexpr int kRoundMs = 50;
constexpr std::size_t kInnerAt = relay::kPortHeaderBytes;
constexpr std::size_t kStunBytes = 20;

// Random tags of the two sides of a call.
std::uint32_t TailOf(Side side, std::uint32_t call) {
  return 0x1000'0000u * (1 + static_cast<std::uint32_t>(side)) + call;
}

Bytes PortPacket(const relay::Tag& tag, Side from, std::uint32_t call, ByteView inner) {
  Bytes packet(kInnerAt + inner.size());
  std::copy_n(tag.begin(), relay::kTagPrefixBytes, packet.begin());
  StoreLittle(&packet[12], TailOf(relay::OtherSide(from), call));
  StoreLittle(&packet[16], TailOf(from, call));
  StoreLittle(&packet[20], __builtin_bswap32(static_cast<std::uint32_t>(inner.size())));
  std::copy(inner.begin(), inner.end(), packet.begin() + kInnerAt);
  return packet;
}

Bytes Hello(const relay::Tag& tag, Side from, std::uint32_t call) {
  Bytes packet(relay::kPingBytes, 0xff);
  std::copy_n(tag.begin(), relay::kTagPrefixBytes, packet.begin());
  StoreLittle(&packet[12], TailOf(from, call));
  StoreLittle(&packet[28], 0xfffffffe);
  StoreLittle(&packet[32], std::uint64_t{123} << 56);
  return packet;
}

class ReflectorWay : public Way {
 public:
  ReflectorWay(std::uint32_t relay_id, const std::string& secret)
      : key_(relay::DeriveTagKey(AsBytes(secret), relay_id, 0)) {
    stamp_out = stamp_in = kInnerAt;
    size_in = kInnerAt + kVoiceBytes;
  }

  bool Open(Wire& caller, Wire& callee, std::uint32_t calls) override {
    const auto now = std::chrono::time_point_cast<WallTime::duration>(WallTime::clock::now());
    const auto slot = relay::TagSlotOf(now + std::chrono::hours(1));
    const auto first = static_cast<std::uint32_t>(UnixMillis(now));
    for (std::uint32_t i = 0; i < calls; ++i) {
      Call& call = calls_.emplace_back();
      for (const Side side : {Side::kCaller, Side::kCallee}) {
        call.tags[Index(side)] =
            relay::MintTag(key_, {.side = side, .expiry_slot = slot, .nonce = first + i});
      }
      const Bytes voice(kVoiceBytes, 0x80);
      call.voice = PortPacket(call.tags[0], Side::kCaller, i, voice);
    }
    Wire* const wires[] = {&caller, &callee};
    const std::uint64_t until = NowNs(CLOCK_MONOTONIC) + kOpeningNs;
    while (NowNs(CLOCK_MONOTONIC) < until) {
      bool all = true;
      for (std::uint32_t i = 0; i < calls; ++i) {
        for (const Side side : {Side::kCaller, Side::kCallee})
          all &= Step(*wires[Index(side)], side, i);
        // In pieces, or the answers wouldn't fit into the buffers.
        if (i % kBurst == 0) TakeAll(wires, 0);
      }
      if (all) return true;
      TakeAll(wires, kRoundMs);
    }
    return false;
  }

  ByteSpan PacketOf(std::uint32_t call) override { return calls_[call].voice; }

 private:
  struct Call {
    relay::Tag tags[2];
    bool heard[2] = {}, proved[2] = {};  // hello answered; address shown to be real
    Bytes voice;
  };
  static std::size_t Index(Side side) { return static_cast<std::size_t>(side); }

  // Sends what this side has to say next. True: nothing any more.
  bool Step(Wire& wire, Side side, std::uint32_t i) {
    Call& call = calls_[i];
    const std::size_t own = Index(side);
    if (!call.heard[own]) {
      wire.Send(i, Hello(call.tags[own], side, i));
      return false;
    }
    // The other side is proved by its answer to a check of this one.
    if (call.proved[1 - own]) return true;
    if (call.heard[1 - own]) wire.Send(i, Check(side, i, kBinding));
    return false;
  }

  Bytes Check(Side from, std::uint32_t i, std::uint32_t type) const {
    Bytes stun(kStunBytes);
    StoreLittle(stun.data(), static_cast<std::uint16_t>(type));
    StoreLittle(&stun[4], __builtin_bswap32(0x2112A442));
    // The transaction names who asked.
    const Side asked = type == kBinding ? from : relay::OtherSide(from);
    StoreLittle(&stun[8], TailOf(asked, i));
    return PortPacket(calls_[i].tags[Index(from)], from, i, stun);
  }

  void TakeAll(Wire* const wires[2], int wait_ms) {
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      for (auto in = wires[Index(side)]->Receive(wait_ms); !in.empty();
           in = wires[Index(side)]->Receive()) {
        for (const Wire::In& one : in) Take(*wires[Index(side)], side, one);
      }
    }
  }

  void Take(Wire& wire, Side side, const Wire::In& in) {
    if (in.call >= calls_.size() || in.packet.size() < kInnerAt + kStunBytes - 4) return;
    Call& call = calls_[in.call];
    if (in.packet.size() == relay::kPingBytes) {
      call.heard[Index(side)] = true;
    } else if (in.packet.size() == kInnerAt + kStunBytes) {
      const auto type = LoadLittle<std::uint16_t>(&in.packet[kInnerAt]);
      if (type == kBinding) wire.Send(in.call, Check(side, in.call, kSuccess));
      if (type == kSuccess) call.proved[1 - Index(side)] = true;
    }
  }

  const relay::TagKey key_;
  std::vector<Call> calls_;
};

// Needs no opening: the forwarder sends from one side's port to the other's.
class ForwarderWay : public Way {
 public:
  ForwarderWay() {
    size_in = kInnerAt + kVoiceBytes;
    packet_.assign(size_in, 0x80);
  }
  bool Open(Wire&, Wire&, std::uint32_t) override { return true; }
  ByteSpan PacketOf(std::uint32_t) override { return packet_; }

 private:
  Bytes packet_;
};

}  // namespace

std::unique_ptr<Way> ThroughReflector(std::uint32_t relay_id, std::string secret) {
  return std::make_unique<ReflectorWay>(relay_id, secret);
}

std::unique_ptr<Way> ThroughForwarder() {
  return std::make_unique<ForwarderWay>();
}

}  // namespace trunkline::bench

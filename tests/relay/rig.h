// A reflector with a clock that tests move, and packets as clients make them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "relay/packet.h"
#include "relay/reflector.h"
#include "tests/common/vectors.h"

namespace trunkline::relay {

inline constexpr std::int64_t kDate = 1'767'225'600;

inline TagKey TestKey(std::uint8_t first = 0) {
  TagKey key;
  for (std::uint8_t& byte : key.mutable_view()) byte = first++;
  return key;
}

inline Endpoint Udp(Ip ip, std::uint16_t port, std::uint8_t local = 0) {
  return {.ip = ip, .connection = 0, .port = port, .transport = Transport::kUdp, .local = local};
}
inline Endpoint Tcp(Ip ip, std::uint16_t port, std::uint32_t connection) {
  return {.ip = ip, .connection = connection, .port = port, .transport = Transport::kTcp};
}
inline const Endpoint kAt = Udp(Ipv4(192, 0, 2, 10), 49152);
inline const Endpoint kPeerAt = Udp(Ipv4(198, 51, 100, 7), 50001);

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
inline Bytes Of(const Tag& tag) {
  return {tag.begin(), tag.end()};
}
inline Bytes WithTail(const Tag& tag, std::uint32_t tail) {
  Bytes bytes = Of(tag);
  StoreLittle(bytes.data() + kTailAt, tail);
  return bytes;
}

inline Bytes Ping(const Tag& tag) {
  return Of(tag) + FromHex("ffffffffffffffffffffffff feffffff 0102030405060708");
}
inline Bytes PeerInfoRequest(const Tag& tag) {
  return Of(tag) + Bytes(16, 0xff);
}
inline Bytes VoipData(const Tag& tag, std::size_t payload = 144) {
  return Of(tag) + Bytes(payload, 0x5a);
}
inline Bytes Hello(const Tag& tag, std::uint32_t own) {
  return WithTail(tag, own) + FromHex("ffffffffffffffffffffffff feffffff 000000000000007b");
}
inline Bytes PortPacket(const Tag& tag, std::uint32_t target, std::uint32_t sender,
                        const Bytes& inner) {
  Bytes packet = WithTail(tag, target);
  packet.resize(kPortHeaderBytes);
  StoreLittle(packet.data() + 16, sender);
  StoreLittle(packet.data() + 20, __builtin_bswap32(static_cast<std::uint32_t>(inner.size())));
  packet = packet + inner;
  packet.resize((packet.size() + 3) / 4 * 4);
  return packet;
}
inline Bytes Check(bool request, std::uint8_t transaction) {
  return FromHex(request ? "00010000" : "01010000") + FromHex("2112a442") + Bytes(12, transaction);
}

class ReflectorTest : public testing::Test {
 protected:
  struct Sent {
    Drop drop;
    Bytes bytes;
    Endpoint to;
  };

  ReflectorTest() { Start({}); }

  void Start(const Limits& limits) {
    KeyRing ring;
    ring.Set(0, TestKey());
    verifier_ = std::make_unique<KeyRingVerifier>(ring);
    reflector_ = std::make_unique<Reflector>(limits, verifier_.get(), 1);
  }

  Sent Send(const Bytes& packet, const Endpoint& from) {
    Bytes buffer(kBufferBytes, 0xcc);
    std::copy(packet.begin(), packet.end(), buffer.begin());
    const Verdict verdict = reflector_->Receive(buffer, packet.size(), from, now_);
    buffer.resize(verdict.size);
    return {verdict.drop, buffer, verdict.to};
  }
  Drop Outcome(const Bytes& packet, const Endpoint& from) { return Send(packet, from).drop; }
  void Pass(std::uint64_t ms) {
    now_.micros += ms * 1000;
    now_.wall += std::chrono::milliseconds(ms);
  }
  // As often as the shell would.
  void PassTicking(std::uint64_t ms) {
    for (; ms > 0; ms -= 100) {
      Pass(100);
      reflector_->Tick(now_);
    }
  }
  std::uint64_t Dropped(Drop drop) const {
    return reflector_->counters().dropped[static_cast<std::size_t>(drop)];
  }

  static Tag TagOf(Side side, std::uint32_t nonce = 1, bool p2p = false,
                   std::int64_t from_now = 600, std::uint8_t key_id = 0) {
    return MintTag(TestKey(), {.key_id = key_id,
                               .p2p_allowed = p2p,
                               .side = side,
                               .expiry_slot = TagSlotOf(FromUnixSeconds(kDate + from_now)),
                               .nonce = nonce});
  }
  const Tag caller_ = TagOf(Side::kCaller), callee_ = TagOf(Side::kCallee);

  Moment now_{1'000'000'000, FromUnixSeconds(kDate)};
  std::unique_ptr<TagVerifier> verifier_;
  std::unique_ptr<Reflector> reflector_;
};

}  // namespace trunkline::relay

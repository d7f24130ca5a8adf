// The packets of both families of clients, as bytes. Offsets count from the start of the packet;
// integers are little-endian unless said otherwise.
//
//   any        tag 16 | ...
//   ping       tag 16 | FF x 12 | FE FF FF FF | query id 8        libtgvoip's ping, tgcalls' hello
//   self info  tag 16 | FF x 12 | C7 72 15 C0 | date i32 | query id 8 | ip 16 | port i32
//   hello ack  tag 16 | FF x 12 | C7 72 15 C0 | 8 zeros           no longer than the hello
//   peer info  request: tag 16 | FF x 16
//              answer:  tag 16 | FF x 12 | 1C 37 D9 27 | ipv4, port i32 | peer's ipv4, port i32
//   data       libtgvoip: tag 16 | payload
//              tgcalls:   prefix 12 | target 4 | sender 4 | u32 big-endian n | n bytes | padding
//   keep-alive tag 16 | 00 x 4                                     tgcalls over TCP only
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "relay/endpoint.h"
#include "relay/tag.h"

namespace trunkline::relay {

inline constexpr std::size_t kTailAt = 12;
inline constexpr std::size_t kSpecialBytesMin = 28;  // nothing valid over UDP is shorter
inline constexpr std::size_t kPingBytes = 40;
inline constexpr std::size_t kKeepAliveBytes = 20;
inline constexpr std::size_t kPortHeaderBytes = 24;

enum class PacketKind : std::uint8_t { kPing, kPeerInfo, kUnknownSpecial, kData };

// `packet` has at least kSpecialBytesMin bytes.
PacketKind KindOf(ByteView packet);
bool IsKeepAlive(ByteView packet);

inline std::uint32_t TailOf(ByteView packet) {
  return LoadLittle<std::uint32_t>(packet.data() + kTailAt);
}
inline std::uint32_t TailOf(const Tag& tag) {
  return LoadLittle<std::uint32_t>(tag.data() + kTailAt);
}

// tgcalls data. nullopt: the length inside doesn't fit.
struct PortData {
  std::uint32_t target, sender;  // random tags of two ports
  ByteView inner;
};
std::optional<PortData> ReadPortData(ByteView packet);

// The connectivity checks that cross the relay in clear.
struct StunCheck {
  enum class Kind : std::uint8_t { kNone, kRequest, kSuccess };
  Kind kind = Kind::kNone;
  std::uint64_t transaction = 0;  // digest of the 96-bit id
};
StunCheck StunCheckOf(ByteView inner);

// A raw STUN message to the relay's own port: it has no tag.
bool IsStun(ByteView packet);
bool IsStunBindingRequest(ByteView packet);  // of what IsStun

// Answers, written over the question. `buffer` has room for kBufferBytes; the size is returned.
std::size_t WriteSelfInfo(ByteSpan buffer, const Endpoint& seen_at, std::int32_t date);
std::size_t WriteHelloAck(ByteSpan buffer);
// Both are IPv4.
std::size_t WritePeerInfo(ByteSpan buffer, const Endpoint& own, const Endpoint& peer);
std::size_t WriteStunBinding(ByteSpan buffer, const Endpoint& seen_at);

}  // namespace trunkline::relay

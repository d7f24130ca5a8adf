#include "relay/packet.h"

#include "common/mix.h"

#include <algorithm>

namespace trunkline::relay {
namespace {

constexpr std::size_t kIdAt = 28;
constexpr std::uint32_t kPingId = 0xfffffffe, kPeerInfoId = 0xffffffff;
constexpr std::uint32_t kSelfInfoAnswer = 0xc01572c7, kPeerInfoAnswer = 0x27d9371c;

constexpr std::size_t kStunHeader = 20;
constexpr std::uint32_t kStunCookie = 0x42a41221;                      // 21 12 A4 42
constexpr std::uint16_t kStunRequest = 0x0100, kStunSuccess = 0x0101;  // 00 01 and 01 01
// Checks are small; what is larger is media and not worth a look.
constexpr std::size_t kStunCheckBytesMax = 512;

std::uint16_t BigU16(const std::uint8_t* from) {
  return static_cast<std::uint16_t>(from[0] << 8 | from[1]);
}
void PutBigU16(std::uint8_t* to, unsigned value) {
  to[0] = static_cast<std::uint8_t>(value >> 8);
  to[1] = static_cast<std::uint8_t>(value);
}

void PutIpv4AndPort(std::uint8_t* to, const Endpoint& endpoint) {
  std::copy_n(endpoint.ip.begin() + 12, 4, to);
  StoreLittle(to + 4, std::int32_t{endpoint.port});
}

}  // namespace

PacketKind KindOf(ByteView packet) {
  const std::uint8_t* const at = packet.data() + kTagBytes;
  const bool special = LoadLittle<std::uint64_t>(at) == ~std::uint64_t{0} &&
                       LoadLittle<std::uint32_t>(at + 8) == ~std::uint32_t{0};
  if (!special) return PacketKind::kData;
  if (packet.size() < kIdAt + 4) return PacketKind::kUnknownSpecial;
  const auto id = LoadLittle<std::uint32_t>(packet.data() + kIdAt);
  if (id == kPingId && packet.size() >= kPingBytes) return PacketKind::kPing;
  return id == kPeerInfoId ? PacketKind::kPeerInfo : PacketKind::kUnknownSpecial;
}

bool IsKeepAlive(ByteView packet) {
  return packet.size() == kKeepAliveBytes &&
         LoadLittle<std::uint32_t>(packet.data() + kTagBytes) == 0;
}

std::optional<PortData> ReadPortData(ByteView packet) {
  if (packet.size() <= kPortHeaderBytes) return std::nullopt;
  const std::uint32_t size = __builtin_bswap32(LoadLittle<std::uint32_t>(packet.data() + 20));
  if (size > packet.size() - kPortHeaderBytes) return std::nullopt;
  return PortData{TailOf(packet), LoadLittle<std::uint32_t>(packet.data() + 16),
                  packet.subspan(kPortHeaderBytes, size)};
}

StunCheck StunCheckOf(ByteView inner) {
  if (inner.size() < kStunHeader || inner.size() > kStunCheckBytesMax) return {};
  if (LoadLittle<std::uint32_t>(inner.data() + 4) != kStunCookie) return {};
  const auto type = LoadLittle<std::uint16_t>(inner.data());
  if (type != kStunRequest && type != kStunSuccess) return {};
  const std::uint64_t transaction = Mix(Mix(LoadLittle<std::uint64_t>(inner.data() + 8)) ^
                                        LoadLittle<std::uint32_t>(inner.data() + 16));
  return {type == kStunRequest ? StunCheck::Kind::kRequest : StunCheck::Kind::kSuccess,
          transaction};
}

bool IsStun(ByteView packet) {
  return packet.size() >= kStunHeader && (packet[0] & 0xc0) == 0 &&
         LoadLittle<std::uint32_t>(packet.data() + 4) == kStunCookie &&
         BigU16(packet.data() + 2) == packet.size() - kStunHeader;
}

bool IsStunBindingRequest(ByteView packet) {
  return LoadLittle<std::uint16_t>(packet.data()) == kStunRequest;
}

std::size_t WriteSelfInfo(ByteSpan buffer, const Endpoint& seen_at, std::int32_t date) {
  std::uint8_t* const at = buffer.data() + kIdAt;
  std::copy_backward(at + 4, at + 12, at + 16);  // the query id
  StoreLittle(at, kSelfInfoAnswer);
  StoreLittle(at + 4, date);
  std::copy(seen_at.ip.begin(), seen_at.ip.end(), at + 16);
  StoreLittle(at + 32, std::int32_t{seen_at.port});
  return 64;
}

std::size_t WriteHelloAck(ByteSpan buffer) {
  // Not the hello itself: two relays that answer each other's answers would never end.
  StoreLittle(buffer.data() + kIdAt, kSelfInfoAnswer);
  StoreLittle(buffer.data() + kIdAt + 4, std::uint64_t{0});
  return kPingBytes;
}

std::size_t WritePeerInfo(ByteSpan buffer, const Endpoint& own, const Endpoint& peer) {
  StoreLittle(buffer.data() + kIdAt, kPeerInfoAnswer);
  PutIpv4AndPort(buffer.data() + 32, own);
  PutIpv4AndPort(buffer.data() + 40, peer);
  return 48;
}

std::size_t WriteStunBinding(ByteSpan buffer, const Endpoint& seen_at) {
  const bool ipv4 = IsIpv4(seen_at.ip);
  const std::size_t address_bytes = ipv4 ? 4 : 16;
  std::uint8_t* const attribute = buffer.data() + kStunHeader;
  PutBigU16(buffer.data(), 0x0101);
  PutBigU16(buffer.data() + 2, static_cast<unsigned>(8 + address_bytes));
  PutBigU16(attribute, 0x0020);  // XOR-MAPPED-ADDRESS
  PutBigU16(attribute + 2, static_cast<unsigned>(4 + address_bytes));
  PutBigU16(attribute + 4, ipv4 ? 1 : 2);
  PutBigU16(attribute + 6, seen_at.port ^ 0x2112u);
  // The mask is the cookie and, for IPv6, the transaction id behind it.
  for (std::size_t i = 0; i < address_bytes; ++i) {
    attribute[8 + i] =
        static_cast<std::uint8_t>(seen_at.ip[16 - address_bytes + i] ^ buffer[4 + i]);
  }
  return kStunHeader + 8 + address_bytes;
}

}  // namespace trunkline::relay

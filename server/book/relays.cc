#include "server/book/relays.h"

#include <array>
#include <string>

#include "common/crypto/sha.h"
#include "server/book/limits.h"
#include "server/call/machine.h"

namespace trunkline::book {
namespace {

constexpr std::size_t kHashBlockBytes = 64;

crypto::Sha1Digest HmacSha1(ByteView key, ByteView message) {
  std::array<std::uint8_t, kHashBlockBytes> inner{}, outer{};
  crypto::Sha1Digest shortened;
  if (key.size() > kHashBlockBytes) {
    shortened = crypto::Sha1(key);
    key = shortened;
  }
  for (std::size_t i = 0; i < kHashBlockBytes; ++i) {
    const std::uint8_t byte = i < key.size() ? key[i] : std::uint8_t{0};
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  const crypto::Sha1Digest digest = crypto::Sha1({ByteView(inner), message});
  return crypto::Sha1({ByteView(outer), ByteView(digest)});
}

std::string ToBase64(ByteView bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    std::uint32_t group = static_cast<std::uint32_t>(bytes[at]) << 16;
    if (left > 1) group |= static_cast<std::uint32_t>(bytes[at + 1]) << 8;
    if (left > 2) group |= bytes[at + 2];
    text += kLetters[group >> 18];
    text += kLetters[(group >> 12) & 63];
    text += left > 1 ? kLetters[(group >> 6) & 63] : '=';
    text += left > 2 ? kLetters[group & 63] : '=';
  }
  return text;
}

Connection CommonPart(const RelayConfig& relay) {
  Connection connection;
  connection.kind = relay.kind;
  connection.id = relay.id;
  connection.ip = relay.ip;
  connection.ipv6 = relay.ipv6;
  connection.port = relay.port;
  connection.tcp = relay.tcp;
  connection.turn = relay.turn;
  connection.stun = relay.stun;
  return connection;
}

// TURN credentials that end by themselves: user = expiry ":" call "." side, password = HMAC of it.
void SetCredentials(const RelayConfig& relay, CallId call, int side, WallTime now,
                    Connection& connection) {
  if (relay.turn_secret.empty()) return;
  connection.username = std::to_string(UnixSeconds(now + call::kActiveMax)) + ":" +
                        std::to_string(call.value()) + "." + std::to_string(side);
  connection.password =
      ToBase64(HmacSha1(AsBytes(relay.turn_secret), AsBytes(connection.username)));
}

}  // namespace

Relays MakeRelays(const BookConfig& config, CallId call, bool p2p, WallTime now, Entropy& entropy) {
  Relays relays;
  for (const RelayConfig& relay : config.relays) {
    if (relays.caller.size() == kConnectionsMax) break;
    const bool webrtc = relay.kind == Connection::Kind::kWebrtc;
    if (webrtc && !relay.turn && !p2p) continue;
    Connection caller = CommonPart(relay);
    Connection callee = caller;
    if (webrtc) {
      SetCredentials(relay, call, 0, now, caller);
      SetCredentials(relay, call, 1, now, callee);
    } else {
      Bytes tag(kPeerTagBytes);
      entropy.Fill(tag);
      tag.back() &= 0xfe;
      caller.peer_tag = tag;
      tag.back() |= 1;
      callee.peer_tag = std::move(tag);
    }
    relays.caller.push_back(std::move(caller));
    relays.callee.push_back(std::move(callee));
  }
  return relays;
}

}  // namespace trunkline::book

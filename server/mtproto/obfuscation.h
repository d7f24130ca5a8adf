// The obfuscated transport: 64 bytes from the client, then AES-256-CTR over everything in both
// directions (MTProto transports: transport obfuscation). Pure. It hides, it doesn't protect.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "common/entropy.h"
#include "server/mtproto/framing.h"

namespace trunkline::mtproto {

inline constexpr std::size_t kObfuscationInitBytes = 64;
using ObfuscationInit = std::array<std::uint8_t, kObfuscationInitBytes>;

struct ObfuscationKeys {
  std::array<std::uint8_t, 32> to_server_key;
  std::array<std::uint8_t, 16> to_server_iv;
  std::array<std::uint8_t, 32> to_client_key;
  std::array<std::uint8_t, 16> to_client_iv;
};
// From bytes 8..55 of the init, which travel in clear. `secret` is empty, or the 16 bytes that a
// proxy gave its clients.
ObfuscationKeys DeriveObfuscationKeys(const ObfuscationInit& init, ByteView secret = {});

// True when no other transport (or HTTP, or TLS) begins with the same bytes.
bool IsObfuscationInit(const ObfuscationInit& init);

// First words of the plain transports, on the wire in this order.
inline constexpr std::uint8_t kAbridgedMagic = 0xef;
inline constexpr std::uint32_t kIntermediateMagic = 0xeeeeeeee;
inline constexpr std::uint32_t kPaddedMagic = 0xdddddddd;
bool LooksLikeHttp(std::uint32_t first_word);  // HEAD, POST, GET, OPTIONS
bool LooksLikeTls(std::uint32_t first_word);   // a ClientHello

class Obfuscation {
 public:
  // Server: what the client's 64 bytes ask for. nullopt when the tag inside names no transport.
  struct Accepted;
  static std::optional<Accepted> Accept(const ObfuscationInit& wire);
  // Client: draws an init for the transport inside (not full), and appends what travels.
  static Obfuscation Start(TransportKind inside, std::int16_t dc, Entropy& entropy, Bytes& out);

  crypto::AesCtr& to_server() { return to_server_; }
  crypto::AesCtr& to_client() { return to_client_; }

 private:
  explicit Obfuscation(const ObfuscationKeys& keys)
      : to_server_(keys.to_server_key, keys.to_server_iv),
        to_client_(keys.to_client_key, keys.to_client_iv) {}

  crypto::AesCtr to_server_;
  crypto::AesCtr to_client_;
};

struct Obfuscation::Accepted {
  Obfuscation streams;
  TransportKind inside;
  std::int16_t dc;  // random from many clients: never a reason to refuse
};

}  // namespace trunkline::mtproto

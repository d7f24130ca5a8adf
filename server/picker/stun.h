// STUN messages (RFC 8489, RFC 8656) as far as probing a server needs them. Integers on the wire
// are big-endian. What is read are views into the datagram.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace trunkline::picker {

inline constexpr std::uint32_t kStunCookie = 0x2112A442;
inline constexpr std::size_t kStunHeaderBytes = 20;
inline constexpr std::size_t kStunBytesMax = 1500;
inline constexpr std::size_t kStunTextBytesMax = 763;  // REALM, NONCE, SOFTWARE (14.9 to 14.14)

enum class StunMethod : std::uint16_t { kBinding = 1, kAllocate = 3, kRefresh = 4 };
enum class StunClass : std::uint16_t {
  kRequest = 0,
  kIndication = 0x10,
  kSuccess = 0x100,
  kError = 0x110
};

using StunTransaction = std::array<std::uint8_t, 12>;

struct StunAddress {
  bool ipv6 = false;
  std::array<std::uint8_t, 16> ip{};  // network order; IPv4 in the first four
  std::uint16_t port = 0;
  friend bool operator==(const StunAddress&, const StunAddress&) = default;
};

enum class StunError : std::uint8_t {
  kShort,        // under 20 bytes
  kNotStun,      // the first two bits, or the cookie
  kLength,       // not a multiple of 4, or not what came
  kAttribute,    // one that passes the end, or is longer than it may be
  kFingerprint,  // doesn't fit, or isn't last
};

struct StunMessage {
  StunMethod method = StunMethod::kBinding;  // any number below 0x1000 may come
  StunClass kind = StunClass::kRequest;
  StunTransaction transaction{};
  std::optional<StunAddress> mapped, relayed;  // XOR-MAPPED-ADDRESS, XOR-RELAYED-ADDRESS
  int error_code = 0;                          // 300 to 699, 0 = none
  std::string_view realm, nonce;
  std::optional<std::uint32_t> lifetime_seconds;
  bool has_integrity = false;

  // MESSAGE-INTEGRITY by this key. Constant time.
  bool IsSignedBy(ByteView key) const;

 private:
  friend Result<StunMessage, StunError> ReadStun(ByteView datagram);
  ByteView signed_bytes_, mac_;  // up to the attribute, and its value
};

// What follows MESSAGE-INTEGRITY is left out but for FINGERPRINT. Of attributes that come twice the
// first counts.
Result<StunMessage, StunError> ReadStun(ByteView datagram);

class StunWriter {
 public:
  StunWriter(StunMethod method, StunClass kind, const StunTransaction& transaction);
  StunWriter& Text(std::uint16_t type, std::string_view text) { return Add(type, AsBytes(text)); }
  StunWriter& Number(std::uint16_t type, std::uint32_t number);
  // For tests and servers: XOR-MAPPED-ADDRESS and its kin.
  StunWriter& Address(std::uint16_t type, const StunAddress& address);
  StunWriter& Add(std::uint16_t type, ByteView value);
  StunWriter& Sign(ByteView key);
  StunWriter& Fingerprint();
  Bytes Take() { return std::move(bytes_); }

 private:
  void SetLength(std::size_t bytes_after_header);
  Bytes bytes_;
};

inline constexpr std::uint16_t kStunUsername = 0x0006, kStunIntegrity = 0x0008,
                               kStunErrorCode = 0x0009, kStunLifetime = 0x000D,
                               kStunXorRelayed = 0x0016, kStunRealm = 0x0014, kStunNonce = 0x0015,
                               kStunRequestedTransport = 0x0019, kStunXorMapped = 0x0020,
                               kStunFingerprint = 0x8028;

// RFC 8489 9.2.2: MD5(username ":" realm ":" password).
std::array<std::uint8_t, 16> LongTermKey(std::string_view username, std::string_view realm,
                                         std::string_view password);

}  // namespace trunkline::picker

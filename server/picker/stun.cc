#include "server/picker/stun.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/crypto/md5.h"
#include "common/crypto/sha.h"
#include "common/secret.h"

namespace trunkline::picker {
namespace {

constexpr std::size_t kMacBytes = 20;
constexpr std::uint32_t kFingerprintMask = 0x5354554E;
constexpr std::uint8_t kIpv4 = 1, kIpv6 = 2;

std::uint16_t U16(ByteView bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}
std::uint32_t U32(ByteView bytes) {
  return static_cast<std::uint32_t>(U16(bytes)) << 16 | U16(bytes.subspan(2));
}
void AppendU16(std::uint16_t number, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(number >> 8));
  out.push_back(static_cast<std::uint8_t>(number));
}
void AppendU32(std::uint32_t number, Bytes& out) {
  AppendU16(static_cast<std::uint16_t>(number >> 16), out);
  AppendU16(static_cast<std::uint16_t>(number), out);
}

std::uint32_t FingerprintOf(ByteView bytes) {
  const uLong crc = crc32(crc32(0, nullptr, 0), bytes.data(), static_cast<uInt>(bytes.size()));
  return static_cast<std::uint32_t>(crc) ^ kFingerprintMask;
}

// What an address is XORed with: the cookie, then the transaction.
std::array<std::uint8_t, 16> Mask(const StunTransaction& transaction) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};
  std::ranges::copy(transaction, mask.begin() + 4);
  return mask;
}

std::optional<StunAddress> ReadAddress(ByteView value, const StunTransaction& transaction) {
  if (value.size() < 8) return std::nullopt;
  StunAddress address;
  address.ipv6 = value[1] == kIpv6;
  const std::size_t size = address.ipv6 ? 16 : 4;
  if ((!address.ipv6 && value[1] != kIpv4) || value.size() != 4 + size) return std::nullopt;
  address.port = U16(value.subspan(2)) ^ static_cast<std::uint16_t>(kStunCookie >> 16);
  const auto mask = Mask(transaction);
  for (std::size_t i = 0; i < size; ++i) address.ip[i] = value[4 + i] ^ mask[i];
  return address;
}

// Reads one attribute into `message`. false: it is longer or shorter than it may be.
bool ReadAttribute(std::uint16_t type, ByteView value, StunMessage& message) {
  const auto set_text = [&](std::string_view& text) {
    if (value.size() > kStunTextBytesMax) return false;
    if (text.empty()) text = AsText(value);
    return true;
  };
  const auto set_address = [&](std::optional<StunAddress>& address) {
    const auto read = ReadAddress(value, message.transaction);
    if (!address) address = read;
    return read.has_value();
  };
  switch (type) {
    case kStunRealm:
      return set_text(message.realm);
    case kStunNonce:
      return set_text(message.nonce);
    case kStunXorMapped:
      return set_address(message.mapped);
    case kStunXorRelayed:
      return set_address(message.relayed);
    case kStunLifetime:
      if (value.size() != 4) return false;
      if (!message.lifetime_seconds) message.lifetime_seconds = U32(value);
      return true;
    case kStunErrorCode:
      if (value.size() < 4) return false;
      if (message.error_code == 0) message.error_code = (value[2] & 7) * 100 + value[3];
      return value[3] < 100 && message.error_code >= 300 && message.error_code < 700;
    default:
      return true;
  }
}

}  // namespace

bool StunMessage::IsSignedBy(ByteView key) const {
  if (!has_integrity) return false;
  // The MAC covers a header whose length ends with the attribute itself.
  Bytes covered(signed_bytes_.begin(), signed_bytes_.end());
  const std::size_t length = covered.size() - kStunHeaderBytes + 4 + kMacBytes;
  covered[2] = static_cast<std::uint8_t>(length >> 8);
  covered[3] = static_cast<std::uint8_t>(length);
  return SecretEquals(crypto::HmacSha1(key, covered), mac_);
}

Result<StunMessage, StunError> ReadStun(ByteView datagram) {
  if (datagram.size() < kStunHeaderBytes) return Unexpected{StunError::kShort};
  if (datagram[0] >= 0x40 || U32(datagram.subspan(4)) != kStunCookie) {
    return Unexpected{StunError::kNotStun};
  }
  if (datagram.size() > kStunBytesMax || datagram.size() % 4 != 0 ||
      U16(datagram.subspan(2)) != datagram.size() - kStunHeaderBytes) {
    return Unexpected{StunError::kLength};
  }
  StunMessage message;
  const std::uint16_t type = U16(datagram);
  message.kind = static_cast<StunClass>(type & 0x110);
  message.method =
      static_cast<StunMethod>((type & 0xf) | (type & 0xe0) >> 1 | (type & 0x3e00) >> 2);
  std::copy_n(datagram.begin() + 8, message.transaction.size(), message.transaction.begin());
  std::size_t at = kStunHeaderBytes;
  while (at < datagram.size()) {
    const std::uint16_t attribute = U16(datagram.subspan(at));
    const std::size_t size = U16(datagram.subspan(at + 2));
    if (size > datagram.size() - at - 4) return Unexpected{StunError::kAttribute};
    const ByteView value = datagram.subspan(at + 4, size);
    const std::size_t next = at + 4 + (size + 3) / 4 * 4;
    if (attribute == kStunFingerprint) {
      const bool fits =
          size == 4 && next == datagram.size() && U32(value) == FingerprintOf(datagram.first(at));
      if (!fits) return Unexpected{StunError::kFingerprint};
    } else if (attribute == kStunIntegrity && !message.has_integrity) {
      if (size != kMacBytes) return Unexpected{StunError::kAttribute};
      message.has_integrity = true;
      message.signed_bytes_ = datagram.first(at);
      message.mac_ = value;
    } else if (!message.has_integrity && !ReadAttribute(attribute, value, message)) {
      return Unexpected{StunError::kAttribute};
    }
    at = next;
  }
  return message;
}

StunWriter::StunWriter(StunMethod method, StunClass kind, const StunTransaction& transaction) {
  // Methods below 16 need no bits above the class.
  AppendU16(static_cast<std::uint16_t>(static_cast<unsigned>(method) | static_cast<unsigned>(kind)),
            bytes_);
  AppendU16(0, bytes_);
  AppendU32(kStunCookie, bytes_);
  bytes_.insert(bytes_.end(), transaction.begin(), transaction.end());
}

void StunWriter::SetLength(std::size_t bytes_after_header) {
  CHECK(bytes_after_header <= 0xffff);
  bytes_[2] = static_cast<std::uint8_t>(bytes_after_header >> 8);
  bytes_[3] = static_cast<std::uint8_t>(bytes_after_header);
}

StunWriter& StunWriter::Add(std::uint16_t type, ByteView value) {
  AppendU16(type, bytes_);
  AppendU16(static_cast<std::uint16_t>(value.size()), bytes_);
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.resize((bytes_.size() + 3) / 4 * 4);
  SetLength(bytes_.size() - kStunHeaderBytes);
  return *this;
}

StunWriter& StunWriter::Number(std::uint16_t type, std::uint32_t number) {
  Bytes value;
  AppendU32(number, value);
  return Add(type, value);
}

StunWriter& StunWriter::Address(std::uint16_t type, const StunAddress& address) {
  Bytes value{0, address.ipv6 ? kIpv6 : kIpv4};
  AppendU16(address.port ^ static_cast<std::uint16_t>(kStunCookie >> 16), value);
  StunTransaction transaction;
  std::copy_n(bytes_.begin() + 8, transaction.size(), transaction.begin());
  const auto mask = Mask(transaction);
  for (std::size_t i = 0; i < (address.ipv6 ? 16u : 4u); ++i) {
    value.push_back(static_cast<std::uint8_t>(address.ip[i] ^ mask[i]));
  }
  return Add(type, value);
}

StunWriter& StunWriter::Sign(ByteView key) {
  SetLength(bytes_.size() - kStunHeaderBytes + 4 + kMacBytes);
  return Add(kStunIntegrity, crypto::HmacSha1(key, bytes_));
}

StunWriter& StunWriter::Fingerprint() {
  SetLength(bytes_.size() - kStunHeaderBytes + 8);
  return Number(kStunFingerprint, FingerprintOf(bytes_));
}

std::array<std::uint8_t, 16> LongTermKey(std::string_view username, std::string_view realm,
                                         std::string_view password) {
  std::string text(username);
  text.append(":").append(realm).append(":").append(password);
  return crypto::Md5(AsBytes(text));
}

}  // namespace trunkline::picker

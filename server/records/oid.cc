#include "server/records/oid.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace trunkline::records {
namespace {

constexpr std::size_t kTimeBytes = 4;

void StoreBig(std::uint64_t value, ByteSpan out) {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

std::uint64_t LoadBig(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

Oid::Oid(std::uint32_t created_s, std::uint64_t number) {
  StoreBig(created_s, ByteSpan(bytes_).first(kTimeBytes));
  StoreBig(number, ByteSpan(bytes_).subspan(kTimeBytes));
}

Oid Oid::OfCall(std::int64_t created_ms, CallId call) {
  return {static_cast<std::uint32_t>(created_ms / 1000), static_cast<std::uint64_t>(call.value())};
}

Oid Oid::OfUser(UserId user) {
  return {0, static_cast<std::uint64_t>(user.value())};
}

std::optional<Oid> Oid::Parse(std::string_view hex) {
  const bool digits = std::all_of(hex.begin(), hex.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (hex.size() != kDigits || !digits) return std::nullopt;
  return FromBytes(AsBytes(absl::HexStringToBytes({hex.data(), hex.size()})));
}

std::optional<Oid> Oid::FromBytes(ByteView bytes) {
  if (bytes.size() != kBytes) return std::nullopt;
  Oid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
  return id;
}

std::string Oid::Hex() const {
  const auto text = AsText(bytes_);
  return absl::BytesToHexString({text.data(), text.size()});
}

std::uint32_t Oid::created_s() const {
  return static_cast<std::uint32_t>(LoadBig(bytes().first(kTimeBytes)));
}

std::uint64_t Oid::number() const {
  return LoadBig(bytes().subspan(kTimeBytes));
}

Oid OidSource::Next(std::int64_t now_ms) {
  return {static_cast<std::uint32_t>(now_ms / 1000), high_ << 48 | life_ << 32 | next_++};
}

}  // namespace trunkline::records

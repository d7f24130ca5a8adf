// The ids that HTTP clients see: twelve bytes, written as 24 lower-case hexadecimal digits. Four
// bytes of Unix seconds and eight of a number, both big-endian; a call's number is its MTProto id,
// a user's id has no time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/bytes.h"
#include "common/ids.h"

namespace trunkline::records {

class Oid {
 public:
  static constexpr std::size_t kBytes = 12;
  static constexpr std::size_t kDigits = 2 * kBytes;

  constexpr Oid() = default;
  Oid(std::uint32_t created_s, std::uint64_t number);
  static Oid OfCall(std::int64_t created_ms, CallId call);
  static Oid OfUser(UserId user);
  // Digits of either case; nullopt for anything but 24 of them.
  static std::optional<Oid> Parse(std::string_view hex);
  // From the store: kBytes bytes, else nullopt.
  static std::optional<Oid> FromBytes(ByteView bytes);

  std::string Hex() const;
  ByteView bytes() const { return bytes_; }
  std::uint32_t created_s() const;
  std::uint64_t number() const;
  CallId call() const { return CallId(static_cast<std::int64_t>(number())); }
  UserId user() const { return UserId(static_cast<std::int64_t>(number())); }
  explicit operator bool() const { return bytes_ != std::array<std::uint8_t, kBytes>{}; }

  friend auto operator<=>(const Oid&, const Oid&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Oid& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

// Numbers that no other node and no other life of this one gives: 16 bits of the node, 16 at
// random when the process starts, then a counter. Not thread-safe.
class OidSource {
 public:
  OidSource(std::uint16_t node, std::uint16_t life) : high_(node), life_(life) {}
  Oid Next(std::int64_t now_ms);

 private:
  const std::uint64_t high_, life_;
  std::uint32_t next_ = 0;
};

}  // namespace trunkline::records

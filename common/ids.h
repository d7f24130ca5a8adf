// Ids as types that refuse plain integers, so that a user id can't be passed where a call id
// belongs. All are 64-bit on the wire (little-endian in TL) unless said otherwise.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <utility>

namespace trunkline {

template <class Tag, class Int = std::int64_t>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(Int value) : value_(value) {}
  constexpr Int value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

  template <class H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Int value_ = 0;
};

using UserId = Id<struct UserIdTag>;  // > 0
using CallId = Id<struct CallIdTag>;  // > 0, rising, bits 54..63 clear, bits 44..53 the slot
using AccessHash = Id<struct AccessHashTag>;
using AuthKeyId = Id<struct AuthKeyIdTag>;  // low 64 bits of SHA1(auth key); 0 = unencrypted
using SessionId = Id<struct SessionIdTag>;  // chosen by the client
using MessageId =
    Id<struct MessageIdTag>;  // MTProto msg_id: unix time * 2^32, low bits tell the sender
using DcId = Id<struct DcIdTag, std::int32_t>;

// A TCP connection on one link thread, never reused while the process lives.
using LinkId = Id<struct LinkIdTag, std::uint64_t>;

// A device is an authorization: the permanent auth key that signed in. Temporary keys act for one.
using DeviceId = AuthKeyId;

// Where a query came from, and where its answer and the session's updates go.
struct SessionRef {
  AuthKeyId key;  // the key that encrypts: permanent or temporary
  SessionId session;
  friend constexpr auto operator<=>(const SessionRef&, const SessionRef&) = default;

  template <class H>
  friend H AbslHashValue(H h, const SessionRef& ref) {
    return H::combine(std::move(h), ref.key, ref.session);
  }
};

}  // namespace trunkline

template <class Tag, class Int>
struct std::hash<trunkline::Id<Tag, Int>> {
  std::size_t operator()(const trunkline::Id<Tag, Int>& id) const {
    // Client-chosen ids may be small or equal in their low bits; spread them (splitmix64's
    // finaliser).
    auto x = static_cast<std::uint64_t>(id.value()) + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>(x ^ (x >> 31));
  }
};

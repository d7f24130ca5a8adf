// Server salts: a value per auth key and half hour that every message carries, so that a recorded
// message is of no use an hour later. Derived, never stored (MTProto 2.0: server salt).
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/secret.h"
#include "common/time.h"

namespace trunkline::mtproto {

inline constexpr std::int64_t kSaltPeriodSeconds = 1800;
// The salt of the key exchange is good for this long after it.
inline constexpr Duration kFirstSaltLife{3'600'000};

inline std::int64_t SaltPeriodOf(WallTime now) {
  return UnixSeconds(now) / kSaltPeriodSeconds;
}

// First 8 bytes of HMAC-SHA256(secret, key id, period).
std::int64_t SaltOf(const SecretBytes<32>& secret, AuthKeyId key, std::int64_t period);

// The two salts of one key that are good now, computed once per period.
class SaltCache {
 public:
  std::int64_t Current(const SecretBytes<32>& secret, AuthKeyId key, WallTime now) {
    Refresh(secret, key, now);
    return current_;
  }
  // The current salt, or the one before it.
  bool Accepts(const SecretBytes<32>& secret, AuthKeyId key, WallTime now, std::int64_t salt) {
    Refresh(secret, key, now);
    return salt == current_ || salt == previous_;
  }

 private:
  void Refresh(const SecretBytes<32>& secret, AuthKeyId key, WallTime now);

  std::int64_t period_ = -1;
  std::int64_t current_ = 0;
  std::int64_t previous_ = 0;
};

}  // namespace trunkline::mtproto

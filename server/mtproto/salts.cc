#include "server/mtproto/salts.h"

#include <array>

#include "common/crypto/sha.h"

namespace trunkline::mtproto {

std::int64_t SaltOf(const SecretBytes<32>& secret, AuthKeyId key, std::int64_t period) {
  std::array<std::uint8_t, 16> message;
  StoreLittle(message.data(), key.value());
  StoreLittle(message.data() + 8, period);
  return LoadLittle<std::int64_t>(crypto::HmacSha256(secret.view(), message).data());
}

void SaltCache::Refresh(const SecretBytes<32>& secret, AuthKeyId key, WallTime now) {
  const std::int64_t period = SaltPeriodOf(now);
  if (period == period_) return;
  previous_ = period == period_ + 1 && period_ >= 0 ? current_ : SaltOf(secret, key, period - 1);
  current_ = SaltOf(secret, key, period);
  period_ = period;
}

}  // namespace trunkline::mtproto

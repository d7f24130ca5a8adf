#include "common/crypto/password.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/crypto/openssl.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

constexpr std::uint8_t kForm = 1;
constexpr std::size_t kSaltBytes = 16, kDigestBytes = 32;
constexpr std::uint64_t kBlocks = 1 << 15, kBlockSize = 8, kLanes = 3;
constexpr std::uint64_t kMemoryMax = 64 << 20;
static_assert(kPasswordHashBytes == 1 + kSaltBytes + kDigestBytes);

SecretBytes<kDigestBytes> Scrypt(std::string_view password, ByteView salt) {
  SecretBytes<kDigestBytes> digest;
  CHECK(EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), kBlocks,
                       kBlockSize, kLanes, kMemoryMax, digest.mutable_view().data(),
                       kDigestBytes) == 1);
  return digest;
}

}  // namespace

Bytes HashPassword(std::string_view password, Entropy& entropy) {
  Bytes kept(kPasswordHashBytes);
  kept[0] = kForm;
  const std::span<std::uint8_t> salt = std::span(kept).subspan(1, kSaltBytes);
  entropy.Fill(salt);
  const auto digest = Scrypt(password, salt);
  std::copy_n(digest.view().begin(), kDigestBytes, kept.begin() + 1 + kSaltBytes);
  return kept;
}

bool IsPasswordHash(ByteView kept) {
  return kept.size() == kPasswordHashBytes && kept[0] == kForm;
}

bool CheckPassword(std::string_view password, ByteView kept) {
  static constexpr std::array<std::uint8_t, kPasswordHashBytes> kNothing{};
  const bool good = IsPasswordHash(kept);
  const ByteView of = good ? kept : ByteView(kNothing);
  const auto digest = Scrypt(password, of.subspan(1, kSaltBytes));
  return SecretEquals(digest.view(), of.subspan(1 + kSaltBytes)) && good;
}

}  // namespace trunkline::crypto

#include "server/mtproto/handshake_crypto.h"

#include <algorithm>

#include "common/crypto/sha.h"
#include "common/secret.h"

namespace trunkline::mtproto {
namespace {

constexpr std::size_t kHash = sizeof(crypto::Sha1Digest);

}  // namespace

crypto::IgeKey TemporaryKey(const NewNonce& new_nonce, const tl::Int128& server_nonce) {
  const crypto::Sha1Digest new_server = crypto::Sha1({new_nonce, server_nonce});
  const crypto::Sha1Digest server_new = crypto::Sha1({server_nonce, new_nonce});
  const crypto::Sha1Digest new_new = crypto::Sha1({new_nonce, new_nonce});
  crypto::IgeKey key;
  auto at = std::copy(new_server.begin(), new_server.end(), key.key.begin());
  std::copy_n(server_new.begin(), 12, at);
  at = std::copy(server_new.begin() + 12, server_new.end(), key.iv.begin());
  at = std::copy(new_new.begin(), new_new.end(), at);
  std::copy_n(new_nonce.begin(), 4, at);
  return key;
}

std::int64_t FirstSalt(const NewNonce& new_nonce, const tl::Int128& server_nonce) {
  return LoadLittle<std::int64_t>(new_nonce.data()) ^ LoadLittle<std::int64_t>(server_nonce.data());
}

tl::Int128 NewNonceHash(const NewNonce& new_nonce, DhGen answer,
                        const std::array<std::uint8_t, 8>& aux_hash) {
  const auto number = static_cast<std::uint8_t>(answer);
  const crypto::Sha1Digest digest = crypto::Sha1({new_nonce, ByteView(&number, 1), aux_hash});
  tl::Int128 hash;
  std::copy(digest.begin() + 4, digest.end(), hash.begin());
  return hash;
}

tl::Int128 ParamsFailHash(const NewNonce& new_nonce) {
  const crypto::Sha1Digest digest = crypto::Sha1(new_nonce);
  tl::Int128 hash;
  std::copy(digest.begin() + 4, digest.end(), hash.begin());
  return hash;
}

Bytes SealHashed(const crypto::IgeKey& key, ByteView data, Entropy& entropy) {
  const crypto::Sha1Digest hash = crypto::Sha1(data);
  const std::size_t plain_bytes = kHash + data.size();
  const std::size_t padding =
      (crypto::kAesBlockBytes - plain_bytes % crypto::kAesBlockBytes) % crypto::kAesBlockBytes;
  Bytes sealed(plain_bytes + padding);
  std::copy(hash.begin(), hash.end(), sealed.begin());
  std::copy(data.begin(), data.end(), sealed.begin() + kHash);
  entropy.Fill(ByteSpan(sealed).last(padding));
  crypto::IgeEncrypt(key, sealed, sealed);
  return sealed;
}

std::optional<OpenedHashed> OpenHashed(const crypto::IgeKey& key, ByteView sealed) {
  if (sealed.size() <= kHash || sealed.size() % crypto::kAesBlockBytes != 0) return std::nullopt;
  OpenedHashed opened{Bytes(sealed.size())};
  crypto::IgeDecrypt(key, sealed, opened.plaintext);
  return opened;
}

bool OpenedHashed::Matches(std::size_t data_bytes) const {
  const ByteView rest = data_and_padding();
  if (data_bytes > rest.size() || rest.size() - data_bytes >= crypto::kAesBlockBytes) return false;
  return SecretEquals(crypto::Sha1(rest.first(data_bytes)), ByteView(plaintext).first(kHash));
}

}  // namespace trunkline::mtproto

#include "common/crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "absl/status/status.h"
#include "common/crypto/openssl.h"
#include "common/crypto/sha.h"

namespace trunkline::crypto {

struct RsaPublicKey::Impl {
  PKey key;
};
struct RsaPrivateKey::Impl {
  PKey key;
};

namespace {

constexpr int kBits = 2048;
constexpr BN_ULONG kExponent = 65537;

using DecoderContext = std::unique_ptr<OSSL_DECODER_CTX, FreeWith<OSSL_DECODER_CTX_free>>;
using EncoderContext = std::unique_ptr<OSSL_ENCODER_CTX, FreeWith<OSSL_ENCODER_CTX_free>>;

// TL `bytes` of a number without leading zeros: a length below 254 in one byte, else 254 and three
// bytes; padded with zeros to a multiple of four.
void AppendTlNumber(Bytes& out, const BIGNUM* number) {
  const auto size = static_cast<std::size_t>(BN_num_bytes(number));
  if (size < 254) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    out.push_back(254);
    for (int shift = 0; shift < 24; shift += 8) {
      out.push_back(static_cast<std::uint8_t>(size >> shift));
    }
  }
  const std::size_t at = out.size();
  out.resize(at + size);
  BN_bn2bin(number, out.data() + at);
  out.resize((out.size() + 3) / 4 * 4);
}

BigNum Number(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  return BigNum(number);
}

absl::StatusOr<std::uint64_t> FingerprintOf(const EVP_PKEY* key) {
  const BigNum n = Number(key, OSSL_PKEY_PARAM_RSA_N);
  const BigNum e = Number(key, OSSL_PKEY_PARAM_RSA_E);
  if (!n || !e || BN_num_bits(n.get()) != kBits || !BN_is_word(e.get(), kExponent)) {
    return absl::InvalidArgumentError("the RSA key must have 2048 bits and exponent 65537");
  }
  Bytes serialised;
  AppendTlNumber(serialised, n.get());
  AppendTlNumber(serialised, e.get());
  return LoadLittle<std::uint64_t>(Sha1(serialised).data() + 12);
}

// Null when the text holds no such key. `selection` is EVP_PKEY_PUBLIC_KEY or EVP_PKEY_KEYPAIR.
PKey Decode(std::string_view pem, int selection) {
  EVP_PKEY* key = nullptr;
  const DecoderContext context(
      OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, "RSA", selection, nullptr, nullptr));
  const auto* at = reinterpret_cast<const unsigned char*>(pem.data());
  std::size_t left = pem.size();
  const bool decoded = context && OSSL_DECODER_from_data(context.get(), &at, &left) == 1;
  PKey owned(key);
  ERR_clear_error();
  return decoded ? std::move(owned) : nullptr;
}

std::string Encode(const EVP_PKEY* key, int selection, const char* structure) {
  const EncoderContext context(
      OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", structure, nullptr));
  unsigned char* data = nullptr;
  std::size_t size = 0;
  if (!context || OSSL_ENCODER_to_data(context.get(), &data, &size) != 1) return {};
  std::string pem(reinterpret_cast<const char*>(data), size);
  OPENSSL_clear_free(data, size);
  return pem;
}

// One raw operation (RSA_NO_PADDING). False when the number isn't below n.
template <class Init, class Operation>
bool RawOperation(EVP_PKEY* key, Init init, Operation operation, const RsaBlock& in,
                  RsaBlock& out) {
  const PKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  std::size_t size = out.size();
  const bool ok = context && init(context.get()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1 &&
                  operation(context.get(), out.data(), &size, in.data(), in.size()) == 1 &&
                  size == out.size();
  ERR_clear_error();
  return ok;
}

}  // namespace

absl::StatusOr<RsaPublicKey> RsaPublicKey::FromPem(std::string_view pem) {
  PKey key = Decode(pem, EVP_PKEY_PUBLIC_KEY);
  if (!key) return absl::InvalidArgumentError("no RSA public key in PEM form");
  const auto fingerprint = FingerprintOf(key.get());
  if (!fingerprint.ok()) return fingerprint.status();
  return RsaPublicKey(std::make_shared<const Impl>(Impl{std::move(key)}), *fingerprint);
}

bool RsaPublicKey::Encrypt(const RsaBlock& m, RsaBlock& c) const {
  return RawOperation(impl_->key.get(), EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, m, c);
}

absl::StatusOr<RsaPrivateKey> RsaPrivateKey::FromPem(std::string_view pem) {
  PKey key = Decode(pem, EVP_PKEY_KEYPAIR);
  if (!key || !Number(key.get(), OSSL_PKEY_PARAM_RSA_D)) {
    return absl::InvalidArgumentError("no RSA private key in PEM form");
  }
  const auto fingerprint = FingerprintOf(key.get());
  if (!fingerprint.ok()) return fingerprint.status();
  return RsaPrivateKey(std::make_shared<const Impl>(Impl{std::move(key)}), *fingerprint);
}

absl::StatusOr<RsaPrivateKey> RsaPrivateKey::Generate() {
  for (;;) {
    PKey key(EVP_RSA_gen(kBits));
    if (!key) return absl::InternalError("drawing an RSA key failed");
    const auto fingerprint = FingerprintOf(key.get());
    if (!fingerprint.ok()) return fingerprint.status();
    if (*fingerprint >> 60 == 0) continue;
    return RsaPrivateKey(std::make_shared<const Impl>(Impl{std::move(key)}), *fingerprint);
  }
}

std::string RsaPrivateKey::PrivatePem() const {
  return Encode(impl_->key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo");
}

std::string RsaPrivateKey::PublicPem() const {
  return Encode(impl_->key.get(), EVP_PKEY_PUBLIC_KEY, "type-specific");
}

bool RsaPrivateKey::Decrypt(const RsaBlock& c, RsaBlock& m) const {
  return RawOperation(impl_->key.get(), EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, c, m);
}

}  // namespace trunkline::crypto

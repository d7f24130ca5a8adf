// The server's RSA key: 2048 bits, e = 65537, raw private operation with blinding.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"

namespace trunkline::crypto {

using RsaBlock = std::array<std::uint8_t, 256>;  // big-endian, left padded

class RsaPublicKey {
 public:
  // PKCS#1 ("RSA PUBLIC KEY") or SPKI ("PUBLIC KEY") PEM of 2048 bits.
  static absl::StatusOr<RsaPublicKey> FromPem(std::string_view pem);
  // Last 8 bytes of SHA1(TL bytes n, TL bytes e), as a little-endian 64-bit number.
  std::uint64_t fingerprint() const { return fingerprint_; }
  // m^e mod n; false when m >= n.
  bool Encrypt(const RsaBlock& m, RsaBlock& c) const;

  struct Impl;
  explicit RsaPublicKey(std::shared_ptr<const Impl> impl, std::uint64_t fingerprint)
      : impl_(std::move(impl)), fingerprint_(fingerprint) {}

 private:
  std::shared_ptr<const Impl> impl_;
  std::uint64_t fingerprint_ = 0;
};

// Usable from several threads at once.
class RsaPrivateKey {
 public:
  static absl::StatusOr<RsaPrivateKey> FromPem(std::string_view pem);
  // Draws keys until the fingerprint's first hex digit isn't 0: some client libraries compare
  // padded with unpadded hex text and never find such a key.
  static absl::StatusOr<RsaPrivateKey> Generate();

  std::string PrivatePem() const;  // PKCS#8 or PKCS#1 PEM
  std::string PublicPem() const;   // PKCS#1, "BEGIN RSA PUBLIC KEY"
  std::uint64_t fingerprint() const { return fingerprint_; }
  // c^d mod n, left padded; false when c >= n.
  bool Decrypt(const RsaBlock& c, RsaBlock& m) const;

  struct Impl;
  explicit RsaPrivateKey(std::shared_ptr<const Impl> impl, std::uint64_t fingerprint)
      : impl_(std::move(impl)), fingerprint_(fingerprint) {}

 private:
  std::shared_ptr<const Impl> impl_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace trunkline::crypto

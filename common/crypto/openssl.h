// Owners for OpenSSL's objects. Private to common/crypto, and to tests that make
// certificates: nothing else includes OpenSSL.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <memory>

namespace trunkline::crypto {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// BN_clear_free also for public numbers: one owner for all, and the cost doesn't show.
using BigNum = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using BigContext = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;
using Montgomery = std::unique_ptr<BN_MONT_CTX, FreeWith<BN_MONT_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using PKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PKeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;

}  // namespace trunkline::crypto

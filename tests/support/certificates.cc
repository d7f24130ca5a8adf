#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "common/check.h"
#include "common/crypto/openssl.h"

namespace trunkline {
namespace {

using crypto::Bio;
using crypto::FreeWith;
using Key = crypto::PKey;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;

template <class Write>
std::string PemOf(const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string PemOf(const Certificate& certificate) {
  return PemOf([&](BIO* to) { return PEM_write_bio_X509(to, certificate.get()); });
}

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Without its issuer, extensions and signature. Its name is its own: issuers are found by theirs.
Certificate Draft(EVP_PKEY* key, const CertificateWish& wish) {
  Certificate made(X509_new());
  std::int64_t serial = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 7) == 1);
  const std::string name = "test " + std::to_string(serial);
  CHECK(X509_set_version(made.get(), X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), serial) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.from_s) != nullptr &&
        X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.to_s) != nullptr &&
        X509_set_pubkey(made.get(), key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                   0) == 1);
  return made;
}

}  // namespace

struct TestAuthority::Impl {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate = Draft(key.get(), {});
};

TestAuthority::TestAuthority() : impl_(new Impl) {
  X509* const own = impl_->certificate.get();
  CHECK(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1);
  Extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  Extend(own, own, NID_subject_key_identifier, "hash");
  CHECK(X509_sign(own, impl_->key.get(), EVP_sha256()) > 0);
}

TestAuthority::~TestAuthority() = default;

std::string TestAuthority::pem() const {
  return PemOf(impl_->certificate);
}

TestIdentity TestAuthority::Issue(const CertificateWish& wish) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made = Draft(key.get(), wish);
  X509* const issuer = impl_->certificate.get();
  CHECK(X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1);
  Extend(made.get(), issuer, NID_subject_alt_name, wish.names);
  CHECK(X509_sign(made.get(), impl_->key.get(), EVP_sha256()) > 0);
  return {PemOf(made), PemOf([&](BIO* to) {
            return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace trunkline

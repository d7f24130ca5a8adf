// What is said of files; that connections keep the rules is tested in tests/server/http.
#include "common/crypto/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string>

#include "tests/support/certificates.h"

namespace trunkline::crypto {
namespace {

using testing::StartsWith;

const TestAuthority& Authority() {
  static const TestAuthority authority;
  return authority;
}

std::string MessageOf(const absl::Status& status) {
  return status.ok() ? "accepted" : std::string(status.message());
}

// Of "-----BEGIN X" and its end a text between that is none of it.
std::string Garbled(std::string pem) {
  pem.replace(pem.find('\n') + 1, 24, "AAAAAAAAAAAAAAAAAAAAAAAA");
  return pem;
}

// PEM of a key, under a password if there is one.
std::string PemOf(EVP_PKEY* key, const char* password = nullptr) {
  BIO* const to = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(to, key, password == nullptr ? nullptr : EVP_aes_128_cbc(), nullptr, 0,
                           nullptr, const_cast<char*>(password));
  char* text = nullptr;
  const long size = BIO_get_mem_data(to, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free_all(to);
  return pem;
}

TEST(TlsServerTest, TakesACertificateWithItsChainAndItsKey) {
  const TestIdentity identity = Authority().Issue();
  TlsServer server;
  EXPECT_EQ(MessageOf(server.UseCertificate(identity.certificate + Authority().pem())), "accepted");
  EXPECT_EQ(MessageOf(server.UseKey(identity.key)), "accepted");
  ssl_st* const session = server.NewSession();
  EXPECT_TRUE(SSL_is_server(session));
  SSL_free(session);
}

TEST(TlsServerTest, SaysWhatIsWrongWithACertificate) {
  const std::string good = Authority().Issue().certificate;
  for (const char* none :
       {"", "not PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_EQ(MessageOf(TlsServer().UseCertificate(none)), "holds no certificate in PEM form");
  }
  EXPECT_THAT(MessageOf(TlsServer().UseCertificate(Garbled(good))),
              StartsWith("its certificate 1 can't be read: "));
  EXPECT_THAT(MessageOf(TlsServer().UseCertificate(good + Garbled(good))),
              StartsWith("its certificate 2 can't be read: "));
  std::string many;
  for (int i = 0; i < 17; ++i) many += good;
  EXPECT_EQ(MessageOf(TlsServer().UseCertificate(many)), "holds more than 16 certificates");
}

TEST(TlsServerTest, SaysWhatIsWrongWithAKey) {
  const TestIdentity identity = Authority().Issue(), other = Authority().Issue();
  const auto use = [&](const std::string& key) {
    TlsServer server;
    EXPECT_TRUE(server.UseCertificate(identity.certificate).ok());
    return MessageOf(server.UseKey(key));
  };
  EXPECT_EQ(use(""), "holds no private key in PEM form");
  EXPECT_EQ(use(identity.certificate), "holds no private key in PEM form");
  EXPECT_EQ(use(Garbled(identity.key)), "holds no private key in PEM form");
  EXPECT_EQ(use(other.key), "isn't the key of the first certificate");
  EVP_PKEY* const of_another_kind = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  EXPECT_EQ(use(PemOf(of_another_kind)), "isn't the key of the first certificate");
  EXPECT_EQ(use(PemOf(of_another_kind, "pass")),
            "is locked with a password, and nobody is there to ask");
  EVP_PKEY_free(of_another_kind);
}

TEST(TlsServerTest, TellsHowLongItIsValid) {
  TlsServer server;
  ASSERT_TRUE(
      server.UseCertificate(Authority().Issue({.from_s = -7200, .to_s = -60}).certificate).ok());
  EXPECT_EQ(server.validity().to_s - server.validity().from_s, 7140);
}

TEST(TlsClientTest, TakesAuthoritiesAndSaysWhatIsWrongWithThem) {
  const TestAuthority other;
  EXPECT_EQ(MessageOf(TlsClient().Trust(Authority().pem() + other.pem())), "accepted");
  EXPECT_EQ(MessageOf(TlsClient().Trust("")), "holds no certificate in PEM form");
  EXPECT_THAT(MessageOf(TlsClient().Trust(Authority().pem() + Garbled(other.pem()))),
              StartsWith("its certificate 2 can't be read: "));
}

TEST(TlsClientTest, KnowsNamesThatNoCertificateHas) {
  const TlsClient client;
  EXPECT_EQ(client.NewSession(""), nullptr);
  EXPECT_EQ(client.NewSession(std::string(300, 'a')), nullptr);
  for (const char* host : {"example.org", "192.0.2.1", "2001:db8::1"}) {
    ssl_st* const session = client.NewSession(host);
    ASSERT_NE(session, nullptr) << host;
    const char* const told = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    EXPECT_EQ(told == nullptr ? "" : std::string(told), host[0] == 'e' ? host : "") << host;
    SSL_free(session);
  }
}

}  // namespace
}  // namespace trunkline::crypto

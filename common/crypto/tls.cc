#include "common/crypto/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/crypto/openssl.h"

namespace trunkline::crypto {
namespace {

using SslContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

// Of TLS 1.2 what has forward secrecy and authenticates as it encrypts; all of TLS 1.3 does.
constexpr char kOldSuites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
// As the handshake names protocols: each after its length.
constexpr unsigned char kProtocols[] = "\x08http/1.1\x08http/1.0";
constexpr int kChainMax = 16;

absl::Status Wrong(std::string_view message) {
  ERR_clear_error();
  return absl::InvalidArgumentError({message.data(), message.size()});
}

std::string Reason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "no reason is known";
}

SslContext MakeContext(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  CHECK(context != nullptr && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context.get(), kOldSuites) == 1);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

// The text outlives the reader.
Bio Reader(std::string_view text) {
  CHECK(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  CHECK(bio != nullptr);
  return bio;
}

// Without it OpenSSL would ask on the terminal.
int RefusePassword(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Null at the end, and then whether there was no more, or something that can't be read.
Certificate NextCertificate(BIO* from, bool& at_end) {
  bool asked = false;
  Certificate certificate(PEM_read_bio_X509(from, nullptr, RefusePassword, &asked));
  const unsigned long error = ERR_peek_last_error();
  const bool no_start =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  at_end = certificate == nullptr && (no_start || error == 0);  // nothing is wrong with no text
  return certificate;
}

// Gives each certificate of the text, at least one, to `take(certificate, index)`.
template <class Take>
absl::Status EachCertificate(std::string_view pem, int most, const Take& take) {
  const Bio from = Reader(pem);
  for (int index = 0;; ++index) {
    bool at_end = false;
    ERR_clear_error();
    Certificate certificate = NextCertificate(from.get(), at_end);
    if (at_end && index > 0) break;
    if (at_end) return Wrong("holds no certificate in PEM form");
    if (certificate == nullptr) {
      return Wrong(absl::StrCat("its certificate ", index + 1, " can't be read: ", Reason()));
    }
    if (index == most) return Wrong(absl::StrCat("holds more than ", most, " certificates"));
    if (!take(certificate, index)) {
      return Wrong(absl::StrCat("its certificate ", index + 1, " can't be used: ", Reason()));
    }
  }
  ERR_clear_error();
  return absl::OkStatus();
}

// A client that names protocols gets HTTP/1; one that wants none of it goes without a connection.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int overlap =
      SSL_select_next_proto(&found, size, kProtocols, sizeof kProtocols - 1, offered, offered_size);
  *chosen = found;
  return overlap == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::int64_t UnixTimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : 0;
}

}  // namespace

// ---- Servers

struct TlsServer::Impl {
  SslContext context = MakeContext(TLS_server_method());
};

TlsServer::TlsServer() : impl_(new Impl) {
  SSL_CTX* const context = impl_->context.get();
  CHECK(SSL_CTX_set_num_tickets(context, 0) == 1);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
}

TlsServer::~TlsServer() = default;

absl::Status TlsServer::UseCertificate(std::string_view pem) {
  SSL_CTX* const context = impl_->context.get();
  return EachCertificate(pem, kChainMax, [context](Certificate& certificate, int index) {
    if (index == 0) return SSL_CTX_use_certificate(context, certificate.get()) == 1;
    const bool added = SSL_CTX_add0_chain_cert(context, certificate.get()) == 1;
    if (added) certificate.release();  // the context's now
    return added;
  });
}

absl::Status TlsServer::UseKey(std::string_view pem) {
  const Bio from = Reader(pem);
  bool asked = false;
  const PKey key(PEM_read_bio_PrivateKey(from.get(), nullptr, RefusePassword, &asked));
  if (asked) return Wrong("is locked with a password, and nobody is there to ask");
  if (key == nullptr) return Wrong("holds no private key in PEM form");
  SSL_CTX* const context = impl_->context.get();
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  CHECK(certificate != nullptr);
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return Wrong("isn't the key of the first certificate");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1) return absl::OkStatus();
  return Wrong(absl::StrCat("can't be used: ", Reason()));
}

TlsServer::Validity TlsServer::validity() const {
  const X509* const certificate = SSL_CTX_get0_certificate(impl_->context.get());
  CHECK(certificate != nullptr);
  return {UnixTimeOf(X509_get0_notBefore(certificate)),
          UnixTimeOf(X509_get0_notAfter(certificate))};
}

ssl_st* TlsServer::NewSession() const {
  Ssl session(SSL_new(impl_->context.get()));
  CHECK(session != nullptr);
  SSL_set_accept_state(session.get());
  return session.release();
}

// ---- Clients

struct TlsClient::Impl {
  SslContext context = MakeContext(TLS_client_method());
};

TlsClient::TlsClient() : impl_(new Impl) {
  SSL_CTX* const context = impl_->context.get();
  CHECK(SSL_CTX_set_default_verify_paths(context) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // What was given is believed for itself, whoever signed it.
  CHECK(X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN) == 1);
}

TlsClient::~TlsClient() = default;

absl::Status TlsClient::Trust(std::string_view pem) {
  X509_STORE* const store = SSL_CTX_get_cert_store(impl_->context.get());
  return EachCertificate(pem, std::numeric_limits<int>::max(),
                         [store](const Certificate& certificate, int) {
                           return X509_STORE_add_cert(store, certificate.get()) == 1;
                         });
}

ssl_st* TlsClient::NewSession(const std::string& host) const {
  Ssl session(SSL_new(impl_->context.get()));
  CHECK(session != nullptr);
  SSL_set_connect_state(session.get());
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(session.get());
  // Names are believed where certificates have a place for them, and *.example.org is whole.
  X509_VERIFY_PARAM_set_hostflags(
      wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool fits = !host.empty();
  if (fits && X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) {
    fits = SSL_set1_host(session.get(), host.c_str()) == 1 &&
           SSL_set_tlsext_host_name(session.get(), host.c_str()) == 1;
  }
  ERR_clear_error();
  return fits ? session.release() : nullptr;
}

std::string CertificateFault(const ssl_st* session) {
  const long result = SSL_get_verify_result(session);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace trunkline::crypto

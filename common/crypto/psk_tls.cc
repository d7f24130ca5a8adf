#include "common/crypto/psk_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "common/check.h"
#include "common/crypto/openssl.h"
#include "common/crypto/sha.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

using SslContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using Session = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

constexpr std::string_view kIdentity = "trunkline-relay";
constexpr std::string_view kKeyLabel = "trunkline relay control";
constexpr char kSuites[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
// The suite that the key is bound to counts by its hash: both of ours have SHA-256.
constexpr std::uint8_t kSuiteOfKey[2] = {0x13, 0x01};
constexpr std::size_t kReadBytes = 16 * 1024;  // a TLS record

using PskKey = SecretBytes<32>;

const PskKey& KeyOf(const SSL* ssl) {
  return *static_cast<const PskKey*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

Session SessionOf(SSL* ssl) {
  Session session(SSL_SESSION_new());
  const SSL_CIPHER* const suite = SSL_CIPHER_find(ssl, kSuiteOfKey);
  const auto key = KeyOf(ssl).view();
  CHECK(session != nullptr && suite != nullptr &&
        SSL_SESSION_set1_master_key(session.get(), key.data(), key.size()) == 1 &&
        SSL_SESSION_set_cipher(session.get(), suite) == 1 &&
        SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1);
  return session;
}

int UseSession(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* identity_size,
               SSL_SESSION** session) {
  *identity = AsBytes(kIdentity).data();
  *identity_size = kIdentity.size();
  *session = SessionOf(ssl).release();
  return 1;
}

// An identity that isn't ours finds no session; the handshake then fails for want of a certificate.
int FindSession(SSL* ssl, const unsigned char* identity, std::size_t identity_size,
                SSL_SESSION** session) {
  const bool ours = AsText({identity, identity_size}) == kIdentity;
  *session = ours ? SessionOf(ssl).release() : nullptr;
  return 1;
}

// What a handshake with another secret ends with. The server finds that the client's proof doesn't
// fit; the client is told by an alert. A server that doesn't know the identity is no better.
bool SaysWrongSecret(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_BINDER_DOES_NOT_VERIFY:
    case SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
    case SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct PskTlsContext::Impl {
  TlsRole role;
  PskKey key;
  SslContext context;
};

PskTlsContext::PskTlsContext(TlsRole role, ByteView secret) : impl_(new Impl{role, {}, {}}) {
  HkdfSha256(secret, {}, AsBytes(kKeyLabel), impl_->key.mutable_view());
  const bool server = role == TlsRole::kServer;
  impl_->context.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const context = impl_->context.get();
  CHECK(context != nullptr && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_ciphersuites(context, kSuites) == 1 &&
        SSL_CTX_set_num_tickets(context, 0) == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_app_data(context, &impl_->key);
  if (server) {
    SSL_CTX_set_psk_find_session_callback(context, FindSession);
  } else {
    SSL_CTX_set_psk_use_session_callback(context, UseSession);
    // No certificate is good: otherwise any server that has one would do.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
}

PskTlsContext::~PskTlsContext() = default;

struct PskTls::Impl {
  Ssl ssl;
  BIO* in;  // ssl's
  BIO* out;
};

PskTls::PskTls(const PskTlsContext& context)
    : impl_(new Impl{Ssl(SSL_new(context.impl_->context.get())), BIO_new(BIO_s_mem()),
                     BIO_new(BIO_s_mem())}) {
  CHECK(impl_->ssl != nullptr && impl_->in != nullptr && impl_->out != nullptr);
  BIO_set_mem_eof_return(impl_->in, -1);  // empty means later
  SSL_set_bio(impl_->ssl.get(), impl_->in, impl_->out);
  if (context.impl_->role == TlsRole::kServer) {
    SSL_set_accept_state(impl_->ssl.get());
  } else {
    SSL_set_connect_state(impl_->ssl.get());
  }
}

PskTls::~PskTls() = default;

void PskTls::Start(Bytes& wire) {
  Handshake();
  TakeWire(wire);
}

PskTls::State PskTls::Receive(ByteView from_peer, Bytes& plain, Bytes& wire) {
  if (state_ != State::kHandshake && state_ != State::kOpen) return state_;
  CHECK(from_peer.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  const int size = static_cast<int>(from_peer.size());
  if (size > 0) CHECK(BIO_write(impl_->in, from_peer.data(), size) == size);
  if (state_ == State::kHandshake) Handshake();
  if (state_ == State::kOpen) ReadAll(plain);
  TakeWire(wire);
  return state_;
}

void PskTls::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl.get());
  if (result == 1) {
    state_ = State::kOpen;
    // The secret has to be what opened it.
    if (SSL_session_reused(impl_->ssl.get()) == 1) return;
    state_ = State::kBroken;
    error_ = "the peer didn't use the secret";
    return;
  }
  if (SSL_get_error(impl_->ssl.get(), result) != SSL_ERROR_WANT_READ) Fail();
}

void PskTls::ReadAll(Bytes& plain) {
  std::array<std::uint8_t, kReadBytes> buffer;
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(impl_->ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      plain.insert(plain.end(), buffer.begin(), buffer.begin() + got);
      continue;
    }
    const int error = SSL_get_error(impl_->ssl.get(), got);
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::kClosed;
      return;
    }
    return Fail();
  }
}

void PskTls::Fail() {
  const unsigned long error = ERR_peek_error();
  const bool wrong_secret = state_ == State::kHandshake && SaysWrongSecret(error);
  state_ = wrong_secret ? State::kWrongSecret : State::kBroken;
  const char* const reason = ERR_reason_error_string(error);
  error_ = reason != nullptr ? reason : "TLS failed";
  ERR_clear_error();
}

void PskTls::Send(ByteView plain, Bytes& wire) {
  CHECK(state_ == State::kOpen);
  while (!plain.empty()) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min(plain.size(), kReadBytes));
    const int sent = SSL_write(impl_->ssl.get(), plain.data(), size);
    CHECK(sent > 0);  // memory takes all that it is given
    plain = plain.subspan(static_cast<std::size_t>(sent));
  }
  TakeWire(wire);
}

void PskTls::Close(Bytes& wire) {
  if (state_ != State::kOpen && state_ != State::kClosed) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
  TakeWire(wire);
}

void PskTls::TakeWire(Bytes& wire) {
  const std::size_t pending = BIO_ctrl_pending(impl_->out);
  if (pending == 0) return;
  const std::size_t before = wire.size();
  wire.resize(before + pending);
  const int got = BIO_read(impl_->out, wire.data() + before, static_cast<int>(pending));
  CHECK(got == static_cast<int>(pending));
}

}  // namespace trunkline::crypto

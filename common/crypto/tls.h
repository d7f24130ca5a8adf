// TLS with certificates, 1.2 or newer: what a listener shows, and whom a client believes. All that
// is a decision is here; the bytes of a connection are moved by server/http/stream.h.
//
// No resumption: a session that outlives its connection would need a key that does, and those who
// ask often keep their connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

struct ssl_st;  // OpenSSL's SSL

namespace trunkline::crypto {

// What all connections of a listener share. Set up by one thread, then const for all.
class TlsServer {
 public:
  struct Validity {
    std::int64_t from_s = 0, to_s = 0;  // Unix seconds
  };

  TlsServer();
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // Both once, the certificate first: PEM, its chain behind it. InvalidArgument says what is wrong
  // with the text, as a sentence about the file that it comes from.
  absl::Status UseCertificate(std::string_view pem);
  absl::Status UseKey(std::string_view pem);

  Validity validity() const;
  // For one connection; the caller's.
  ssl_st* NewSession() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Believes the system's authorities, and those it is given. Set up by one thread, then const for
// all.
class TlsClient {
 public:
  TlsClient();
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // One certificate or more as PEM, also of an intermediate authority; errors as above.
  absl::Status Trust(std::string_view pem);

  // For one connection, the caller's. Its handshake fails unless the server proves to be `host`, a
  // name or a numeric address. Null: no certificate can be for such a name.
  ssl_st* NewSession(const std::string& host) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What was wrong with the peer's certificate; empty: nothing, or it never came. Names nobody.
std::string CertificateFault(const ssl_st* session);

}  // namespace trunkline::crypto

// An authority, a server that it vouches for, and a client that believes it.
#pragma once

#include <memory>

#include "common/check.h"
#include "common/crypto/tls.h"
#include "tests/support/certificates.h"

namespace trunkline::http {

inline std::shared_ptr<const crypto::TlsServer> ServerOf(const TestIdentity& identity) {
  auto server = std::make_shared<crypto::TlsServer>();
  CHECK(server->UseCertificate(identity.certificate).ok() && server->UseKey(identity.key).ok());
  return server;
}

inline std::shared_ptr<const crypto::TlsClient> ClientOf(const TestAuthority& authority) {
  auto client = std::make_shared<crypto::TlsClient>();
  CHECK(client->Trust(authority.pem()).ok());
  return client;
}

struct TlsPair {
  TestAuthority authority;
  std::shared_ptr<const crypto::TlsServer> server = ServerOf(authority.Issue());
  std::shared_ptr<const crypto::TlsClient> client = ClientOf(authority);
};

}  // namespace trunkline::http

// HTTP/1.1 for operators on a thread of its own, over TCP or a Unix socket. Small on purpose:
// bounded headers and bodies, bounded connections, a deadline on every read and write.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/tls.h"
#include "common/time.h"
#include "server/http/answer.h"

namespace trunkline::http {

// With a `server` a listener speaks TLS and nothing else; without, it is plain.
struct TlsListening {
  std::shared_ptr<const crypto::TlsServer> server = nullptr;
  Duration handshake_timeout = std::chrono::seconds(10);  // a connection counts meanwhile
};

class HttpServer {
 public:
  // `host` is numeric, `port` 0 lets the kernel choose. Serves when this returns; errors name the
  // address.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& host,
                                                           std::uint16_t port, Handler handler,
                                                           BodyRules bodies = {},
                                                           TlsListening tls = {});
  // On a Unix socket at `path` that only its owner may use. A socket that stands there already is
  // replaced: whoever calls this has made sure that its server is gone. Removed at the end.
  static absl::StatusOr<std::unique_ptr<HttpServer>> StartLocal(const std::string& path,
                                                                Handler handler);
  ~HttpServer();  // closes all connections, joins; answers that come later are dropped

  std::uint16_t port() const;

  struct Impl;

 private:
  explicit HttpServer(std::unique_ptr<Impl> impl);
  static std::unique_ptr<HttpServer> Run(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::http

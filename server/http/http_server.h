// HTTP/1.1 for operators: health and metrics, on a thread of its own. Small on purpose: bounded
// headers, no request bodies, bounded connections, a deadline on every read and write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/http/router.h"

namespace trunkline::http {

class HttpServer {
 public:
  // `host` is numeric, `port` 0 lets the kernel choose. Serves when this returns; errors name the
  // address.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& host,
                                                           std::uint16_t port, Sources sources);
  ~HttpServer();  // closes all connections, joins

  std::uint16_t port() const;

  struct Impl;

 private:
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::http

#include "server/server.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/config_values.h"
#include "server/health.h"

namespace trunkline {

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config) {
  std::unique_ptr<Server> server(new Server);
  server->http_host_ = config.http.host;
  auto node = io::Node::Start(config.node);
  if (!node.ok()) return node.status();
  server->node_ = std::move(*node);
  const io::Stats* const stats = &server->node_->stats();
  auto http = http::HttpServer::Start(config.http.host, config.http.port, SourcesOf(stats));
  if (!http.ok()) return http.status();
  server->http_ = std::move(*http);
  return server;
}

Server::~Server() {
  http_.reset();
}

void Server::Stop(std::chrono::steady_clock::time_point deadline) {
  node_->Stop(deadline);
  http_.reset();
}

std::vector<std::uint16_t> Server::mtproto_ports() const {
  std::vector<std::uint16_t> ports;
  for (const io::HostPort& address : node_->addresses()) ports.push_back(address.port);
  return ports;
}

io::HostPort Server::http_address() const {
  return {http_host_, http_->port()};
}

std::string Server::ReadyLine() const {
  std::string line = "ready";
  for (const io::HostPort& address : mtproto_addresses()) {
    absl::StrAppend(&line, " mtproto=", HostPortText(address));
  }
  absl::StrAppend(&line, " http=", HostPortText(http_address()));
  absl::StrAppend(&line, absl::StrFormat(" fingerprint=%016x pid=%d", fingerprint(), getpid()));
  return line;
}

}  // namespace trunkline

// The whole server from one configuration: MTProto, HTTP and the control socket. What main runs,
// and what tests run in-process.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/http/http_server.h"
#include "server/io/node.h"
#include "server/record_service.h"
#include "server/relays/relay_service.h"

namespace trunkline {

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config);
  ~Server();  // stops at once

  // Finishes what is in hand, within the deadline. Once only.
  void Stop(std::chrono::steady_clock::time_point deadline);

  const std::vector<io::HostPort>& mtproto_addresses() const { return node_->addresses(); }
  std::vector<std::uint16_t> mtproto_ports() const;
  io::HostPort http_address() const;
  std::uint16_t http_port() const { return http_->port(); }
  std::uint64_t fingerprint() const { return node_->fingerprint(); }
  const io::Stats& stats() const { return node_->stats(); }
  // `ready mtproto=HOST:PORT http=HOST:PORT fingerprint=HEX pid=N`, without a line break; before
  // the fingerprint `relay-control=HOST:PORT`, where relays can register.
  std::string ReadyLine() const;

 private:
  Server() = default;

  absl::Status StartRelays(const Config& config);
  absl::Status StartHttp(const Config& config);
  absl::Status StartControl(const Config& config);

  std::string http_host_, relay_control_host_;
  std::unique_ptr<io::Node> node_;
  // These ask the node: they end first. What HTTP serves asks the relays.
  std::unique_ptr<relays::RelayService> relays_;
  std::unique_ptr<RecordService> records_;
  std::unique_ptr<http::HttpServer> http_;
  std::unique_ptr<http::HttpServer> control_;
};

}  // namespace trunkline

// What the subcommands share.
#include "bench/load/commands.h"

#include <boost/asio/ip/address.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace trunkline::load {

absl::StatusOr<ClientOptions> FindTarget(const ServerOptions& options) {
  std::ifstream file(options.key_file);
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return absl::NotFoundError("--key: can't read " + options.key_file);
  auto key = crypto::RsaPublicKey::FromPem(pem);
  if (!key.ok()) {
    return absl::InvalidArgumentError("--key: " + options.key_file + ": " +
                                      std::string(key.status().message()));
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(options.host, error);
  if (error) return absl::InvalidArgumentError("--host: not an IP address: " + options.host);
  ClientOptions client;
  client.server = {address, options.port};
  client.server_key = *std::move(key);
  client.transport = options.transport;
  return client;
}

void Print(const Measurement& m, bool json) {
  const auto done = static_cast<double>(m.done);
  const double per_second = m.wall_seconds > 0 ? done / m.wall_seconds : 0;
  const double per_cpu_second = m.server_cpu_seconds > 0 ? done / m.server_cpu_seconds : 0;
  if (json) {
    boost::json::object object{{m.what, m.done},
                               {"failed", m.failed},
                               {"wall_seconds", m.wall_seconds},
                               {"per_second", per_second},
                               {"client_cpu_seconds", m.client_cpu_seconds}};
    if (m.server_cpu_seconds >= 0) {
      object["server_cpu_seconds"] = m.server_cpu_seconds;
      object["per_server_cpu_second"] = per_cpu_second;
    }
    std::printf("%s\n", boost::json::serialize(object).c_str());
    return;
  }
  std::printf("%s %llu, failed %llu, %.2f s, %.0f per second, client CPU %.2f s\n", m.what,
              static_cast<unsigned long long>(m.done), static_cast<unsigned long long>(m.failed),
              m.wall_seconds, per_second, m.client_cpu_seconds);
  if (m.server_cpu_seconds >= 0) {
    std::printf("server CPU %.2f s, %.0f %s per CPU-second\n", m.server_cpu_seconds, per_cpu_second,
                m.what);
  }
}

}  // namespace trunkline::load

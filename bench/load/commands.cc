// What the subcommands share.
#include "bench/load/commands.h"

#include <boost/asio/ip/address.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

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

namespace {

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};

double Millis(const Histogram& histogram, double percent) {
  return std::chrono::duration<double, std::milli>(histogram.Percentile(percent)).count();
}

boost::json::object AsJson(const Histogram& histogram) {
  boost::json::object object{{"count", histogram.count()}};
  for (const auto& [name, percent] : kPercentiles) object[name] = Millis(histogram, percent);
  return object;
}

void PrintLine(const char* what, const Histogram& histogram) {
  std::printf("%s, ms:", what);
  for (const auto& [name, percent] : kPercentiles) {
    std::printf(" %s %.2f", name, Millis(histogram, percent));
  }
  std::printf("\n");
}

}  // namespace

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
    if (m.latencies != nullptr) {
      object["ring_ms"] = AsJson(m.latencies->ring);
      object["answer_ms"] = AsJson(m.latencies->answer);
      object["waited"] = m.latencies->waited;
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
  if (m.latencies == nullptr) return;
  PrintLine("request to ring", m.latencies->ring);
  PrintLine("request to its result", m.latencies->answer);
  std::printf("%llu calls were due before a pair was free\n",
              static_cast<unsigned long long>(m.latencies->waited));
}

}  // namespace trunkline::load

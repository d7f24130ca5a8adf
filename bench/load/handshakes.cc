// `handshake`: key exchanges, each on a connection of its own.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <memory>

#include "bench/load/commands.h"
#include "bench/load/run.h"
#include "bench/load/usage.h"

namespace trunkline::load {
namespace {

constexpr std::chrono::hours kHandshakesPatience{1};

class HandshakeLoop {
 public:
  HandshakeLoop(boost::asio::io_context& io, ClientOptions client, Entropy* entropy, int count)
      : io_(io), client_(std::move(client)), entropy_(entropy), left_(count) {}

  void Run(int connections) {
    clients_.resize(static_cast<std::size_t>(connections));
    for (auto& client : clients_) Next(client);
    RunUntil(
        io_, [this] { return under_way_ == 0; }, kHandshakesPatience);
  }

  const std::string& failure() const { return failure_; }
  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return failed_; }

 private:
  void Next(std::unique_ptr<Client>& client) {
    if (left_ == 0) return;
    --left_;
    ++under_way_;
    client = std::make_unique<Client>(io_, client_, entropy_);
    client->Connect([this, &client](absl::Status status) {
      ++(status.ok() ? done_ : failed_);
      if (!status.ok() && failure_.empty()) failure_ = std::string(status.message());
      // The client may not be replaced inside its own callback.
      boost::asio::post(io_, [this, &client] {
        --under_way_;
        Next(client);
      });
    });
  }

  boost::asio::io_context& io_;
  ClientOptions client_;
  Entropy* entropy_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::string failure_;
  int left_, under_way_ = 0;
  std::uint64_t done_ = 0, failed_ = 0;
};

}  // namespace

int RunHandshakes(const ServerOptions& server, const HandshakeOptions& options) {
  auto target = FindTarget(server);
  if (!target.ok()) return Failed("handshake", std::string(target.status().message()));

  boost::asio::io_context io(1);
  SystemEntropy entropy;
  HandshakeLoop loop(io, *target, &entropy, options.count);
  const auto start = std::chrono::steady_clock::now();
  const double client_cpu = OwnCpuSeconds();
  const auto server_cpu = server.server_pid == 0 ? std::nullopt : CpuSecondsOf(server.server_pid);
  if (server.server_pid != 0 && !server_cpu)
    return Failed("handshake", "--server-pid: no such process");
  loop.Run(options.connections);
  Measurement result{.what = "handshakes", .done = loop.done(), .failed = loop.failed()};
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.client_cpu_seconds = OwnCpuSeconds() - client_cpu;
  if (server_cpu) {
    result.server_cpu_seconds = CpuSecondsOf(server.server_pid).value_or(*server_cpu) - *server_cpu;
  }
  Print(result, server.json);
  return loop.failed() == 0 ? 0 : Failed("handshake", "the first failure: " + loop.failure());
}

}  // namespace trunkline::load

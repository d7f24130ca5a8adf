#include "tests/e2e/server_process.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/paths.h"

namespace trunkline::e2e {
namespace {

std::vector<std::string> Arguments(const std::string& data_dir, std::uint16_t port,
                                   const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {TRUNKLINE_BINARY_DIR "/bin/trunkline-server",
                                        "--data-dir",
                                        data_dir,
                                        "--listen",
                                        "127.0.0.1:" + std::to_string(port),
                                        "--http",
                                        "127.0.0.1:0",
                                        "--test-code",
                                        ServerProcess::kCode,
                                        "--log-level",
                                        "error"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

ServerProcess::ServerProcess(const std::string& data_dir,
                             const std::vector<std::string>& more_arguments, std::uint16_t port,
                             std::chrono::milliseconds patience)
    : data_dir_(data_dir), process_(Arguments(data_dir, port, more_arguments), STDOUT_FILENO) {
  if (!ReadReadyLine(patience)) Kill();
}

bool ServerProcess::ReadReadyLine(std::chrono::milliseconds patience) {
  ready_line_ = process_.ReadLine(patience);
  if (!ready_line_.ends_with('\n')) return false;
  ready_line_.pop_back();
  unsigned port = 0;
  if (std::sscanf(ready_line_.c_str(), "ready mtproto=127.0.0.1:%u", &port) != 1) return false;
  port_ = static_cast<std::uint16_t>(port);
  return port_ != 0;
}

boost::asio::ip::tcp::endpoint ServerProcess::endpoint() const {
  return {boost::asio::ip::address_v4::loopback(), port_};
}

crypto::RsaPublicKey ServerProcess::PublicKey() const {
  std::ifstream file(data_dir_ + "/server_public.pem");
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return *crypto::RsaPublicKey::FromPem(pem);
}

int ServerProcess::Stop() {
  process_.Signal(SIGTERM);
  return process_.Wait();
}

}  // namespace trunkline::e2e

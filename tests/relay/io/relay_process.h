// The real relay as a child process, and clients over real sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "relay/tag.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace trunkline::relay {

inline constexpr std::uint32_t kRelayId = 7;
inline constexpr std::string_view kRelaySecret = "a secret that both sides know";
inline constexpr int kPatienceMs = 20'000;

class RelayProcess {
 public:
  // `host` and port of --listen; waits for the `ready` line.
  explicit RelayProcess(const std::vector<std::string>& more = {},
                        const std::string& host = "127.0.0.1", std::uint16_t port = 0,
                        std::uint32_t id = kRelayId);

  bool started() const { return port_ != 0; }
  std::uint16_t port() const { return port_; }
  void Signal(int number) { process_.Signal(number); }
  void Kill() { process_.Kill(); }
  int Wait() { return process_.Wait(); }  // exit code, -1: a signal ended it, or it didn't end
  // The value behind `name` (with its labels) on the metrics page; -1: none.
  double Metric(const std::string& name);
  bool Ready();

 private:
  std::string Get(const std::string& path);
  TempDir directory_;
  ChildProcess process_;  // killed at the latest with its owner
  std::uint16_t port_ = 0, http_port_ = 0;
};

// What a run with these arguments says on stderr, and its exit code.
struct Ended {
  int exit_code;
  std::string error;
};
Ended RunRelay(const std::vector<std::string>& arguments);

// Tags as the server would mint them, good for an hour.
Tag IssuedTag(Side side, std::uint32_t nonce, bool p2p = false);
Tag ProbeTag();

class UdpClient {
 public:
  explicit UdpClient(std::uint16_t relay_port, const std::string& relay_host = "127.0.0.1");
  ~UdpClient();
  UdpClient(const UdpClient&) = delete;
  UdpClient& operator=(const UdpClient&) = delete;
  void Send(const Bytes& packet);
  // Only what comes from the relay's very address; nullopt: nothing in time.
  std::optional<Bytes> Receive(int patience_ms = kPatienceMs);
  std::uint16_t port() const;

 private:
  int descriptor_;
};

class TcpClient {
 public:
  enum class Dialect { kPlain, kObfuscated, kNone };
  TcpClient(std::uint16_t relay_port, Dialect dialect, int receive_buffer = 0);
  ~TcpClient();
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;
  void Send(const Bytes& packet);
  void SendRaw(const Bytes& bytes);
  std::optional<Bytes> Receive(int patience_ms = kPatienceMs);
  bool Closed(int patience_ms = kPatienceMs);  // by the relay

 private:
  std::optional<Bytes> Read(std::size_t size, int patience_ms);
  int descriptor_;
  Dialect dialect_;
  std::unique_ptr<crypto::AesCtr> out_, in_;
};

}  // namespace trunkline::relay

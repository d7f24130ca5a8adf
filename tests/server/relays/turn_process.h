// The real coturn as a child process on loopback, and a client of it over a real socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/entropy.h"
#include "server/picker/stun.h"
#include "server/picker/turn_credentials.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace trunkline::relays {

inline constexpr int kPatienceMs = 20'000;

class TurnProcess {
 public:
  // Listens on a port of its own with this secret, and answers when the constructor is done.
  // `port` 0: any that is free.
  explicit TurnProcess(const std::string& secret, const std::vector<std::string>& more = {},
                       std::uint16_t port = 0);
  bool started() const { return started_; }
  std::uint16_t port() const { return port_; }
  void Kill() { process_.Kill(); }
  std::string Log() const;

 private:
  bool Answers();
  TempDir directory_;
  std::uint16_t port_ = 0;
  ChildProcess process_;  // killed at the latest with its owner
  bool started_ = false;
};

// A UDP port of 127.0.0.1 that was free a moment ago.
std::uint16_t FreePort();

// What came back, with the bytes that the views of `message` point into.
struct TurnAnswer {
  Bytes bytes;
  picker::StunMessage message;
};

class TurnClient {
 public:
  explicit TurnClient(std::uint16_t server_port);
  ~TurnClient();
  TurnClient(const TurnClient&) = delete;
  TurnClient& operator=(const TurnClient&) = delete;

  // Repeats the request until its answer comes; nullopt: none in time.
  std::optional<TurnAnswer> Binding();
  // Challenge and all. nullopt or an error code of the answer when it is refused.
  std::optional<TurnAnswer> Allocate(const picker::TurnCredentials& credentials);
  bool Release();
  bool Permit(const picker::StunAddress& peer);
  void SendTo(const picker::StunAddress& peer, std::string_view text);
  // Whether a datagram with this text comes from the server in time.
  bool Hears(std::string_view text);

 private:
  std::optional<TurnAnswer> Ask(picker::StunWriter writer,
                                const picker::StunTransaction& transaction);
  picker::StunTransaction NewTransaction();
  picker::StunWriter Signed(picker::StunWriter writer) const;
  std::optional<Bytes> Receive(std::chrono::steady_clock::time_point until);

  int descriptor_;
  SystemEntropy entropy_;
  std::string username_, realm_, nonce_;
  std::array<std::uint8_t, 16> key_{};
};

}  // namespace trunkline::relays

// The real server binary as a child process with a data directory of its own.
#pragma once

#include <sys/types.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "common/crypto/rsa.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace trunkline::e2e {

class ServerProcess {
 public:
  inline static const std::string kCode = "12345";

  // The first start makes an RSA key, which takes seconds under sanitizers.
  static constexpr std::chrono::milliseconds kStartPatience{60'000};

  // Starts and waits for the `ready` line; started() tells whether it came. `port` 0: any. A
  // process that isn't ready in time is killed.
  explicit ServerProcess(const std::string& data_dir,
                         const std::vector<std::string>& more_arguments = {},
                         std::uint16_t port = 0,
                         std::chrono::milliseconds patience = kStartPatience);
  bool started() const { return port_ != 0; }
  pid_t pid() const { return process_.pid(); }
  const std::string& ready_line() const { return ready_line_; }
  boost::asio::ip::tcp::endpoint endpoint() const;
  crypto::RsaPublicKey PublicKey() const;

  // kill -9, and waits until it is gone.
  void Kill() { process_.Kill(); }
  // SIGTERM; the exit code, -1 when a signal ended it or it didn't end in time.
  int Stop();
  // Whether the process still runs.
  bool Alive() { return process_.Alive(); }

 private:
  bool ReadReadyLine(std::chrono::milliseconds patience);

  std::string data_dir_;
  std::string ready_line_;
  ChildProcess process_;  // killed at the latest with its owner
  std::uint16_t port_ = 0;
};

}  // namespace trunkline::e2e

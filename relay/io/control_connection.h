// One connection to the server, from connect to the end: socket, TLS, the relay's end of the
// protocol. Blocks in poll; used by the control thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/crypto/psk_tls.h"
#include "relay/control/relay_end.h"
#include "relay/io/config.h"

namespace trunkline::relay {

// Both clocks, now.
Moment ControlNow();

class ControlConnection {
 public:
  ControlConnection(const crypto::PskTlsContext& context, const HostPort& server, int wake);
  ~ControlConnection();
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;

  // Connects and shakes hands. False: error() says why; or `wake` was readable and stop() says so.
  bool Open(const std::function<bool()>& stop);
  // Registers. After it end() is there.
  void Register(control::Registration registration);
  control::RelayEnd& end() { return *end_; }

  // Sends what end() has to say, and waits for input, for `wake`, and for `deadline_us` at most.
  // False: the connection is no good; error() says why.
  bool Exchange(std::uint64_t deadline_us);
  // Sends the last words and waits until the server has taken them, for a bounded time.
  void Finish();

  std::size_t unsent() const { return wire_.size(); }
  bool wrong_secret() const { return tls_.state() == crypto::PskTls::State::kWrongSecret; }
  const std::string& error() const { return error_; }

 private:
  bool Wait(std::uint64_t deadline_us);
  bool CheckConnected();
  bool Read();
  bool Write();
  bool Fail(std::string why);

  crypto::PskTls tls_;
  const HostPort server_;
  const int wake_;
  int socket_ = -1;
  bool connected_ = false;
  bool can_read_ = false, can_write_ = false;  // what the last Wait found
  Bytes wire_;
  std::optional<control::RelayEnd> end_;
  std::string error_;
};

}  // namespace trunkline::relay

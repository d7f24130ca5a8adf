// One connection of a relay: socket, TLS, and the server's end of the protocol. Lives on the
// control thread. An idle link holds no buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "boost/asio/ip/tcp.hpp"
#include "common/crypto/psk_tls.h"
#include "relay/control/server_end.h"

namespace trunkline::relays {

// Both clocks, now.
relay::Moment Now();

class Link : public std::enable_shared_from_this<Link> {
 public:
  // What a link needs of its owner; outlives it, or its context has stopped.
  struct Owner {
    std::function<void(Link&)> spoke;                           // end() may have events
    std::function<void(Link&, const std::string& why)> broken;  // the connection is no good
  };
  Link(boost::asio::ip::tcp::socket socket, const crypto::PskTlsContext& context,
       const Owner* owner);

  void Read();
  // Sends what end() has to say. When end() has ended: that, and then the connection is shut;
  // `broken` comes when the relay has taken it or took too long.
  void Flush();
  // At the end of the program: what fits into the kernel's buffer at once. False: a write is still
  // under way, ask again.
  bool FlushNow();
  void Close();  // without another word; no callback comes afterwards

  // A few times a second.
  void Tick(const relay::Moment& now);

  relay::control::ServerEnd& end() { return end_; }
  const std::string& peer() const { return peer_; }

  // The owner's notes. `relay`: once it has registered; before, its id is 0.
  std::uint64_t number = 0;
  struct Relay {
    std::uint32_t id = 0;
    std::uint64_t instance = 0;
    std::string address;  // that clients are told
    std::string version;
    WallTime since{};
    std::uint32_t round_trip_us = 0;
    bool told = false;  // Joined was told, and Gone is owed
  };
  Relay relay;

 private:
  using Error = boost::system::error_code;
  void OnReadable(const Error& error);
  void Take(ByteView bytes);
  void Write();
  void OnWritten(const Error& error);
  void Break(const std::string& why);

  boost::asio::ip::tcp::socket socket_;
  crypto::PskTls tls_;
  relay::control::ServerEnd end_;
  const Owner* const owner_;
  const std::string peer_;
  Bytes wire_, writing_;  // gathered, and under way
  bool closed_ = false, shutting_ = false;
  std::uint64_t shutting_since_us_ = 0;
};

}  // namespace trunkline::relays

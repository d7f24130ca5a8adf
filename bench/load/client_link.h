// One TCP connection of a client; private to client*.cc. Kept alive by the handlers of its own
// pending read and write, so a client may drop it at any time.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>

#include "bench/load/client.h"
#include "server/mtproto/client_handshake.h"
#include "server/mtproto/client_transport.h"

namespace trunkline::load {

inline mtproto::ClientTransportOptions TransportOptions(TransportChoice choice, std::int16_t dc) {
  using Kind = mtproto::TransportKind;
  mtproto::ClientTransportOptions options;
  options.dc = dc;
  options.obfuscated = choice == TransportChoice::kObfuscated;
  switch (choice) {
    case TransportChoice::kAbridged:
      options.kind = Kind::kAbridged;
      break;
    case TransportChoice::kIntermediate:
    case TransportChoice::kObfuscated:
      options.kind = Kind::kIntermediate;
      break;
    case TransportChoice::kPadded:
      options.kind = Kind::kPadded;
      break;
    case TransportChoice::kFull:
      options.kind = Kind::kFull;
      break;
  }
  return options;
}

struct Client::Link {
  Link(boost::asio::io_context& io, TransportChoice choice, std::int16_t dc)
      : socket(io), transport(TransportOptions(choice, dc)) {}

  boost::asio::ip::tcp::socket socket;
  mtproto::ClientTransport transport;
  bool open = false;
  bool dropped = false;  // the client has let go, and may be gone itself
  std::array<std::uint8_t, 4096> in;
  Bytes out;      // framed, waiting
  Bytes writing;  // being written; empty: no write is pending
};

struct Client::Exchange {
  bool temporary;
  mtproto::ClientHandshake handshake;
};

}  // namespace trunkline::load

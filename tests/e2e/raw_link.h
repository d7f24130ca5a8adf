// A bare TCP connection for bytes that no client sends. Blocking, with deadlines.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "common/bytes.h"

namespace trunkline::e2e {

class RawLink {
 public:
  enum class End { kBytes, kClosed, kTimeout };

  explicit RawLink(const boost::asio::ip::tcp::endpoint& server);
  ~RawLink();
  RawLink(const RawLink&) = delete;
  RawLink& operator=(const RawLink&) = delete;

  // False when the server has closed.
  bool Send(ByteView bytes);
  // False also when the server takes no byte for so long.
  bool SendWithin(ByteView bytes, int patience_ms);
  // No more bytes from us; the server may still answer.
  void HalfClose();
  // The next bytes, whether they are all or not.
  End Receive(Bytes& bytes, int patience_ms = 20'000);
  // Reads until the server closes; kBytes is never returned.
  End AwaitClose(int patience_ms = 20'000);

 private:
  int socket_ = -1;
};

}  // namespace trunkline::e2e

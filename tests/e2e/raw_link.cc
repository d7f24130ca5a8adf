#include "tests/e2e/raw_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace trunkline::e2e {

RawLink::RawLink(const boost::asio::ip::tcp::endpoint& server) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(server.port());
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    socket_ = -1;
    return;
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawLink::~RawLink() {
  if (socket_ >= 0) close(socket_);
}

bool RawLink::Send(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawLink::SendWithin(ByteView bytes, int patience_ms) {
  while (!bytes.empty()) {
    pollfd event{socket_, POLLOUT, 0};
    if (poll(&event, 1, patience_ms) <= 0) return false;
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawLink::HalfClose() {
  shutdown(socket_, SHUT_WR);
}

RawLink::End RawLink::Receive(Bytes& bytes, int patience_ms) {
  pollfd event{socket_, POLLIN, 0};
  if (poll(&event, 1, patience_ms) <= 0) return End::kTimeout;
  bytes.resize(4096);
  const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return got > 0 ? End::kBytes : End::kClosed;
}

RawLink::End RawLink::AwaitClose(int patience_ms) {
  Bytes bytes;
  End end;
  while ((end = Receive(bytes, patience_ms)) == End::kBytes) {
  }
  return end;
}

}  // namespace trunkline::e2e

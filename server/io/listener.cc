#include "server/io/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/ip/tcp.hpp"

namespace trunkline::io {
namespace {

using boost::asio::ip::tcp;

absl::Status Failed(const HostPort& address, int error) {
  return absl::ErrnoToStatus(error,
                             absl::StrCat("can't listen on ", address.host, ":", address.port));
}

absl::StatusOr<BoundSocket> BindOne(const tcp::endpoint& endpoint, bool shared,
                                    const HostPort& named) {
  const int descriptor =
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Failed(named, errno);
  BoundSocket socket(descriptor);
  const int on = 1;
  // Restart without waiting for old connections in TIME_WAIT; on Linux this doesn't share a
  // listening port.
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (endpoint.address().is_v6()) {
    ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    return Failed(named, errno);
  }
  return socket;
}

absl::StatusOr<std::uint16_t> PortOf(int descriptor, const HostPort& named) {
  tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(descriptor, endpoint.data(), &size) != 0) return Failed(named, errno);
  endpoint.resize(size);
  return endpoint.port();
}

}  // namespace

BoundSocket& BoundSocket::operator=(BoundSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
BoundSocket::~BoundSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
int BoundSocket::Release() {
  return std::exchange(descriptor_, -1);
}

absl::StatusOr<Bound> Bind(const HostPort& address, unsigned threads) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(address.host, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(address.host, " is not an address"));
  if (threads > 1 && address.port != 0) {
    // Sockets that share a port don't collide; one that doesn't finds out whether the port is free.
    const auto probe = BindOne(tcp::endpoint(ip, address.port), false, address);
    if (!probe.ok()) return probe.status();
  }
  Bound bound;
  bound.address = address;
  for (unsigned i = 0; i < threads; ++i) {
    auto socket = BindOne(tcp::endpoint(ip, bound.address.port), threads > 1, address);
    if (!socket.ok()) return socket.status();
    const auto port = PortOf(socket->get(), address);
    if (!port.ok()) return port.status();
    bound.address.port = *port;
    bound.sockets.push_back(std::move(*socket));
  }
  return bound;
}

}  // namespace trunkline::io

// Between the kernel's socket addresses and the core's endpoints. A sockaddr_in6 has room for both
// families; sin6_family says which one is in it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>

#include "absl/status/status.h"
#include "relay/endpoint.h"
#include "relay/io/config.h"

namespace trunkline::relay {

struct SocketAddress {
  sockaddr_in6 name{};
  sa_family_t family() const { return name.sin6_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
  socklen_t size() const;
};

SocketAddress AddressOf(const HostPort& at);  // whose host has been checked
sockaddr_in6 BoundAddress(int descriptor);
// IPv4 as ::ffff:a.b.c.d; transport kNone.
Endpoint EndpointOf(const sockaddr_in6& name);
// For a socket of `family`: IPv6 sockets reach IPv4 by mapped addresses. Unused bytes are zero.
sockaddr_in6 NameOf(const Endpoint& to, sa_family_t family);
socklen_t NameSize(sa_family_t family);
bool IsAnyAddress(const Ip& ip);

// False: the kernel refused.
bool SetOption(int descriptor, int level, int name, int value);
// "listen 127.0.0.1:1: Permission denied", from errno.
absl::Status Failed(std::string_view what, const HostPort& at);

}  // namespace trunkline::relay

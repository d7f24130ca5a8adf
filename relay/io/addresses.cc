#include "relay/io/addresses.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace trunkline::relay {

socklen_t NameSize(sa_family_t family) {
  return family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}
socklen_t SocketAddress::size() const {
  return NameSize(family());
}

SocketAddress AddressOf(const HostPort& at) {
  SocketAddress address;
  if (at.host.find(':') != std::string::npos) {
    address.name.sin6_family = AF_INET6;
    address.name.sin6_port = htons(at.port);
    const std::size_t zone = at.host.find('%');
    inet_pton(AF_INET6, at.host.substr(0, zone).c_str(), &address.name.sin6_addr);
    if (zone != std::string::npos) {
      address.name.sin6_scope_id = if_nametoindex(at.host.c_str() + zone + 1);
    }
    return address;
  }
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(at.port);
  inet_pton(AF_INET, at.host.c_str(), &name.sin_addr);
  std::memcpy(&address.name, &name, sizeof name);
  return address;
}

sockaddr_in6 BoundAddress(int descriptor) {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  return name;
}

Endpoint EndpointOf(const sockaddr_in6& name) {
  Endpoint endpoint;
  endpoint.port = ntohs(name.sin6_port);  // at the same place in both families
  if (name.sin6_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, &name, sizeof ipv4);
    endpoint.ip = Ipv4(0, 0, 0, 0);
    std::memcpy(&endpoint.ip[12], &ipv4.sin_addr, 4);
  } else {
    std::memcpy(endpoint.ip.data(), &name.sin6_addr, endpoint.ip.size());
  }
  return endpoint;
}

sockaddr_in6 NameOf(const Endpoint& to, sa_family_t family) {
  sockaddr_in6 name{};
  name.sin6_family = family;
  name.sin6_port = htons(to.port);
  if (family == AF_INET) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(&name) + offsetof(sockaddr_in, sin_addr),
                &to.ip[12], 4);
  } else {
    std::memcpy(&name.sin6_addr, to.ip.data(), to.ip.size());
  }
  return name;
}

bool IsAnyAddress(const Ip& ip) {
  return ip == Ip{} || ip == Ipv4(0, 0, 0, 0);
}

bool SetOption(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

absl::Status Failed(std::string_view what, const HostPort& at) {
  return absl::UnavailableError(
      absl::StrCat(std::string(what), " ", HostPortText(at), ": ", std::strerror(errno)));
}

}  // namespace trunkline::relay

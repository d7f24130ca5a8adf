#include "relay/io/udp_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "relay/io/addresses.h"

namespace trunkline::relay {
namespace {

constexpr std::uint32_t kSpread = 0x9e3779b1;
constexpr std::size_t kNonceAt = 3;
constexpr std::size_t kTrainBytesMax = 60'000;
constexpr std::size_t kLocalAddressesMax = 255;

}  // namespace

std::uint32_t ThreadOf(const std::uint8_t* prefix, std::uint32_t threads) {
  std::uint32_t word = __builtin_bswap32(LoadLittle<std::uint32_t>(prefix + kNonceAt));
  word ^= word >> 16;  // the nonce counts upwards in its first byte
  return (word * kSpread >> 16) % threads;
}

absl::Status UdpSocket::SteerByCall(std::uint32_t threads) {
  // A packet that ends before the nonce goes to thread 0.
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNonceAt), BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),      BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kSpread), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, threads), BPF_STMT(BPF_RET | BPF_A, 0)};
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  if (setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) !=
      0) {
    return absl::UnavailableError(
        absl::StrCat("threads: packets can't be steered: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<UdpSocket>> UdpSocket::Open(const HostPort& at,
                                                           std::uint32_t receive_buffer,
                                                           std::size_t index) {
  const SocketAddress address = AddressOf(at);
  const int descriptor = socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Failed("listen", at);
  std::unique_ptr<UdpSocket> opened(new UdpSocket(descriptor, address.family(), index));
  SetOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
  // The limit of the system may be lower: beyond it only with the right to, else what is allowed.
  SetOption(descriptor, SOL_SOCKET, SO_RCVBUF, static_cast<int>(receive_buffer));
  SetOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, static_cast<int>(receive_buffer));
  SetOption(descriptor, SOL_SOCKET, SO_SNDBUF, static_cast<int>(receive_buffer));
  if (bind(descriptor, address.get(), address.size()) != 0) return Failed("listen", at);
  const Endpoint bound = EndpointOf(BoundAddress(descriptor));
  opened->bound_ = bound.ip;
  opened->port_ = bound.port;
  opened->any_address_ = IsAnyAddress(bound.ip);
  if (opened->any_address_) {
    if (address.family() == AF_INET) SetOption(descriptor, IPPROTO_IP, IP_PKTINFO, 1);
    if (address.family() == AF_INET6) SetOption(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  opened->segments_ = SetOption(descriptor, SOL_UDP, UDP_SEGMENT, 0);
  return opened;
}

UdpSocket::UdpSocket(int descriptor, sa_family_t family, std::size_t index)
    : descriptor_(descriptor), family_(family), index_(index), memory_(kBatch * kBufferBytes) {
  for (std::size_t i = 0; i < kBatch; ++i)
    in_vectors_[i] = {&memory_[i * kBufferBytes], kBufferBytes};
  received_ = kBatch;
}

UdpSocket::~UdpSocket() {
  close(descriptor_);
}

std::size_t UdpSocket::Receive() {
  // The kernel writes into the headers that it used, so only those are made anew.
  for (std::size_t i = 0; i < received_; ++i) {
    in_[i].msg_hdr = {.msg_name = &in_names_[i],
                      .msg_namelen = sizeof in_names_[i],
                      .msg_iov = &in_vectors_[i],
                      .msg_iovlen = 1,
                      .msg_control = any_address_ ? &in_controls_[i] : nullptr,
                      .msg_controllen = any_address_ ? sizeof in_controls_[i] : 0,
                      .msg_flags = 0};
  }
  const int count = recvmmsg(descriptor_, in_.data(), kBatch, MSG_DONTWAIT, nullptr);
  received_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  return received_;
}

Ip UdpSocket::LocalOf(std::size_t i) const {
  auto* const header = const_cast<msghdr*>(&in_[i].msg_hdr);
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      Ip ip = Ipv4(0, 0, 0, 0);
      std::memcpy(&ip[12], &info.ipi_addr, 4);
      return ip;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      Ip ip;
      std::memcpy(ip.data(), CMSG_DATA(c), ip.size());  // in6_pktinfo begins with the address
      return ip;
    }
  }
  return bound_;
}

Endpoint UdpSocket::From(std::size_t i, LocalAddresses& own) const {
  Endpoint from = EndpointOf(in_names_[i]);
  const Ip& local = any_address_ ? LocalOf(i) : bound_;
  if (from.port == port_ && from.ip == local) return {};
  // The table begins with the addresses that the sockets were bound to, in their order.
  std::size_t place = any_address_ ? 0 : index_;
  while (place < own.size() && (own[place].socket != index_ || own[place].ip != local)) ++place;
  if (place == own.size()) {
    // Beyond the table's end the kernel chooses the address, as for the first packet.
    if (place < kLocalAddressesMax)
      own.push_back({index_, local});
    else
      place = index_;
  }
  from.transport = Transport::kUdp;
  from.local = static_cast<std::uint8_t>(place);
  return from;
}

void UdpSocket::Send(ByteSpan packet, const Endpoint& to, const LocalAddress& from) {
  CHECK(packets_ < kBatch);
  out_vectors_[packets_] = {packet.data(), packet.size()};
  if (messages_ > 0 && segments_ && to == out_to_) {
    // A train: the same way, the same size, one right behind the other.
    msghdr& header = out_[messages_ - 1].msg_hdr;
    const std::size_t size = header.msg_iov[0].iov_len;
    if (size == packet.size() && (header.msg_iovlen + 1) * size <= kTrainBytesMax) {
      ++header.msg_iovlen;
      ++packets_;
      controls_ = true;
      return;
    }
  }
  out_to_ = to;
  out_names_[messages_] = NameOf(to, family_);
  if (any_address_) {
    out_from_[messages_] = from.ip;
    controls_ = true;
  }
  out_[messages_].msg_hdr = {.msg_name = &out_names_[messages_],
                             .msg_namelen = NameSize(family_),
                             .msg_iov = &out_vectors_[packets_],
                             .msg_iovlen = 1,
                             .msg_control = nullptr,
                             .msg_controllen = 0,
                             .msg_flags = 0};
  ++messages_;
  ++packets_;
}

std::size_t UdpSocket::MakeControl(std::size_t message) {
  msghdr& header = out_[message].msg_hdr;
  std::uint8_t* const bytes = out_controls_[message].bytes.data();
  std::size_t used = 0;
  const auto put = [&](int level, int type, const auto& value) {
    auto* const c = reinterpret_cast<cmsghdr*>(bytes + used);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(c), &value, sizeof value);
    used += CMSG_SPACE(sizeof value);
  };
  if (any_address_ && !IsAnyAddress(out_from_[message])) {
    if (family_ == AF_INET) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, &out_from_[message][12], 4);
      put(IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, out_from_[message].data(), sizeof info.ipi6_addr);
      put(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  if (header.msg_iovlen > 1) {
    put(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(header.msg_iov[0].iov_len));
  }
  return used;
}

void UdpSocket::Flush() {
  for (std::size_t i = 0; controls_ && i < messages_; ++i) {
    const std::size_t used = MakeControl(i);
    if (used == 0) continue;
    out_[i].msg_hdr.msg_control = &out_controls_[i];
    out_[i].msg_hdr.msg_controllen = used;
  }
  if (messages_ == 1 && !controls_) {
    // At small loads nearly all leave alone, and a plain call is the cheaper one.
    const msghdr& one = out_[0].msg_hdr;
    const iovec& packet = out_vectors_[0];
    const auto* const name = static_cast<const sockaddr*>(one.msg_name);
    if (sendto(descriptor_, packet.iov_base, packet.iov_len, 0, name, one.msg_namelen) < 0) {
      ++send_failures_;
    }
    messages_ = packets_ = 0;
    return;
  }
  for (std::size_t at = 0; at < messages_;) {
    const int sent = sendmmsg(descriptor_, &out_[at], static_cast<unsigned>(messages_ - at), 0);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
      continue;
    }
    // The first of them failed: its address can't be reached, or the queue is full.
    SendOneByOne(out_[at++]);
  }
  messages_ = packets_ = 0;
  controls_ = false;
}

// A train that the way doesn't take whole may pass in pieces.
void UdpSocket::SendOneByOne(const mmsghdr& message) {
  const msghdr& train = message.msg_hdr;
  if (train.msg_iovlen == 1) {
    ++send_failures_;
    return;
  }
  msghdr one = train;
  one.msg_iovlen = 1;
  one.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));
  if (one.msg_controllen == 0) one.msg_control = nullptr;
  for (std::size_t i = 0; i < train.msg_iovlen; ++i) {
    one.msg_iov = &train.msg_iov[i];
    if (sendmsg(descriptor_, &one, 0) < 0) ++send_failures_;
  }
}

std::uint32_t UdpSocket::Overruns() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, info.data(), &size);
  return info[SK_MEMINFO_DROPS];
}

}  // namespace trunkline::relay

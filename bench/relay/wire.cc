#include "bench/relay/wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"

namespace trunkline::bench {
namespace {

constexpr int kBufferBytes = 4 << 20;

}  // namespace

std::uint64_t NowNs(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return 0;
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Wire::Wire(std::uint8_t side, std::uint16_t port)
    : side_(side),
      descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      memory_(kBurst * kPacketMax) {
  CHECK(descriptor_ >= 0);
  const int one = 1;
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
  CHECK(setsockopt(descriptor_, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) == 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  socklen_t size = sizeof own;
  CHECK(bind(descriptor_, reinterpret_cast<const sockaddr*>(&own), size) == 0);
  CHECK(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  port_ = ntohs(own.sin_port);
  to_.sin_family = AF_INET;
  to_.sin_port = htons(port);
  to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (std::size_t i = 0; i < kBurst; ++i) {
    auto* const c = reinterpret_cast<cmsghdr*>(out_controls_[i].bytes.data());
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    out_[i].msg_hdr = {.msg_name = &to_,
                       .msg_namelen = sizeof to_,
                       .msg_iov = &out_vectors_[i],
                       .msg_iovlen = 1,
                       .msg_control = out_controls_[i].bytes.data(),
                       .msg_controllen = out_controls_[i].bytes.size(),
                       .msg_flags = 0};
    in_vectors_[i] = {&memory_[i * kPacketMax], kPacketMax};
  }
}

Wire::~Wire() {
  close(descriptor_);
}

std::size_t Wire::Send(std::span<const Out> packets) {
  CHECK(packets.size() <= kBurst);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(127u << 24 | std::uint32_t{side_} << 16 | packets[i].call);
    std::memcpy(CMSG_DATA(reinterpret_cast<cmsghdr*>(out_controls_[i].bytes.data())), &info,
                sizeof info);
    out_vectors_[i] = {const_cast<std::uint8_t*>(packets[i].packet.data()),
                       packets[i].packet.size()};
  }
  const int sent = sendmmsg(descriptor_, out_.data(), static_cast<unsigned>(packets.size()), 0);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::span<const Wire::In> Wire::Receive(int wait_ms) {
  if (wait_ms > 0) {
    pollfd event{descriptor_, POLLIN, 0};
    poll(&event, 1, wait_ms);
  }
  for (std::size_t i = 0; i < kBurst; ++i) {
    in_[i].msg_hdr = {.msg_name = nullptr,
                      .msg_namelen = 0,
                      .msg_iov = &in_vectors_[i],
                      .msg_iovlen = 1,
                      .msg_control = in_controls_[i].bytes.data(),
                      .msg_controllen = in_controls_[i].bytes.size(),
                      .msg_flags = 0};
  }
  const int count = recvmmsg(descriptor_, in_.data(), kBurst, 0, nullptr);
  if (count <= 0) return {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(reinterpret_cast<cmsghdr*>(in_controls_[i].bytes.data())),
                sizeof info);
    received_[i] = {ntohl(info.ipi_addr.s_addr) & 0xffff,
                    ByteView(&memory_[i * kPacketMax], in_[i].msg_len)};
  }
  return {received_.data(), static_cast<std::size_t>(count)};
}

}  // namespace trunkline::bench

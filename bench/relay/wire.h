// One side of many calls: a single UDP socket whose packets come from an address of 127.0.0.0/8 for
// each call, so that the relay sees as many clients as there are calls and the load stays cheap.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/bytes.h"

namespace trunkline::bench {

inline constexpr std::size_t kBurst = 64;
inline constexpr std::uint32_t kCallsMax = 20'000;

std::uint64_t NowNs(clockid_t clock);

class Wire {
 public:
  // `side` 1 or 2: call i is 127.side.x.y. Everything goes to 127.0.0.1:`port`.
  Wire(std::uint8_t side, std::uint16_t port);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  struct Out {
    std::uint32_t call;
    ByteView packet;
  };
  // At most kBurst; how many the kernel took, in order.
  std::size_t Send(std::span<const Out> packets);
  void Send(std::uint32_t call, ByteView packet) { Send({{{call, packet}}}); }

  // What has come, at most kBurst, valid until the next call. Waits for `wait_ms` when there is
  // nothing.
  struct In {
    std::uint32_t call;
    ByteView packet;
  };
  std::span<const In> Receive(int wait_ms = 0);

  std::uint16_t port() const { return port_; }

 private:
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
  };
  static constexpr std::size_t kPacketMax = 2048;

  const std::uint8_t side_;
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  sockaddr_in to_{};
  std::array<mmsghdr, kBurst> out_{}, in_{};
  std::array<iovec, kBurst> out_vectors_{}, in_vectors_{};
  std::array<Control, kBurst> out_controls_{}, in_controls_{};
  std::array<In, kBurst> received_{};
  std::vector<std::uint8_t> memory_;
};

}  // namespace trunkline::bench

// One UDP socket of one thread: batches in, batches out. Packets stay in the buffers that they were
// received in until they are sent.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/check.h"
#include "relay/endpoint.h"
#include "relay/io/config.h"
#include "relay/limits.h"

namespace trunkline::relay {

inline constexpr std::size_t kBatch = 64;

// The relay's own addresses, so that an answer leaves from the one that was contacted: clients take
// it from nowhere else. One table a thread; Endpoint::local counts its entries.
struct LocalAddress {
  std::size_t socket;
  Ip ip;
};
using LocalAddresses = std::vector<LocalAddress>;

class UdpSocket {
 public:
  // `port` 0 lets the kernel choose. `index` is this socket's place in LocalAddress::socket.
  static absl::StatusOr<std::unique_ptr<UdpSocket>> Open(const HostPort& at,
                                                         std::uint32_t receive_buffer,
                                                         std::size_t index);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // Chooses among the sockets of one address, which have been opened in the order of their threads,
  // by the call that a packet belongs to (see ThreadOf).
  absl::Status SteerByCall(std::uint32_t threads);

  // How many packets were waiting, at most kBatch; never blocks. Forgets the last batch.
  std::size_t Receive();
  ByteSpan buffer(std::size_t i) { return {&memory_[i * kBufferBytes], kBufferBytes}; }
  std::size_t size(std::size_t i) const { return in_[i].msg_len; }
  // transport kNone: from the relay itself, which would go round for ever.
  Endpoint From(std::size_t i, LocalAddresses& own) const;

  // Gathers until Flush. `packet` stays where it is until then.
  void Send(ByteSpan packet, const Endpoint& to, const LocalAddress& from);
  void Flush();

  int descriptor() const { return descriptor_; }
  std::uint16_t port() const { return port_; }
  std::uint64_t send_failures() const { return send_failures_; }
  // Packets that the kernel dropped because this thread was too slow.
  std::uint32_t Overruns() const;

 private:
  UdpSocket(int descriptor, sa_family_t family, std::size_t index);
  void PrepareControl(std::size_t i);
  Ip LocalOf(std::size_t i) const;
  std::size_t MakeControl(std::size_t message);
  void SendOneByOne(const mmsghdr& message);

  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, 80> bytes;
  };

  const int descriptor_;
  const sa_family_t family_;
  const std::size_t index_;
  bool any_address_ = false;  // bound to all: packets say which they came to
  Ip bound_{};
  std::uint16_t port_ = 0;
  bool segments_ = false;  // the kernel cuts a train of equal packets

  std::vector<std::uint8_t> memory_;
  std::array<mmsghdr, kBatch> in_{}, out_{};
  std::array<iovec, kBatch> in_vectors_{}, out_vectors_{};
  std::array<sockaddr_in6, kBatch> in_names_{}, out_names_{};
  std::array<Control, kBatch> in_controls_{}, out_controls_{};
  std::array<Ip, kBatch> out_from_{};  // with any_address_
  Endpoint out_to_;                    // of the last message
  bool controls_ = false;              // a message needs more than its address
  std::size_t received_ = 0, messages_ = 0, packets_ = 0;
  std::uint64_t send_failures_ = 0;
};

// Which of `threads` owns the call whose tag begins `prefix`: the same function as the program in
// the kernel.
std::uint32_t ThreadOf(const std::uint8_t* prefix, std::uint32_t threads);

}  // namespace trunkline::relay

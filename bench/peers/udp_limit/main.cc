// trunkline-bare-forwarder: the floor that a relay is compared with. One thread, recvmmsg and
// sendmmsg in batches of 64; nothing is looked at but the source port. The first packet names the
// two ports that it forwards between; 127.1.x.y and 127.2.x.y are the two sides of a call.
//   trunkline-bare-forwarder [--plain]     recvfrom and sendto instead
// Prints `ready port=N`; ends at SIGTERM or after ten minutes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t kBatch = 64, kPacketMax = 2048;
constexpr int kBufferBytes = 4 << 20;
constexpr unsigned kLifeSeconds = 600;

struct Forwarder {
  int descriptor = -1;
  std::uint16_t ports[2] = {};  // caller's, callee's; host order

  // Where a packet from `from` goes.
  void Turn(sockaddr_in& from) const {
    const bool caller = from.sin_port == htons(ports[0]);
    from.sin_port = htons(ports[caller ? 1 : 0]);
    from.sin_addr.s_addr ^= htonl(3u << 16);
  }

  void OneByOne() const {
    std::uint8_t packet[kPacketMax];
    for (;;) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          recvfrom(descriptor, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) continue;
      Turn(from);
      sendto(descriptor, packet, static_cast<std::size_t>(got), 0,
             reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

  void InBatches() const {
    std::vector<std::uint8_t> memory(kBatch * kPacketMax);
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors{};
    std::array<sockaddr_in, kBatch> names{};
    for (;;) {
      for (std::size_t i = 0; i < kBatch; ++i) {
        vectors[i] = {&memory[i * kPacketMax], kPacketMax};
        messages[i].msg_hdr = {.msg_name = &names[i],
                               .msg_namelen = sizeof names[i],
                               .msg_iov = &vectors[i],
                               .msg_iovlen = 1,
                               .msg_control = nullptr,
                               .msg_controllen = 0,
                               .msg_flags = 0};
      }
      const int got = recvmmsg(descriptor, messages.data(), kBatch, MSG_WAITFORONE, nullptr);
      for (int i = 0; i < got; ++i) {
        const auto at = static_cast<std::size_t>(i);
        vectors[at].iov_len = messages[at].msg_len;
        Turn(names[at]);
      }
      for (int from = 0; from < got;) {
        const int sent = sendmmsg(descriptor, &messages[static_cast<std::size_t>(from)],
                                  static_cast<unsigned>(got - from), 0);
        from += sent > 0 ? sent : 1;
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  alarm(kLifeSeconds);
  Forwarder forwarder;
  forwarder.descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const int option : {SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE}) {
    setsockopt(forwarder.descriptor, SOL_SOCKET, option, &kBufferBytes, sizeof kBufferBytes);
  }
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  if (bind(forwarder.descriptor, reinterpret_cast<const sockaddr*>(&own), size) != 0) return 1;
  getsockname(forwarder.descriptor, reinterpret_cast<sockaddr*>(&own), &size);
  std::printf("ready port=%u\n", ntohs(own.sin_port));
  std::fflush(stdout);
  if (recv(forwarder.descriptor, forwarder.ports, sizeof forwarder.ports, 0) !=
      sizeof forwarder.ports) {
    return 1;
  }
  if (argc > 1 && std::strcmp(argv[1], "--plain") == 0) forwarder.OneByOne();
  forwarder.InBatches();
}

// One end of a control link that says whatever bytes the test wants, over a real socket and TLS.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string_view>

#include "common/crypto/psk_tls.h"
#include "relay/control/limits.h"
#include "relay/control/messages.h"
#include "tests/server/relays/rig.h"

namespace trunkline::relays {

inline sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

// The port is the kernel's choice.
class Listener {
 public:
  Listener() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name = Loopback(0);
    socklen_t size = sizeof name;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    EXPECT_EQ(bind(descriptor_, address, size), 0);
    EXPECT_EQ(listen(descriptor_, 8), 0);
    EXPECT_EQ(getsockname(descriptor_, address, &size), 0);
    port_ = ntohs(name.sin_port);
  }
  ~Listener() { close(descriptor_); }
  std::uint16_t port() const { return port_; }
  int descriptor() const { return descriptor_; }
  // -1: nobody came in time.
  int Accept() const {
    pollfd event{descriptor_, POLLIN, 0};
    if (poll(&event, 1, relay::kPatienceMs) <= 0) return -1;
    return accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

inline int ConnectTo(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in name = Loopback(port);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  return descriptor;
}

class RawLink {
 public:
  // Takes the descriptor of a connection, and shakes hands.
  RawLink(crypto::TlsRole role, int descriptor)
      : context_(role, AsBytes(kSecret)), tls_(context_), descriptor_(descriptor) {
    if (role == crypto::TlsRole::kClient) tls_.Start(wire_);
    Flush();
    while (tls_.state() == crypto::PskTls::State::kHandshake && Read()) {
    }
    EXPECT_EQ(tls_.state(), crypto::PskTls::State::kOpen);
  }
  ~RawLink() { close(descriptor_); }

  void Say(ByteView plain) {
    tls_.Send(plain, wire_);
    Flush();
  }
  template <class Side, class Message>
  void SayFrame(const Message& message) {
    Bytes frame;
    relay::control::AppendFrame(Side(message), frame);
    Say(frame);
  }
  // The next of the other side's frames; nullopt: it has closed, or nothing came in time.
  std::optional<Bytes> Hear() {
    for (;;) {
      ByteView heard = heard_;
      const auto next = frames_.Take(heard, relay::control::kFrameBytesMax);
      heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(heard.size()));
      if (next == relay::control::FrameReader::Next::kFrame) {
        return Bytes(frames_.payload().begin(), frames_.payload().end());
      }
      if (!Read()) return std::nullopt;
    }
  }
  // The next one that is a `Message`.
  template <class Message>
  std::optional<Message> HearFromServer() {
    while (const auto payload = Hear()) {
      auto message = relay::control::DecodeFromServer(*payload);
      if (message && std::holds_alternative<Message>(*message)) return std::get<Message>(*message);
    }
    return std::nullopt;
  }

 private:
  void Flush() {
    EXPECT_EQ(send(descriptor_, wire_.data(), wire_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(wire_.size()));
    wire_.clear();
  }
  bool Read() {
    pollfd event{descriptor_, POLLIN, 0};
    if (poll(&event, 1, relay::kPatienceMs) <= 0) return false;
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    tls_.Receive(ByteView(buffer).first(static_cast<std::size_t>(got)), heard_, wire_);
    if (!wire_.empty()) Flush();
    return true;
  }

  crypto::PskTlsContext context_;
  crypto::PskTls tls_;
  int descriptor_;
  Bytes wire_, heard_;
  relay::control::FrameReader frames_;
};

}  // namespace trunkline::relays

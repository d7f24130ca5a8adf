#include "relay/io/control_connection.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "common/clock.h"
#include "relay/control/limits.h"
#include "relay/io/addresses.h"

namespace trunkline::relay {
namespace {

using TlsState = crypto::PskTls::State;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::uint64_t kOpenMicrosMax = 5'000'000;
constexpr std::uint64_t kFinishMicrosMax = 500'000;
constexpr std::uint64_t kWaitMsMax = 60'000;

}  // namespace

Moment ControlNow() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return {static_cast<std::uint64_t>(micros.count()), WallNow()};
}

ControlConnection::ControlConnection(const crypto::PskTlsContext& context, const HostPort& server,
                                     int wake)
    : tls_(context), server_(server), wake_(wake) {}

ControlConnection::~ControlConnection() {
  if (socket_ >= 0) close(socket_);
}

bool ControlConnection::Fail(std::string why) {
  error_ = std::move(why);
  return false;
}

// Until the socket is ready for what there is to do, or `wake` is, or the deadline has come.
bool ControlConnection::Wait(std::uint64_t deadline_us) {
  const std::uint64_t now_us = ControlNow().micros;
  const std::uint64_t left_ms = deadline_us > now_us ? (deadline_us - now_us) / 1000 + 1 : 0;
  const bool write = !connected_ || !wire_.empty();
  const int wanted = (connected_ ? POLLIN : 0) | (write ? POLLOUT : 0);
  pollfd events[] = {{socket_, static_cast<short>(wanted), 0}, {wake_, POLLIN, 0}};
  if (poll(events, 2, static_cast<int>(std::min(left_ms, kWaitMsMax))) < 0) {
    return errno == EINTR || Fail(std::strerror(errno));
  }
  eventfd_t ignored = 0;
  if (events[1].revents != 0) eventfd_read(wake_, &ignored);
  can_read_ = (events[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
  can_write_ = (events[0].revents & POLLOUT) != 0;
  return true;
}

bool ControlConnection::CheckConnected() {
  if (!can_read_ && !can_write_) return true;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Fail(std::strerror(error));
  connected_ = true;
  can_read_ = false;
  tls_.Start(wire_);
  return true;
}

bool ControlConnection::Open(const std::function<bool()>& stop) {
  const std::uint64_t deadline_us = ControlNow().micros + kOpenMicrosMax;
  const SocketAddress address = AddressOf(server_);
  socket_ = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Fail(std::strerror(errno));
  SetOption(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  if (connect(socket_, address.get(), address.size()) != 0 && errno != EINPROGRESS) {
    return Fail(std::strerror(errno));
  }
  while (tls_.state() == TlsState::kHandshake) {
    if (stop()) return Fail("stopped");
    if (ControlNow().micros >= deadline_us) return Fail("no answer");
    if (!Wait(deadline_us)) return false;
    if (!connected_ && !CheckConnected()) return false;
    if (connected_ && (!Write() || !Read())) return false;
  }
  return true;
}

void ControlConnection::Register(control::Registration registration) {
  end_.emplace(std::move(registration), ControlNow());
}

bool ControlConnection::Exchange(std::uint64_t deadline_us) {
  const Bytes words = end_->TakeOutput();
  if (!words.empty()) tls_.Send(words, wire_);
  return Write() && Wait(deadline_us) && Read();
}

bool ControlConnection::Read() {
  std::array<std::uint8_t, kReadBytes> buffer;
  while (can_read_) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got < 0) return Fail(std::strerror(errno));
    if (got == 0) return Fail("it closed the connection");
    Bytes plain;
    const TlsState state =
        tls_.Receive(ByteView(buffer).first(static_cast<std::size_t>(got)), plain, wire_);
    if (end_ && !plain.empty()) end_->Receive(plain, ControlNow());
    if (end_ && end_->ended()) break;
    if (state == TlsState::kClosed) return Fail("it closed the connection");
    if (state == TlsState::kWrongSecret || state == TlsState::kBroken) {
      return Fail("TLS: " + tls_.error());
    }
  }
  can_read_ = false;
  return true;
}

bool ControlConnection::Write() {
  while (!wire_.empty()) {
    const ssize_t sent = send(socket_, wire_.data(), wire_.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    // What the server said before it closed says more than that it did.
    if (sent < 0) {
      const int error = errno;
      can_read_ = true;
      return Read() && Fail(std::strerror(error));
    }
    wire_.erase(wire_.begin(), wire_.begin() + sent);
  }
  return true;
}

void ControlConnection::Finish() {
  const std::uint64_t deadline_us = ControlNow().micros + kFinishMicrosMax;
  if (tls_.state() == TlsState::kOpen) {
    tls_.Send(end_->TakeOutput(), wire_);
    tls_.Close(wire_);
  }
  bool shut = false;
  while (ControlNow().micros < deadline_us) {
    if (!Write()) return;
    if (wire_.empty() && !std::exchange(shut, true)) shutdown(socket_, SHUT_WR);
    if (!Wait(deadline_us)) return;
    std::uint8_t ignored[256];
    const ssize_t got = can_read_ ? recv(socket_, ignored, sizeof ignored, 0) : 1;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

}  // namespace trunkline::relay

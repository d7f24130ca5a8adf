#include "server/relays/link.h"

#include <fcntl.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/write.hpp"
#include "common/clock.h"

namespace trunkline::relays {
namespace {

namespace net = boost::asio;
using net::ip::tcp;

constexpr std::size_t kReadBytes = 16 * 1024;
// A relay that takes so little of what it is told is no use.
constexpr std::size_t kWireBytesMax = 256 * 1024;
// For a relay to take the last words.
constexpr std::uint64_t kShuttingMicrosMax = 1'000'000;

std::string PeerOf(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  const bool v6 = peer.address().is_v6();
  return absl::StrCat(v6 ? "[" : "", peer.address().to_string(), v6 ? "]:" : ":", peer.port());
}

}  // namespace

relay::Moment Now() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return {static_cast<std::uint64_t>(micros.count()), WallNow()};
}

Link::Link(tcp::socket socket, const crypto::PskTlsContext& context, const Owner* owner)
    : socket_(std::move(socket)),
      tls_(context),
      end_(Now()),
      owner_(owner),
      peer_(PeerOf(socket_)) {
  Error ignored;
  ::fcntl(socket_.native_handle(), F_SETFD, FD_CLOEXEC);
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
}

void Link::Read() {
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const Error& error) { self->OnReadable(error); });
}

void Link::OnReadable(const Error& error) {
  if (closed_) return;
  if (error) return Break(error.message());
  std::array<std::uint8_t, kReadBytes> buffer;
  Error failed;
  const std::size_t got = socket_.read_some(net::buffer(buffer), failed);
  if (failed == net::error::would_block) return Read();
  if (failed == net::error::eof) return Break("the connection was closed");
  if (failed) return Break(failed.message());
  if (!shutting_) Take(ByteView(buffer).first(got));
  if (!closed_) Read();
}

void Link::Take(ByteView bytes) {
  Bytes plain;
  const crypto::PskTls::State state = tls_.Receive(bytes, plain, wire_);
  if (!plain.empty()) {
    end_.Receive(plain, Now());
    owner_->spoke(*this);
    if (closed_) return;
  }
  if (state == crypto::PskTls::State::kWrongSecret || state == crypto::PskTls::State::kBroken) {
    Error ignored;
    if (!wire_.empty()) socket_.write_some(net::buffer(wire_), ignored);  // the alert
    const bool secret = state == crypto::PskTls::State::kWrongSecret;
    return Break(secret ? "wrong secret" : absl::StrCat("TLS: ", tls_.error()));
  }
  if (state == crypto::PskTls::State::kClosed && !end_.ended()) {
    return Break("the connection was closed");
  }
  Flush();
}

void Link::Flush() {
  if (closed_ || shutting_) return;
  const Bytes words = end_.TakeOutput();
  const bool open = tls_.state() == crypto::PskTls::State::kOpen;
  if (open && !words.empty()) tls_.Send(words, wire_);
  if (end_.ended()) {
    shutting_ = true;
    shutting_since_us_ = Now().micros;
    tls_.Close(wire_);
  }
  if (wire_.size() > kWireBytesMax) return Break("it takes nothing");
  Write();
}

bool Link::FlushNow() {
  if (closed_ || tls_.state() != crypto::PskTls::State::kOpen) return true;
  if (!writing_.empty()) return false;
  const Bytes words = end_.TakeOutput();
  if (!words.empty()) tls_.Send(words, wire_);
  Error ignored;
  if (!wire_.empty()) socket_.write_some(net::buffer(std::exchange(wire_, {})), ignored);
  return true;
}

void Link::Write() {
  if (!writing_.empty()) return;
  if (wire_.empty()) {
    // Shut for sending only: closed with unread input, the last words might be lost.
    Error ignored;
    if (shutting_) socket_.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  std::swap(wire_, writing_);
  net::async_write(
      socket_, net::buffer(writing_),
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnWritten(error); });
}

void Link::OnWritten(const Error& error) {
  if (closed_) return;
  writing_ = {};
  if (error) return Break(error.message());
  Write();
}

void Link::Tick(const relay::Moment& now) {
  if (shutting_ && now.micros - shutting_since_us_ > kShuttingMicrosMax) return Break("shut");
  end_.Tick(now);
}

void Link::Break(const std::string& why) {
  const auto self = shared_from_this();
  Close();
  owner_->broken(*this, why);
}

void Link::Close() {
  closed_ = true;
  Error ignored;
  socket_.close(ignored);
}

}  // namespace trunkline::relays

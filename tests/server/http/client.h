// A client that sends bytes as they are and reads what comes, over TLS if it is told whom to
// believe. Each call waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/asio/write.hpp"
#include "common/crypto/tls.h"

namespace trunkline::http {

class Client {
 public:
  using Error = boost::system::error_code;

  explicit Client(std::uint16_t port, const crypto::TlsClient* trust = nullptr)
      : Client(port, trust == nullptr ? nullptr : trust->NewSession("127.0.0.1")) {}
  // `session`: this client's from now on; null: plain.
  Client(std::uint16_t port, ssl_st* session) : socket_(context_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    if (session == nullptr) return;
    tls_.emplace(socket_, session);
    tls_->handshake(boost::asio::ssl::stream_base::client, error_);
  }

  void Send(const std::string& bytes) {
    With([&](auto& stream) { boost::asio::write(stream, boost::asio::buffer(bytes), error_); });
  }
  std::string Until(const std::string& end) {
    std::size_t size = 0;
    With([&](auto& stream) {
      size = boost::asio::read_until(stream, boost::asio::dynamic_buffer(received_), end, error_);
    });
    std::string text = received_.substr(0, size);
    received_.erase(0, size);
    return text;
  }
  // All that comes until the server closes; whether it closed in order, in error().
  std::string Rest() {
    With([&](auto& stream) {
      boost::asio::read(stream, boost::asio::dynamic_buffer(received_), error_);
    });
    return std::exchange(received_, {});
  }
  // Plain only.
  void CloseSending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error_); }
  // Says over TLS that it sends no more, and waits for the server to say so.
  void SayEnd() { tls_->shutdown(error_); }
  // Of the last call, and of the handshake.
  const Error& error() const { return error_; }
  ssl_st* session() { return tls_->native_handle(); }

 private:
  template <class Work>
  void With(const Work& work) {
    tls_ ? work(*tls_) : work(socket_);
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  Error error_;
  std::string received_;
};

}  // namespace trunkline::http

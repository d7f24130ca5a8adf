// Answers one request with a status and keeps what was asked. With a TlsServer over TLS: then
// whoever fails the handshake asks nothing.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <thread>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "common/crypto/tls.h"

namespace trunkline::http {

class OneRequestServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  explicit OneRequestServer(unsigned status, const crypto::TlsServer* tls = nullptr) {
    thread_ = std::thread([this, status, tls] { Serve(status, tls); });
  }
  ~OneRequestServer() { Asked(); }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  // Waits for the request.
  const Request& Asked() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

  // The name that the client said it came to, once it has asked.
  const std::string& named() const { return named_; }

 private:
  void Serve(unsigned status, const crypto::TlsServer* tls) {
    boost::system::error_code error;
    boost::asio::ip::tcp::socket socket(context_);
    acceptor_.accept(socket, error);
    if (error) return;
    if (tls == nullptr) return Answer(socket, status);
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket&> stream(socket, tls->NewSession());
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    if (error) return;
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    named_ = name == nullptr ? "" : name;
    Answer(stream, status);
  }
  template <class Stream>
  void Answer(Stream& stream, unsigned status) {
    boost::system::error_code error;
    boost::beast::flat_buffer buffer;
    boost::beast::http::read(stream, buffer, request_, error);
    boost::beast::http::response<boost::beast::http::string_body> response;
    response.result(status);
    response.prepare_payload();
    boost::beast::http::write(stream, response, error);
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_,
                                           {boost::asio::ip::make_address("127.0.0.1"), 0}};
  Request request_;
  std::string named_;
  std::thread thread_;
};

}  // namespace trunkline::http

// Answers one request with a status and keeps what was asked.
#pragma once

#include <string>
#include <thread>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"

namespace trunkline::http {

class OneRequestServer {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  explicit OneRequestServer(unsigned status) {
    thread_ = std::thread([this, status] { Serve(status); });
  }
  ~OneRequestServer() { Asked(); }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  // Waits for the request.
  const Request& Asked() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

 private:
  void Serve(unsigned status) {
    boost::system::error_code error;
    boost::asio::ip::tcp::socket socket(context_);
    acceptor_.accept(socket, error);
    if (error) return;
    boost::beast::flat_buffer buffer;
    boost::beast::http::read(socket, buffer, request_, error);
    boost::beast::http::response<boost::beast::http::string_body> response;
    response.result(status);
    response.prepare_payload();
    boost::beast::http::write(socket, response, error);
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_,
                                           {boost::asio::ip::make_address("127.0.0.1"), 0}};
  Request request_;
  std::thread thread_;
};

}  // namespace trunkline::http

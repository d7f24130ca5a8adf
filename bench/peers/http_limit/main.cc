// trunkline-http-floor: the floor that the record API is compared with. One thread, Boost.Beast in
// its plainest asynchronous form; every request, whatever it asks, is answered with the same body.
//   trunkline-http-floor BYTES
// Prints `ready http=127.0.0.1:PORT pid=N`; ends at SIGTERM or after ten minutes.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using net::ip::tcp;

constexpr unsigned kLifeSeconds = 600;
constexpr std::size_t kBodyBytesMax = 64 * 1024;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const std::string* body) : stream_(std::move(socket)), body_(body) {}

  void Read() {
    parser_.emplace();
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(std::chrono::seconds(10));
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                       if (!error) self->Write();
                     });
  }

 private:
  void Write() {
    response_ = {http::status::ok, 11};
    response_.set(http::field::content_type, "application/json; charset=utf-8");
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(parser_->get().keep_alive());
    response_.body() = *body_;
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                        if (!error && self->response_.keep_alive()) self->Read();
                      });
  }

  beast::tcp_stream stream_;
  const std::string* const body_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

void Accept(tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept([&](const beast::error_code& error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), &body)->Read();
    Accept(acceptor, body);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const long bytes = argc == 2 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (bytes <= 0 || bytes > 1'000'000) {
    std::fprintf(stderr, "usage: trunkline-http-floor BYTES\n");
    return 2;
  }
  alarm(kLifeSeconds);
  const std::string body(static_cast<std::size_t>(bytes), 'x');
  net::io_context context{1};
  tcp::acceptor acceptor(context, {net::ip::address_v4::loopback(), 0});
  std::printf("ready http=127.0.0.1:%u pid=%d\n", unsigned{acceptor.local_endpoint().port()},
              static_cast<int>(getpid()));
  std::fflush(stdout);
  Accept(acceptor, body);
  context.run();
}

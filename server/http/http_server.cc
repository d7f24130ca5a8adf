#include "server/http/http_server.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "common/log.h"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using net::ip::tcp;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
constexpr std::uint64_t kBodyBytesMax =
    4 * 1024;  // no page takes one; small ones are read and ignored
constexpr std::size_t kConnectionsMax = 256;
constexpr std::chrono::seconds kRequestTimeout{10};
constexpr std::chrono::milliseconds kAcceptPause{100};

// One connection: read, answer, again. Held by its own pending operation.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Sources* sources, std::size_t* count)
      : stream_(std::move(socket)), sources_(sources), count_(count) {
    ++*count_;
  }
  ~Connection() { --*count_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(kRequestTimeout);
    bhttp::async_read(stream_, buffer_, *parser_,
                      [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                        self->OnRead(error);
                      });
  }

 private:
  void OnRead(const beast::error_code& error) {
    if (error == bhttp::error::end_of_stream || error == beast::error::timeout) return Close();
    if (error == bhttp::error::header_limit) {
      return Write(ErrorAnswer(431, "header_too_large", "the header is too large"), false);
    }
    if (error == bhttp::error::body_limit) {
      return Write(ErrorAnswer(413, "body_too_large", "nothing here takes a body"), false);
    }
    if (error.category() == bhttp::make_error_code(bhttp::error::bad_target).category()) {
      return Write(ErrorAnswer(400, "bad_request", "this is not an HTTP request"), false);
    }
    if (error) return;
    const auto& request = parser_->get();
    const beast::string_view method = request.method_string(), target = request.target();
    is_head_ = request.method() == bhttp::verb::head;
    Write(Route(*sources_, {method.data(), method.size()}, {target.data(), target.size()}),
          request.keep_alive());
  }

  void Write(Answer answer, bool keep_alive) {
    response_ = {};
    response_.version(11);
    response_.result(answer.status);
    response_.set(bhttp::field::content_type, answer.content_type);
    response_.set(bhttp::field::cache_control, "no-store");
    if (!answer.allow.empty()) response_.set(bhttp::field::allow, answer.allow);
    response_.keep_alive(keep_alive);
    response_.content_length(answer.body.size());
    if (!is_head_) response_.body() = std::move(answer.body);
    stream_.expires_after(kRequestTimeout);
    bhttp::async_write(
        stream_, response_,
        [self = shared_from_this(), keep_alive](const beast::error_code& error, std::size_t) {
          if (error || !keep_alive) return self->Close();
          self->Read();
        });
  }

  void Close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

  beast::tcp_stream stream_;
  const Sources* const sources_;
  std::size_t* const count_;
  beast::flat_buffer buffer_{kHeaderBytesMax + kBodyBytesMax};
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  bhttp::response<bhttp::string_body> response_;
  bool is_head_ = false;
};

}  // namespace

struct HttpServer::Impl {
  explicit Impl(Sources from) : sources(std::move(from)) {}

  absl::Status Open(const std::string& host, std::uint16_t port) {
    boost::system::error_code error;
    const auto address = net::ip::make_address(host, error);
    const tcp::endpoint endpoint(address, port);
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (!error) bound_port = acceptor.local_endpoint(error).port();
    if (!error) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", host, ":", port, " (http): ", error.message()));
  }

  void Accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (error) {
        log::Warn("http accept: {}", error.message());
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](const boost::system::error_code& cut) {
          if (!cut) Accept();
        });
        return;
      }
      if (connections < kConnectionsMax) {
        std::make_shared<Connection>(std::move(socket), &sources, &connections)->Read();
      }
      Accept();
    });
  }

  const Sources sources;
  std::uint16_t bound_port = 0;
  std::size_t connections = 0;  // before the context: connections end when it does
  net::io_context context{1};
  tcp::acceptor acceptor{context};
  net::steady_timer pause{context};
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->context.stop();
  impl_->thread.join();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& host,
                                                              std::uint16_t port, Sources sources) {
  auto impl = std::make_unique<Impl>(std::move(sources));
  const absl::Status status = impl->Open(host, port);
  if (!status.ok()) return status;
  impl->Accept();
  impl->thread = std::thread([context = &impl->context] { context->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
  return impl_->bound_port;
}

}  // namespace trunkline::http

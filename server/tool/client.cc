#include "server/tool/client.h"

#include <sys/un.h>

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "boost/json.hpp"

namespace trunkline::tool {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace json = boost::json;
using Local = net::local::stream_protocol;
using Request = bhttp::request<bhttp::string_body>;
using Whole = bhttp::response_parser<bhttp::string_body>;

constexpr std::uint64_t kBodyBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kLineBytesMax = 1024 * 1024;

// What the server said in place of an answer.
std::string MessageOf(const bhttp::response<bhttp::string_body>& response) {
  json::error_code error;
  const json::value body = json::parse(response.body(), error);
  if (!error) {
    const json::value* message = body.find_pointer("/error/message", error);
    if (message != nullptr && message->is_string()) {
      return std::string(message->get_string().data(), message->get_string().size());
    }
  }
  return "the server answers " + std::to_string(response.result_int());
}

// One request on a connection of its own.
class Exchange {
 public:
  explicit Exchange(const std::string& data_dir) : data_dir_(data_dir) {}

  std::optional<Failure> Send(bhttp::verb method, const std::string& target, std::string body) {
    const std::string path = data_dir_ + "/control.sock";
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return Failure{data_dir_ + ": too long a path for a control socket"};
    }
    beast::error_code error;
    socket_.connect(Local::endpoint(path), error);
    if (error) {
      return Failure{data_dir_ + ": no server answers here: " + error.message(), kUnreachable};
    }
    Request request(method, target, 11);
    request.set(bhttp::field::host, "localhost");
    if (method == bhttp::verb::post) {
      request.set(bhttp::field::content_type, "application/json");
      request.body() = std::move(body);
    }
    request.prepare_payload();
    bhttp::write(socket_, request, error);
    if (error) return Lost(error);
    return std::nullopt;
  }

  Result<std::string, Failure> ReadWhole() {
    Whole parser;
    parser.body_limit(kBodyBytesMax);
    beast::error_code error;
    bhttp::read(socket_, buffer_, parser, error);
    if (error) return Unexpected{Lost(error)};
    if (parser.get().result() != bhttp::status::ok) {
      return Unexpected{RefusalOf(parser.get())};
    }
    return std::move(parser.get().body());
  }

  Result<std::size_t, Failure> ReadLines(const std::function<bool(std::string_view)>& line) {
    bhttp::response_parser<bhttp::buffer_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    beast::error_code error;
    bhttp::read_header(socket_, buffer_, parser, error);
    if (error) return Unexpected{Lost(error)};
    if (parser.get().result() != bhttp::status::ok) {
      // Errors aren't chunked: their body is there with a length.
      bhttp::response<bhttp::string_body> refusal;
      refusal.result(parser.get().result());
      refusal.body() = BodyOf(parser);
      return Unexpected{RefusalOf(refusal)};
    }
    std::size_t lines = 0;
    std::string rest;
    while (!parser.is_done()) {
      if (!ReadSome(parser, rest, error)) return Unexpected{Lost(error)};
      std::size_t from = 0;
      for (std::size_t end; (end = rest.find('\n', from)) != std::string::npos; from = end + 1) {
        ++lines;
        if (!line(std::string_view(rest).substr(from, end - from))) return lines;
      }
      rest.erase(0, from);
      if (rest.size() > kLineBytesMax) {
        return Unexpected{Failure{data_dir_ + ": the server sends a line without an end"}};
      }
    }
    return lines;
  }

 private:
  using Parts = bhttp::response_parser<bhttp::buffer_body>;

  bool ReadSome(Parts& parser, std::string& to, beast::error_code& error) {
    parser.get().body().data = piece_.data();
    parser.get().body().size = piece_.size();
    bhttp::read_some(socket_, buffer_, parser, error);
    if (error == bhttp::error::need_buffer) error = {};
    to.append(piece_.data(), piece_.size() - parser.get().body().size);
    return !error;
  }

  std::string BodyOf(Parts& parser) {
    std::string body;
    beast::error_code error;
    while (!parser.is_done() && body.size() < kLineBytesMax && ReadSome(parser, body, error)) {
    }
    return body;
  }

  Failure RefusalOf(const bhttp::response<bhttp::string_body>& response) const {
    const unsigned status = response.result_int();
    const int code = status == 404 ? kNotFound : status == 409 ? kRefused : kFailed;
    return {data_dir_ + ": " + MessageOf(response), code};
  }

  Failure Lost(const beast::error_code& error) const {
    return {data_dir_ + ": the server has gone: " + error.message(), kUnreachable};
  }

  const std::string& data_dir_;
  net::io_context context_;
  Local::socket socket_{context_};
  beast::flat_buffer buffer_;
  std::array<char, 16 * 1024> piece_;
};

}  // namespace

Result<std::string, Failure> Client::Get(const std::string& target) const {
  Exchange exchange(data_dir_);
  if (auto failure = exchange.Send(bhttp::verb::get, target, "")) return Unexpected{*failure};
  return exchange.ReadWhole();
}

Result<std::string, Failure> Client::Post(const std::string& target, std::string body) const {
  Exchange exchange(data_dir_);
  if (auto failure = exchange.Send(bhttp::verb::post, target, std::move(body))) {
    return Unexpected{*failure};
  }
  return exchange.ReadWhole();
}

Result<std::size_t, Failure> Client::Follow(
    const std::string& target, const std::function<bool(std::string_view)>& line) const {
  Exchange exchange(data_dir_);
  if (auto failure = exchange.Send(bhttp::verb::get, target, "")) return Unexpected{*failure};
  return exchange.ReadLines(line);
}

}  // namespace trunkline::tool

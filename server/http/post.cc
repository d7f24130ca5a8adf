#include "server/http/post.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "boost/asio/connect.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::uint64_t kAnswerBytesMax = 64 * 1024;

class Posting {
 public:
  Posting(const Target& target, const Headers& headers, const std::string& json)
      : target_(target), request_(bhttp::verb::post, target.path, 11) {
    request_.set(bhttp::field::host, target.authority);
    request_.set(bhttp::field::content_type, "application/json");
    for (const auto& [name, value] : headers) request_.set(name, value);
    request_.body() = json;
    request_.prepare_payload();
    response_.body_limit(kAnswerBytesMax);
  }

  // Handlers run inside run_for, while everything they refer to is alive.
  absl::Status Run(Duration timeout, const std::stop_token& stop) {
    const std::stop_callback end(stop, [this] { context_.stop(); });
    stream_.expires_after(timeout);
    resolver_.async_resolve(
        target_.host, target_.port, [this](beast::error_code error, auto found) {
          if (Failed("name", error)) return;
          stream_.async_connect(found, [this](beast::error_code refused, const auto&) {
            if (!Failed("connect", refused)) Write();
          });
        });
    context_.run_for(timeout + std::chrono::seconds(1));
    return stop.stop_requested() ? absl::CancelledError("stopped") : status_;
  }

 private:
  void Write() {
    bhttp::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
      if (!Failed("request", error)) Read();
    });
  }
  void Read() {
    bhttp::async_read(stream_, buffer_, response_, [this](beast::error_code error, std::size_t) {
      if (Failed("answer", error)) return;
      const unsigned code = response_.get().result_int();
      status_ = code / 100 == 2 ? absl::OkStatus()
                                : absl::UnavailableError(absl::StrCat("status ", code));
    });
  }
  bool Failed(const char* step, const beast::error_code& error) {
    if (error == beast::error::timeout) return true;
    if (error) status_ = absl::UnavailableError(absl::StrCat(step, ": ", error.message()));
    return static_cast<bool>(error);
  }

  const Target& target_;
  net::io_context context_{1};
  beast::tcp_stream stream_{context_};
  net::ip::tcp::resolver resolver_{context_};
  bhttp::request<bhttp::string_body> request_;
  bhttp::response_parser<bhttp::string_body> response_;
  beast::flat_buffer buffer_;
  absl::Status status_ = absl::DeadlineExceededError("took too long");
};

}  // namespace

absl::StatusOr<Target> ParseTarget(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return absl::InvalidArgumentError("must start with http://");
  for (const char c : url) {
    if (c <= ' ' || c >= 127) return absl::InvalidArgumentError("must be ASCII without blanks");
  }
  const std::string rest = url.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  Target target;
  target.authority = rest.substr(0, slash);
  target.path = slash == std::string::npos ? "/" : rest.substr(slash);
  const std::size_t colon = target.authority.rfind(':');
  const bool bare_ipv6 = colon != std::string::npos && target.authority.back() == ']';
  const bool has_port = colon != std::string::npos && !bare_ipv6;
  target.host = has_port ? target.authority.substr(0, colon) : target.authority;
  target.port = has_port ? target.authority.substr(colon + 1) : "80";
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  std::uint16_t port = 0;
  const char* const end = target.port.data() + target.port.size();
  const auto parsed = std::from_chars(target.port.data(), end, port);
  if (target.host.empty() || parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
    return absl::InvalidArgumentError("must be http://HOST:PORT/PATH");
  }
  return target;
}

absl::Status PostJson(const Target& target, const Headers& headers, const std::string& json,
                      Duration timeout, std::stop_token stop) {
  return Posting(target, headers, json).Run(timeout, stop);
}

}  // namespace trunkline::http

#include "server/http/post.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "boost/asio/connect.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "server/http/stream.h"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::uint64_t kAnswerBytesMax = 64 * 1024;

class Posting {
 public:
  Posting(const Target& target, const Headers& headers, const std::string& json,
          const crypto::TlsClient* trust)
      : target_(target), trust_(trust), request_(bhttp::verb::post, target.path, 11) {
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
    stream_.lower().expires_after(timeout);
    Resolve();
    context_.run_for(timeout + std::chrono::seconds(1));
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    if (status_) return *status_;
    return absl::DeadlineExceededError(absl::StrCat(step_, ": took too long"));
  }

 private:
  void Resolve() {
    resolver_.async_resolve(target_.host, target_.port,
                            [this](beast::error_code error, const auto& found) {
                              if (!Failed(error)) Connect(found);
                            });
  }
  void Connect(const net::ip::tcp::resolver::results_type& found) {
    step_ = "connect";
    stream_.lower().async_connect(found, [this](beast::error_code error, const auto&) {
      if (!Failed(error)) target_.tls ? Handshake() : Write();
    });
  }
  void Handshake() {
    step_ = "tls";
    if (trust_ == nullptr) return Fail("no server is believed");
    const bool begun = stream_.ConnectTls(*trust_, target_.host, [this](beast::error_code error) {
      const std::string fault = stream_.CertificateFault();
      if (error && !fault.empty()) return Fail(fault);
      if (!Failed(error)) Write();
    });
    if (!begun) Fail("no certificate can be for such a name");
  }
  void Write() {
    step_ = "request";
    bhttp::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
      if (!Failed(error)) Read();
    });
  }
  void Read() {
    step_ = "answer";
    bhttp::async_read(stream_, buffer_, response_, [this](beast::error_code error, std::size_t) {
      if (Failed(error)) return;
      const unsigned code = response_.get().result_int();
      status_ = code / 100 == 2 ? absl::OkStatus()
                                : absl::UnavailableError(absl::StrCat("status ", code));
    });
  }
  bool Failed(const beast::error_code& error) {
    if (error && error != beast::error::timeout) Fail(error.message());
    return static_cast<bool>(error);
  }
  void Fail(const std::string& why) {
    status_ = absl::UnavailableError(absl::StrCat(step_, ": ", why));
  }

  const Target& target_;
  const crypto::TlsClient* const trust_;
  net::io_context context_{1};
  Stream<beast::tcp_stream> stream_{context_};
  net::ip::tcp::resolver resolver_{context_};
  bhttp::request<bhttp::string_body> request_;
  bhttp::response_parser<bhttp::string_body> response_;
  beast::flat_buffer buffer_;
  const char* step_ = "name";
  std::optional<absl::Status> status_;  // none: nothing has come of it yet
};

}  // namespace

absl::StatusOr<Target> ParseTarget(const std::string& url) {
  constexpr std::string_view kPlain = "http://", kTls = "https://";
  Target target;
  target.tls = url.starts_with(kTls);
  if (!target.tls && !url.starts_with(kPlain)) {
    return absl::InvalidArgumentError("must start with http:// or https://");
  }
  for (const char c : url) {
    if (c <= ' ' || c >= 127) return absl::InvalidArgumentError("must be ASCII without blanks");
  }
  const std::string rest = url.substr(target.tls ? kTls.size() : kPlain.size());
  const std::size_t slash = rest.find('/');
  target.authority = rest.substr(0, slash);
  target.path = slash == std::string::npos ? "/" : rest.substr(slash);
  const std::size_t colon = target.authority.rfind(':');
  const bool bare_ipv6 = colon != std::string::npos && target.authority.back() == ']';
  const bool has_port = colon != std::string::npos && !bare_ipv6;
  target.host = has_port ? target.authority.substr(0, colon) : target.authority;
  target.port = has_port ? target.authority.substr(colon + 1) : target.tls ? "443" : "80";
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  std::uint16_t port = 0;
  const char* const end = target.port.data() + target.port.size();
  const auto parsed = std::from_chars(target.port.data(), end, port);
  if (target.host.empty() || parsed.ec != std::errc() || parsed.ptr != end || port == 0) {
    return absl::InvalidArgumentError("must be http://HOST:PORT/PATH or https://HOST:PORT/PATH");
  }
  return target;
}

absl::Status PostJson(const Target& target, const Headers& headers, const std::string& json,
                      Duration timeout, const crypto::TlsClient* trust, std::stop_token stop) {
  return Posting(target, headers, json, trust).Run(timeout, stop);
}

}  // namespace trunkline::http

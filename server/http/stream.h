// A connection's bytes, with TLS around them or without: what Beast asks of a stream, so that the
// code above is the same. Without TLS an operation costs one branch more.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "boost/asio/ssl/stream.hpp"
#include "boost/beast/core/error.hpp"
#include "boost/beast/core/flat_stream.hpp"
#include "common/crypto/tls.h"

namespace trunkline::http {

// `Lower` is a beast::basic_stream. Its deadlines hold for what goes through TLS as well.
template <class Lower>
class Stream {
 public:
  using executor_type = typename Lower::executor_type;
  using Error = boost::beast::error_code;

  template <class... Arguments>
  explicit Stream(Arguments&&... arguments) : lower_(std::forward<Arguments>(arguments)...) {}
  // Pending operations refer to both layers.
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() noexcept { return lower_.get_executor(); }
  Lower& lower() { return lower_; }
  bool is_tls() const { return tls_ != nullptr; }

  // From here on all goes through TLS; done(Error) when both sides have agreed, once only.
  template <class Done>
  void AcceptTls(const crypto::TlsServer& as, Done done) {
    tls_ = std::make_unique<Tls>(lower_, as.NewSession());
    tls_->next_layer().async_handshake(Side::server, std::move(done));
  }
  // Likewise, as a client of `host`; false: no server can prove to be that, and nothing happens.
  template <class Done>
  bool ConnectTls(const crypto::TlsClient& as, const std::string& host, Done done) {
    ssl_st* const session = as.NewSession(host);
    if (session == nullptr) return false;
    tls_ = std::make_unique<Tls>(lower_, session);
    tls_->next_layer().async_handshake(Side::client, std::move(done));
    return true;
  }
  // Why the handshake didn't accept the peer's certificate; empty: it failed otherwise, or didn't.
  std::string CertificateFault() {
    return tls_ == nullptr ? "" : crypto::CertificateFault(tls_->next_layer().native_handle());
  }

  // Says that no more will be sent. Over TLS that waits for the peer to say the same, or to go:
  // done(Error) after a deadline of Lower's at the latest. Without TLS closing says it: done at
  // once.
  template <class Done>
  void SayEnd(Done done) {
    if (tls_ == nullptr) return done(Error());
    tls_->next_layer().async_shutdown(std::move(done));
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_ == nullptr) return lower_.async_read_some(buffers, std::forward<Handler>(handler));
    tls_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_ == nullptr) return lower_.async_write_some(buffers, std::forward<Handler>(handler));
    tls_->async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  using Side = boost::asio::ssl::stream_base;
  // Flat: a header and its body leave as one record.
  using Tls = boost::beast::flat_stream<boost::asio::ssl::stream<Lower&>>;

  Lower lower_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace trunkline::http

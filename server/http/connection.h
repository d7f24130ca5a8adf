// One HTTP connection: read a request, have it answered, again. Lives on the server's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/generic/stream_protocol.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "common/crypto/tls.h"
#include "common/time.h"
#include "server/http/answer.h"
#include "server/http/stream.h"

namespace trunkline::http {

// TCP and Unix sockets alike.
using Protocol = boost::asio::generic::stream_protocol;
// By name: one of any kind costs indirect calls in each operation.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<Protocol, Executor>;
using ConnectionId = std::uint64_t;  // never reused

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // What a connection needs of its server; outlives it, or is gone when its context has stopped.
  struct Owner {
    std::function<void(ConnectionId, Request)> handle;         // Answer comes later
    std::function<std::function<void()>(ConnectionId)> waker;  // any thread may call it: FeedWoken
    std::function<void(ConnectionId)> closed;                  // forget it
    BodyRules bodies;
    const crypto::TlsServer* tls = nullptr;  // none: plain
    Duration handshake_timeout{};
  };

  // `peer`: the other end's address, or empty.
  Connection(ConnectionId id, Socket socket, std::string peer, const Owner* owner)
      : id_(id), peer_(std::move(peer)), stream_(std::move(socket)), owner_(owner) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  void Write(Answer answer);
  void FeedWoken();

 private:
  using Error = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  void Read();
  void OnHeader(const Error& error);
  void ReadBody();
  void OnRead(const Error& error);
  void Send();
  void OnWritten(const Error& error);
  bool Failed(const Error& error);  // and what to do about it has been done
  void RefuseBody();
  void Refuse(unsigned status, std::string_view code, std::string_view message);
  void RefuseWith(Answer answer);
  void Linger();
  void Drop();
  void End();
  void StartFeed(const Answer& answer);
  void AwaitEnd();
  void Pump();
  void Close();

  const ConnectionId id_;
  const std::string peer_;
  Stream<boost::beast::basic_stream<Protocol, Executor>> stream_;
  const Owner* const owner_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  unsigned version_ = 11;
  bool is_head_ = false, keep_alive_ = false, closed_ = false;
  bool refused_ = false;         // before it was read to its end
  std::size_t left_unread_ = 0;  // of a refused request: how much more is taken and dropped

  std::string sending_, unsent_;  // pieces of an answer

  std::shared_ptr<Feed> feed_;
  std::optional<boost::beast::http::response<boost::beast::http::empty_body>> feed_response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>> feed_head_;
  std::string chunk_;
  bool pumping_ = false;  // a write is under way
};

}  // namespace trunkline::http

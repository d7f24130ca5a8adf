#include "server/http/connection.h"

#include <chrono>
#include <utility>

#include "common/log.h"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
// One path as JSON is the longest that operators send; PATH_MAX is 4 KiB.
constexpr std::size_t kBodyBytesMax = 8 * 1024;
// Of a longer body there is never more in here than this at a time.
constexpr std::size_t kBufferBytesMax = 16 * 1024;
constexpr std::chrono::seconds kRequestTimeout{10};
// What a large body may take longer: a second for each so many bytes.
constexpr std::size_t kSlowestBytesPerSecond = 256 * 1024;
// A client that is still sending sees its refusal only if the rest is taken from it.
constexpr std::size_t kLingerBytesMax = 1 << 20;
constexpr std::chrono::seconds kLingerTimeout{2};
// A shorter body is copied to its head, and both leave with one write.
constexpr std::size_t kOneWriteBytes = 16 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string Text(beast::string_view view) {
  return std::string(view.data(), view.size());
}

template <class Field>
std::string HeaderOf(const bhttp::fields& fields, Field name) {
  std::string joined;
  const auto [begin, end] = fields.equal_range(name);
  for (auto it = begin; it != end; ++it) {
    if (it != begin) joined += ", ";
    joined.append(it->value().data(), it->value().size());
  }
  return joined;
}

Request HeadOf(const bhttp::request_header<>& head) {
  Request request;
  request.method = Text(head.method_string());
  request.target = Text(head.target());
  request.authorization = HeaderOf(head, bhttp::field::authorization);
  request.content_type = HeaderOf(head, bhttp::field::content_type);
  request.host = HeaderOf(head, bhttp::field::host);
  request.request_id = HeaderOf(head, "X-Request-Id");
  request.organization_id = HeaderOf(head, "X-Organization-Id");
  request.idempotency_key = HeaderOf(head, "Idempotency-Key");
  request.last_event_id = HeaderOf(head, "Last-Event-ID");
  return request;
}

// A value that would end its line early isn't sent.
void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos) return;
  head.append(name).append(": ").append(value).append("\r\n");
}

// By hand: Beast's serializer goes through its pieces with costly iterators.
std::string HeadText(const Answer& answer, unsigned version, bool keep_alive) {
  const auto reason = bhttp::obsolete_reason(bhttp::int_to_status(answer.status));
  std::string head = version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ";
  head.reserve(256);
  head.append(std::to_string(answer.status)).append(" ");
  head.append(reason.data(), reason.size()).append("\r\n");
  AppendHeader(head, "Content-Type", answer.content_type);
  AppendHeader(head, "Cache-Control", "no-store");
  if (!answer.allow.empty()) AppendHeader(head, "Allow", answer.allow);
  for (const auto& [name, value] : answer.headers) AppendHeader(head, name, value);
  // Each version's other habit.
  if (keep_alive != (version >= 11)) {
    AppendHeader(head, "Connection", keep_alive ? "keep-alive" : "close");
  }
  AppendHeader(head, "Content-Length", std::to_string(answer.body.size()));
  return head.append("\r\n");
}

}  // namespace

Connection::~Connection() {
  if (feed_ != nullptr) feed_->Detach();
}

void Connection::Start() {
  if (owner_->tls == nullptr) return Read();
  stream_.lower().expires_after(owner_->handshake_timeout);
  stream_.AcceptTls(*owner_->tls, [self = shared_from_this()](const Error& error) {
    if (!error) return self->Read();
    log::Debug("http: a TLS handshake failed: {}", error.message());
    self->Close();
  });
}

void Connection::Read() {
  buffer_.max_size(kBufferBytesMax);
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(boost::none);  // until the header says whose it is
  stream_.lower().expires_after(kRequestTimeout);
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnHeader(error); });
}

void Connection::OnHeader(const Error& error) {
  if (Failed(error)) return;
  request_ = HeadOf(parser_->get().base());
  request_.peer = peer_;
  version_ = parser_->get().version();
  is_head_ = parser_->get().method() == bhttp::verb::head;
  if (parser_->is_done()) return OnRead(error);
  const BodyRules& bodies = owner_->bodies;
  const std::size_t most = bodies.max ? bodies.max(request_) : kBodyBytesMax;
  if (parser_->content_length().value_or(0) > most) return RefuseBody();
  parser_->body_limit(most);
  stream_.lower().expires_after(kRequestTimeout +
                                std::chrono::seconds(most / kSlowestBytesPerSecond));
  const auto expect = parser_->get()[bhttp::field::expect];
  if (expect.empty() || version_ < 11) return ReadBody();
  if (!beast::iequals(expect, "100-continue")) {
    return Refuse(417, "expectation_failed", "only 100-continue can be expected");
  }
  net::async_write(stream_, net::const_buffer(kContinue.data(), kContinue.size()),
                   [self = shared_from_this()](const Error& cut, std::size_t) {
                     cut ? self->Close() : self->ReadBody();
                   });
}

void Connection::ReadBody() {
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnRead(error); });
}

void Connection::OnRead(const Error& error) {
  if (Failed(error)) return;
  keep_alive_ = parser_->keep_alive();
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  stream_.lower().expires_never();  // whoever answers has a bound of its own
  owner_->handle(id_, std::exchange(request_, {}));
}

bool Connection::Failed(const Error& error) {
  if (!error) return false;
  if (error == bhttp::error::header_limit) {
    Refuse(431, "header_too_large", "the header is too large");
  } else if (error == bhttp::error::body_limit) {
    RefuseBody();
  } else if (error == bhttp::error::end_of_stream) {
    End();
  } else if (error.category() == bhttp::make_error_code(bhttp::error::bad_target).category()) {
    Refuse(400, "bad_request", "this is not an HTTP request");
  } else {
    Close();
  }
  return true;
}

void Connection::RefuseBody() {
  if (owner_->bodies.too_large) return RefuseWith(owner_->bodies.too_large(request_));
  Refuse(413, "body_too_large", "the body is too large");
}

void Connection::Refuse(unsigned status, std::string_view code, std::string_view message) {
  RefuseWith(ErrorAnswer(status, code, message));
}

void Connection::RefuseWith(Answer answer) {
  keep_alive_ = is_head_ = false;
  refused_ = true;
  Write(std::move(answer));
}

// Closing over bytes that nobody has read would reset the connection, and the answer with it.
void Connection::Linger() {
  buffer_.clear();
  left_unread_ = kLingerBytesMax;
  stream_.lower().expires_after(kLingerTimeout);
  stream_.SayEnd([self = shared_from_this()](const Error&) {
    Error ignored;
    self->stream_.lower().socket().shutdown(Protocol::socket::shutdown_send, ignored);
    self->Drop();
  });
}

// What nobody wants needs no decrypting.
void Connection::Drop() {
  stream_.lower().async_read_some(
      buffer_.prepare(kBufferBytesMax),
      [self = shared_from_this()](const Error& error, std::size_t size) {
        if (error || size >= self->left_unread_) return self->Close();
        self->left_unread_ -= size;
        self->Drop();
      });
}

// A client over TLS tells this from a connection that somebody cut.
void Connection::End() {
  if (!stream_.is_tls()) return Close();
  stream_.lower().expires_after(kLingerTimeout);
  stream_.SayEnd([self = shared_from_this()](const Error&) { self->Close(); });
}

void Connection::Write(Answer answer) {
  if (closed_) return;
  if (answer.feed != nullptr) return StartFeed(answer);
  sending_ = HeadText(answer, version_, keep_alive_);
  unsent_ = is_head_ ? std::string() : std::move(answer.body);
  if (unsent_.size() <= kOneWriteBytes) sending_ += std::exchange(unsent_, {});
  stream_.lower().expires_after(kRequestTimeout);
  Send();
}

// One buffer at a time: of several, Beast's TLS stream can lose the second.
void Connection::Send() {
  net::async_write(stream_, net::const_buffer(sending_.data(), sending_.size()),
                   [self = shared_from_this()](const Error& error, std::size_t) {
                     if (error || self->unsent_.empty()) return self->OnWritten(error);
                     self->sending_ = std::exchange(self->unsent_, {});
                     self->Send();
                   });
}

void Connection::OnWritten(const Error& error) {
  if (!error && refused_) return Linger();
  if (error) return Close();
  keep_alive_ ? Read() : End();
}

// ---- A body without an end

void Connection::StartFeed(const Answer& answer) {
  feed_ = answer.feed;
  feed_response_.emplace(bhttp::int_to_status(answer.status), 11u);
  feed_response_->set(bhttp::field::content_type, answer.content_type);
  feed_response_->set(bhttp::field::cache_control, "no-store");
  feed_response_->keep_alive(false);
  feed_response_->chunked(true);
  feed_head_.emplace(*feed_response_);
  // A reader may be as slow as it likes: it costs a bounded queue.
  stream_.lower().expires_never();
  pumping_ = true;
  bhttp::async_write_header(stream_, *feed_head_,
                            [self = shared_from_this()](const Error& error, std::size_t) {
                              self->pumping_ = false;
                              if (error) return self->Close();
                              self->AwaitEnd();
                              self->feed_->Attach(self->owner_->waker(self->id_));
                              self->Pump();
                            });
}

// Nothing more is expected from the reader: whatever comes means that it goes.
void Connection::AwaitEnd() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(1), [self = shared_from_this()](
                                                  const Error&, std::size_t) { self->Close(); });
}

void Connection::FeedWoken() {
  if (feed_ != nullptr) Pump();
}

void Connection::Pump() {
  if (pumping_ || closed_) return;
  chunk_ = feed_->Take();
  if (chunk_.empty()) return;
  pumping_ = true;
  net::async_write(stream_, bhttp::make_chunk(net::const_buffer(chunk_.data(), chunk_.size())),
                   [self = shared_from_this()](const Error& error, std::size_t) {
                     self->pumping_ = false;
                     if (error) return self->Close();
                     self->Pump();
                   });
}

void Connection::Close() {
  if (std::exchange(closed_, true)) return;
  Error ignored;
  stream_.lower().socket().shutdown(Protocol::socket::shutdown_both, ignored);
  owner_->closed(id_);
}

}  // namespace trunkline::http

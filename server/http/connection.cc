#include "server/http/connection.h"

#include <chrono>
#include <utility>

namespace trunkline::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
// One path as JSON is the longest that anything takes; PATH_MAX is 4 KiB.
constexpr std::uint64_t kBodyBytesMax = 8 * 1024;
constexpr std::chrono::seconds kRequestTimeout{10};

std::string Text(beast::string_view view) {
  return std::string(view.data(), view.size());
}

}  // namespace

Connection::~Connection() {
  if (feed_ != nullptr) feed_->Detach();
}

void Connection::Read() {
  buffer_.max_size(kHeaderBytesMax + kBodyBytesMax);
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(kBodyBytesMax);
  stream_.expires_after(kRequestTimeout);
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnRead(error); });
}

void Connection::OnRead(const Error& error) {
  if (error == bhttp::error::header_limit) {
    return Refuse(431, "header_too_large", "the header is too large");
  }
  if (error == bhttp::error::body_limit) {
    return Refuse(413, "body_too_large", "the body is too large");
  }
  if (error == bhttp::error::end_of_stream || error == beast::error::timeout) return Close();
  if (error.category() == bhttp::make_error_code(bhttp::error::bad_target).category()) {
    return Refuse(400, "bad_request", "this is not an HTTP request");
  }
  if (error) return Close();
  bhttp::request<bhttp::string_body> request = parser_->release();
  is_head_ = request.method() == bhttp::verb::head;
  keep_alive_ = request.keep_alive();
  stream_.expires_never();  // whoever answers has a bound of its own
  owner_->handle(id_, {Text(request.method_string()), Text(request.target()),
                       std::move(request.body()), Text(request[bhttp::field::authorization])});
}

void Connection::Refuse(unsigned status, std::string_view code, std::string_view message) {
  keep_alive_ = is_head_ = false;
  Write(ErrorAnswer(status, code, message));
}

void Connection::Write(Answer answer) {
  if (closed_) return;
  if (answer.feed != nullptr) return StartFeed(answer);
  response_ = {};
  response_.version(11);
  response_.result(answer.status);
  response_.set(bhttp::field::content_type, answer.content_type);
  response_.set(bhttp::field::cache_control, "no-store");
  if (!answer.allow.empty()) response_.set(bhttp::field::allow, answer.allow);
  response_.keep_alive(keep_alive_);
  response_.content_length(answer.body.size());
  if (!is_head_) response_.body() = std::move(answer.body);
  stream_.expires_after(kRequestTimeout);
  bhttp::async_write(
      stream_, response_,
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnWritten(error); });
}

void Connection::OnWritten(const Error& error) {
  if (error || !keep_alive_) return Close();
  Read();
}

// ---- A body without an end
// ------------------------------------------------------------------------

void Connection::StartFeed(const Answer& answer) {
  feed_ = answer.feed;
  feed_response_.emplace(bhttp::int_to_status(answer.status), 11u);
  feed_response_->set(bhttp::field::content_type, answer.content_type);
  feed_response_->set(bhttp::field::cache_control, "no-store");
  feed_response_->keep_alive(false);
  feed_response_->chunked(true);
  feed_head_.emplace(*feed_response_);
  // A reader may be as slow as it likes: it costs a bounded queue.
  stream_.expires_never();
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
  stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
  owner_->closed(id_);
}

}  // namespace trunkline::http

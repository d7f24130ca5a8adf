#include "bench/load/client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "bench/load/client_link.h"
#include "server/mtproto/envelope.h"

namespace trunkline::load {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

struct TransportName {
  TransportChoice transport;
  std::string_view name;
};
constexpr TransportName kTransportNames[] = {{TransportChoice::kAbridged, "abridged"},
                                             {TransportChoice::kIntermediate, "intermediate"},
                                             {TransportChoice::kPadded, "padded"},
                                             {TransportChoice::kFull, "full"},
                                             {TransportChoice::kObfuscated, "obfuscated"}};

}  // namespace

std::string_view NameOf(TransportChoice transport) {
  for (const TransportName& entry : kTransportNames) {
    if (entry.transport == transport) return entry.name;
  }
  return "?";
}

std::optional<TransportChoice> TransportNamed(std::string_view name) {
  for (const TransportName& entry : kTransportNames) {
    if (entry.name == name) return entry.transport;
  }
  return std::nullopt;
}

Client::Client(asio::io_context& io, ClientOptions options, Entropy* entropy)
    : io_(io), options_(std::move(options)), entropy_(entropy) {}

Client::~Client() {
  Disconnect();
}

WallTime Client::now() const {
  return std::chrono::system_clock::now();
}

bool Client::connected() const {
  return link_ != nullptr && link_->open;
}

// ---- Connection
// -----------------------------------------------------------------------------------

void Client::Connect(Ready ready) {
  Disconnect();
  ready_ = std::move(ready);
  transport_error_ = 0;
  link_ = std::make_shared<Link>(io_, options_.transport, static_cast<std::int16_t>(options_.dc));
  link_->socket.async_connect(options_.server, [this, link = link_](error_code error) {
    if (link->dropped) return;
    if (error) return Fail(absl::UnavailableError("can't connect: " + error.message()));
    Connected(link);
  });
}

void Client::Disconnect() {
  if (link_ == nullptr) return;
  const std::shared_ptr<Link> link = std::exchange(link_, nullptr);
  link->open = false;
  link->dropped = true;
  error_code ignored;
  link->socket.close(ignored);
  exchange_ = nullptr;
}

void Client::ForgetSession() {
  if (session_) session_->StartNewSession(SessionId(static_cast<std::int64_t>(entropy_->U64())));
}

void Client::Connected(const std::shared_ptr<Link>& link) {
  link->open = true;
  error_code ignored;
  link->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  ReadSome(link);
  if (!permanent_) return StartExchange(/*temporary=*/false);
  if (options_.pfs && !temporary_) return StartExchange(/*temporary=*/true);
  StartSession();
}

void Client::Fail(absl::Status status) {
  Disconnect();
  if (ready_) return BecomeReady(std::move(status));
  if (closed_) closed_(std::move(status));
}

void Client::BecomeReady(absl::Status status) {
  if (const Ready ready = std::exchange(ready_, nullptr)) ready(std::move(status));
}

void Client::ReadSome(const std::shared_ptr<Link>& link) {
  link->socket.async_read_some(
      asio::buffer(link->in), [this, link](error_code error, std::size_t bytes) {
        if (!link->open) return;
        if (error) return Fail(absl::UnavailableError("the server closed: " + error.message()));
        Received(link, bytes);
        if (link->open) ReadSome(link);
      });
}

void Client::Received(const std::shared_ptr<Link>& link, std::size_t bytes) {
  using Next = mtproto::ClientTransport::Next;
  link->transport.Receive(ByteSpan(link->in).first(bytes));
  mtproto::ServerFrame frame;
  while (link->open) {
    switch (link->transport.Poll(frame)) {
      case Next::kMore:
        return Flush();
      case Next::kPacket:
        PacketArrived(frame.payload);
        break;
      case Next::kQuickAck:
        break;
      case Next::kError:
        transport_error_ = frame.error;
        if (frame.error == -404 && temporary_) DropTemporaryKey();
        return Fail(absl::AbortedError("transport error " + std::to_string(frame.error)));
      case Next::kClose:
        return Fail(absl::DataLossError("a frame that the transport doesn't have"));
    }
  }
}

void Client::PacketArrived(ByteSpan packet) {
  if (packet.size() < 8) return Fail(absl::DataLossError("a packet without a key id"));
  const AuthKeyId key_id = mtproto::PacketKeyId(packet);
  if (!key_id) return ExchangePacket(packet);
  if (!session_ || key_id != key_in_use().id) {
    return Fail(absl::DataLossError("a packet under a key that isn't ours"));
  }
  const auto opened = mtproto::OpenMessage(key_in_use().key, crypto::Direction::kToClient, packet);
  if (!opened) {
    return Fail(absl::DataLossError("a packet that can't be opened: " +
                                    std::string(mtproto::CloseReason(opened.error()))));
  }
  const std::string_view broken = session_->Receive(opened->header, opened->body, now());
  if (!broken.empty()) return Fail(absl::DataLossError("the server sent " + std::string(broken)));
  Deliver();
}

// The server doesn't know it, or no longer: the next Connect makes and binds another.
void Client::DropTemporaryKey() {
  temporary_.reset();
  bound_ = false;
  initialised_ = false;
  ForgetSession();
}

void Client::Write(Bytes frame) {
  if (link_ == nullptr) return;
  link_->out.insert(link_->out.end(), frame.begin(), frame.end());
  if (link_->writing.empty()) WriteOut(link_);
}

void Client::WriteOut(const std::shared_ptr<Link>& link) {
  link->writing.swap(link->out);
  link->out.clear();
  if (link->writing.empty()) return;
  asio::async_write(link->socket, asio::buffer(link->writing),
                    [this, link](error_code error, std::size_t) {
                      link->writing.clear();
                      // A failed write is told by the read that fails with it.
                      if (!error && link->open) WriteOut(link);
                    });
}

// ---- Session
// --------------------------------------------------------------------------------------

void Client::StartSession() {
  if (!session_) {
    const std::int64_t salt = options_.zero_salt ? 0 : key_in_use().salt;
    session_.emplace(SessionId(static_cast<std::int64_t>(entropy_->U64())), salt);
    session_->set_gzip_requests(options_.gzip_requests);
    session_->set_server_ahead(key_in_use().server_ahead);
  } else {
    session_->Reconnected();
  }
  if (options_.pfs && !bound_) return Bind();
  BecomeReady(absl::OkStatus());
  Flush();
}

void Client::Flush() {
  if (!connected() || !session_ || exchange_ != nullptr) return;
  OutgoingPacket packet;
  if (session_->TakePacket(now(), /*acks_alone=*/false, packet))
    SendSealed(packet.header, packet.body);
}

void Client::SendSealed(const mtproto::MessageHeader& header, ByteView body) {
  Bytes sealed;
  mtproto::SealMessage(key_in_use().id, key_in_use().key, crypto::Direction::kToServer, header,
                       body, *entropy_, sealed);
  SendRaw(sealed);
}

void Client::SendRaw(ByteView payload) {
  if (link_ == nullptr) return;
  Bytes frame;
  link_->transport.AppendPacket(payload, /*wants_quick_ack=*/false, *entropy_, frame);
  Write(std::move(frame));
}

RequestId Client::InvokeBody(Bytes body, Done done, bool bare) {
  if (observer_) observer_(Event::kQuery, body);
  // Several queries may go out wrapped until one of them is answered.
  if (!initialised_ && !bare) body = Introduced(body, options_.layer, "trunkline-bench");
  return SendService(std::move(body), std::move(done));
}

RequestId Client::SendService(Bytes body, Done done) {
  CHECK(session_.has_value());  // after Connect only
  const RequestId request = session_->Send(std::move(body));
  waiting_.emplace(request, std::move(done));
  // One packet for everything that this turn of the loop asks.
  asio::post(io_, [this, link = link_] {
    if (link != nullptr && link->open) Flush();
  });
  return request;
}

void Client::Forget(RequestId request) {
  waiting_.erase(request);
  if (session_) session_->Forget(request);
}

void Client::Deliver() {
  SessionEvent event;
  while (session_ && session_->Poll(event)) {
    if (auto* answered = std::get_if<Answered>(&event)) {
      const auto waiting = waiting_.extract(answered->request);
      if (observer_) observer_(Event::kResult, answered->body);
      const Reply reply = ReplyOf(std::move(answered->body));
      initialised_ |= reply.error != "CONNECTION_NOT_INITED" && bound_ == options_.pfs;
      if (!waiting.empty()) waiting.mapped()(reply);
    } else if (const auto* rejected = std::get_if<Rejected>(&event)) {
      const auto waiting = waiting_.extract(rejected->request);
      Reply reply;
      reply.code = rejected->code;
      reply.error = "BAD_MSG";
      if (!waiting.empty()) waiting.mapped()(reply);
    } else if (const auto* updates = std::get_if<UpdatesArrived>(&event)) {
      if (observer_) observer_(Event::kUpdates, updates->body);
      if (updates_) updates_(updates->body);
    }
  }
}

}  // namespace trunkline::load

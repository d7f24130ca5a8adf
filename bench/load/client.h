// A real MTProto client on Asio: a TCP connection in any transport, the key exchange, sealed
// messages, one session, and queries with callbacks. Any number of clients share one io_context
// with one thread; nothing here is thread-safe, and all callbacks come from that thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "bench/load/client_session.h"
#include "bench/load/reply.h"
#include "common/crypto/rsa.h"
#include "common/entropy.h"
#include "common/secret.h"

namespace trunkline::load {

enum class TransportChoice { kAbridged, kIntermediate, kPadded, kFull, kObfuscated };
inline constexpr TransportChoice kAllTransports[] = {
    TransportChoice::kAbridged, TransportChoice::kIntermediate, TransportChoice::kPadded,
    TransportChoice::kFull, TransportChoice::kObfuscated};
std::string_view NameOf(TransportChoice transport);
std::optional<TransportChoice> TransportNamed(std::string_view name);

struct ClientOptions {
  boost::asio::ip::tcp::endpoint server;
  TransportChoice transport = TransportChoice::kAbridged;
  std::optional<crypto::RsaPublicKey> server_key;

  // The key exchange's forms: p_q_inner_data with or without dc, RSA_PAD or the older SHA-1
  // padding.
  bool inner_with_dc = true;
  bool rsa_pad = true;
  std::int32_t dc = 2;

  int layer = 198;
  bool pfs = false;            // a temporary key, bound to the permanent one, carries all queries
  bool zero_salt = false;      // begin with salt 0 and learn it by bad_server_salt
  bool gzip_requests = false;  // see ClientSession
};

// An auth key; saved and used again, it is the same device.
struct ClientKey {
  AuthKey key;
  AuthKeyId id;
  std::int64_t salt = 0;
  std::chrono::nanoseconds server_ahead{0};  // the server's clock minus ours
};

class Client {
 public:
  using Ready = std::function<void(absl::Status)>;
  using Done = std::function<void(const Reply&)>;
  using UpdatesHandler = std::function<void(ByteView updates)>;
  // For ladders: every query, result and update as it passes.
  enum class Event { kQuery, kResult, kUpdates };
  using Observer = std::function<void(Event, ByteView body)>;

  // `io` and `entropy` are borrowed.
  Client(boost::asio::io_context& io, ClientOptions options, Entropy* entropy);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Another device's key, before Connect; without it Connect makes one.
  void UseKey(const ClientKey& key) { permanent_ = key; }
  // The permanent key; nullopt before the first key exchange.
  const std::optional<ClientKey>& key() const { return permanent_; }

  // Connects, makes the keys that are missing, binds the temporary one. Also reconnects: unanswered
  // queries of the kept session go out again. `ready` is called once.
  void Connect(Ready ready);
  // Closes the connection; keys, session and unanswered queries stay.
  void Disconnect();
  // As libraries do that never keep a session: before the next Connect.
  void ForgetSession();
  // The server closed, or something broke a rule; unanswered queries wait for a Connect.
  void OnClosed(std::function<void(absl::Status)> closed) { closed_ = std::move(closed); }
  bool connected() const;

  void OnUpdates(UpdatesHandler handler) { updates_ = std::move(handler); }
  void Observe(Observer observer) { observer_ = std::move(observer); }

  // The first query of a key travels inside invokeWithLayer(initConnection(...)).
  template <class Method>
  RequestId Invoke(const Method& method, Done done) {
    Bytes body;
    tl::AppendTo(body, method, options_.layer);
    return InvokeBody(std::move(body), std::move(done));
  }
  // An API query as it is; wrapped like the others unless `bare`.
  RequestId InvokeBody(Bytes body, Done done, bool bare = false);
  // A service request (ping, get_future_salts, ...); the reply's body is its bare answer.
  RequestId SendService(Bytes body, Done done);
  void Forget(RequestId request);

  // One packet of our own making under the key in use, past all of the session's rules (tests).
  void SendSealed(const mtproto::MessageHeader& header, ByteView body);
  // Anything, framed by the transport (tests).
  void SendRaw(ByteView payload);
  // The latest transport error (-404 and so on); 0 if none.
  std::int32_t transport_error() const { return transport_error_; }

  ClientOptions& options() { return options_; }
  ClientSession* session() { return session_ ? &*session_ : nullptr; }
  WallTime now() const;

 private:
  struct Link;      // the connection
  struct Exchange;  // a key exchange in progress

  void Connected(const std::shared_ptr<Link>& link);
  void StartExchange(bool temporary);
  void ExchangePacket(ByteView packet);
  void ExchangeDone();
  void StartSession();
  void Bind();
  Bytes MakeBinding(MessageId msg_id, std::int64_t nonce, std::int32_t expires_at) const;
  void DropTemporaryKey();
  void BecomeReady(absl::Status status);

  void ReadSome(const std::shared_ptr<Link>& link);
  void Received(const std::shared_ptr<Link>& link, std::size_t bytes);
  void PacketArrived(ByteSpan packet);
  void Write(Bytes frame);
  void WriteOut(const std::shared_ptr<Link>& link);
  void Flush();
  void Deliver();
  void Fail(absl::Status status);
  ClientKey& key_in_use() { return temporary_ ? *temporary_ : *permanent_; }

  boost::asio::io_context& io_;
  ClientOptions options_;
  Entropy* entropy_;
  std::shared_ptr<Link> link_;
  std::unique_ptr<Exchange> exchange_;
  std::optional<ClientKey> permanent_, temporary_;
  std::int32_t temporary_expires_ = 0;
  bool bound_ = false;
  bool initialised_ = false;  // a wrapped query was answered under the key in use
  std::optional<ClientSession> session_;
  std::unordered_map<RequestId, Done> waiting_;
  Ready ready_;
  std::function<void(absl::Status)> closed_;
  UpdatesHandler updates_;
  Observer observer_;
  std::int32_t transport_error_ = 0;
};

}  // namespace trunkline::load

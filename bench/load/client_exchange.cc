// A client's key exchanges, and the binding of its temporary key (MTProto: perfect forward
// secrecy).
#include <cstring>
#include <utility>

#include "bench/load/client.h"
#include "bench/load/client_link.h"
#include "common/crypto/aes.h"
#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"

namespace trunkline::load {

namespace fn = tl::api::fn;
namespace mt = tl::mt;

namespace {

constexpr std::int32_t kTemporaryKeySeconds = 24 * 3600;

// encrypted_message of auth.bindTempAuthKey under MTProto 1.0: 16 random bytes in the place of salt
// and session, msg_id, seq_no 0, length 40, the inner object, 8 bytes of padding that the hash
// leaves out.
constexpr std::size_t kHashedBytes = 72;
constexpr std::size_t kBindingBytes = 80;
constexpr std::size_t kInnerBytes = 40;

}  // namespace

void Client::StartExchange(bool temporary) {
  CHECK(options_.server_key.has_value());
  mtproto::ClientHandshakeOptions options;
  options.rsa = options_.rsa_pad ? mtproto::RsaForm::kPad : mtproto::RsaForm::kLegacy;
  if (options_.inner_with_dc) options.dc = options_.dc;
  if (temporary) options.expires_in = kTemporaryKeySeconds;
  exchange_ = std::make_unique<Exchange>(
      Exchange{temporary, mtproto::ClientHandshake(options, *options_.server_key, entropy_)});
  SendRaw(exchange_->handshake.Start(now()));
}

void Client::ExchangePacket(ByteView packet) {
  using Next = mtproto::ClientHandshake::Next;
  if (exchange_ == nullptr) return;
  Bytes reply;
  switch (exchange_->handshake.Receive(packet, now(), reply)) {
    case Next::kSend:
      return SendRaw(reply);
    case Next::kDone:
      return ExchangeDone();
    case Next::kFailed:
      return Fail(
          absl::DataLossError("key exchange: " + std::string(exchange_->handshake.failure())));
  }
}

void Client::ExchangeDone() {
  const std::unique_ptr<Exchange> exchange = std::move(exchange_);
  const mtproto::ClientKey& made = exchange->handshake.key();
  // The server's clock is told in whole seconds; less than that is no difference.
  std::chrono::nanoseconds ahead = FromUnixSeconds(made.server_time) - now();
  if (ahead > std::chrono::seconds(-2) && ahead < std::chrono::seconds(2)) ahead = {};
  const ClientKey key{made.key, made.id, made.first_salt, ahead};
  if (exchange->temporary) {
    temporary_ = key;
    temporary_expires_ = made.server_time + kTemporaryKeySeconds;
    bound_ = false;
    initialised_ = false;
  } else {
    permanent_ = key;
    if (options_.pfs) return StartExchange(/*temporary=*/true);
  }
  StartSession();
}

void Client::Bind() {
  const auto nonce = static_cast<std::int64_t>(entropy_->U64());
  const std::int32_t expires_at = temporary_expires_;
  const RequestId request = session_->Send([this, nonce, expires_at](MessageId msg_id) {
    const Bytes message = MakeBinding(msg_id, nonce, expires_at);
    Bytes body;
    tl::AppendTo(body,
                 fn::auth::BindTempAuthKey{.perm_auth_key_id = permanent_->id.value(),
                                           .nonce = nonce,
                                           .expires_at = expires_at,
                                           .encrypted_message = AsText(message)},
                 options_.layer);
    return body;
  });
  waiting_.emplace(request, [this](const Reply& reply) {
    tl::Arena arena(64);
    bool bound = false;
    if (!ReadResult<fn::auth::BindTempAuthKey>(reply, arena, bound) || !bound) {
      return Fail(absl::AbortedError("auth.bindTempAuthKey: " + reply.Text()));
    }
    bound_ = true;
    BecomeReady(absl::OkStatus());
  });
  Flush();
}

Bytes Client::MakeBinding(MessageId msg_id, std::int64_t nonce, std::int32_t expires_at) const {
  Bytes plain(32);
  entropy_->Fill(ByteSpan(plain).first(16));
  StoreLittle(&plain[16], msg_id.value());
  StoreLittle<std::int32_t>(&plain[24], 0);
  StoreLittle<std::int32_t>(&plain[28], kInnerBytes);
  tl::AppendTo(plain, mt::BindAuthKeyInner{.nonce = nonce,
                                           .temp_auth_key_id = temporary_->id.value(),
                                           .perm_auth_key_id = permanent_->id.value(),
                                           .temp_session_id = session_->id().value(),
                                           .expires_at = expires_at});
  CHECK(plain.size() == kHashedBytes);
  plain.resize(kBindingBytes);
  entropy_->Fill(ByteSpan(plain).subspan(kHashedBytes));

  const crypto::Sha1Digest hash = crypto::Sha1(ByteView(plain).first(kHashedBytes));
  crypto::MessageKey message_key;
  std::memcpy(message_key.data(), &hash[4], message_key.size());
  const crypto::IgeKey ige =
      crypto::DeriveIgeKeyV1(permanent_->key, message_key, crypto::Direction::kToServer);
  Bytes out(8 + message_key.size() + kBindingBytes);
  StoreLittle(out.data(), permanent_->id.value());
  std::memcpy(&out[8], message_key.data(), message_key.size());
  crypto::IgeEncrypt(ige, plain, ByteSpan(out).subspan(8 + message_key.size()));
  return out;
}

}  // namespace trunkline::load

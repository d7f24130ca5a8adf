#include "server/mtproto/client_handshake.h"

#include <algorithm>

#include "common/crypto/message_key.h"
#include "server/mtproto/handshake_crypto.h"
#include "server/mtproto/plain_message.h"
#include "server/mtproto/pq.h"

namespace trunkline::mtproto {

ClientHandshake::ClientHandshake(ClientHandshakeOptions options, crypto::RsaPublicKey server_key,
                                 Entropy* entropy)
    : options_(options), server_key_(std::move(server_key)), entropy_(entropy) {}

ClientHandshake::Next ClientHandshake::Fail(std::string_view why) {
  failure_ = why;
  return Next::kFailed;
}

bool ClientHandshake::IsOurs(const tl::Int128& nonce, const tl::Int128& server_nonce) const {
  return nonce == inner_.nonce && server_nonce == inner_.server_nonce;
}

Bytes ClientHandshake::Start(WallTime now) {
  entropy_->Fill(inner_.nonce);
  entropy_->Fill(inner_.new_nonce);
  inner_.dc = options_.dc;
  inner_.expires_in = options_.expires_in;
  expected_ = tl::mt::ResPQ::kId;
  // A client's ids are multiples of four.
  const MessageId id = MessageIdAt(now);
  if (options_.legacy_req_pq) return MakePlainMessage(id, tl::mt::fn::ReqPq{inner_.nonce});
  return MakePlainMessage(id, tl::mt::fn::ReqPqMulti{inner_.nonce});
}

ClientHandshake::Next ClientHandshake::Receive(ByteView packet, WallTime now, Bytes& reply) {
  const auto message = ParsePlainMessage(packet);
  if (!message) return Fail("not a plaintext message");
  if ((message->msg_id.value() & 3) != 1) return Fail("message id isn't that of an answer");
  tl::Arena arena(2048, 64 * 1024);
  tl::Reader reader(message->body, &arena);
  tl::mt::AnyObject object;
  if (!tl::mt::ReadObject(reader, object) || !reader.AtEnd()) return Fail("unreadable answer");
  if (const auto* retry = object.As<tl::mt::DhGenRetry>();
      retry != nullptr && expected_ == tl::mt::DhGenOk::kId) {
    return ReceiveDhGenRetry(*retry, now, reply);
  }
  if (object.id() != expected_) return Fail("unexpected answer");
  if (const auto* res_pq = object.As<tl::mt::ResPQ>()) return ReceiveResPq(*res_pq, now, reply);
  if (const auto* params = object.As<tl::mt::ServerDHParamsOk>()) {
    return ReceiveDhParams(*params, now, reply);
  }
  return ReceiveDhGenOk(*object.As<tl::mt::DhGenOk>());
}

ClientHandshake::Next ClientHandshake::ReceiveResPq(const tl::mt::ResPQ& answer, WallTime now,
                                                    Bytes& reply) {
  if (answer.nonce != inner_.nonce) return Fail("another nonce");
  const auto& known = answer.server_public_key_fingerprints;
  const auto fingerprint = static_cast<std::int64_t>(server_key_.fingerprint());
  if (std::find(known.begin(), known.end(), fingerprint) == known.end()) {
    return Fail("no known RSA key offered");
  }
  const auto pq = ReadBigEndian(answer.pq);
  const auto factors = pq ? Factorise(*pq, entropy_->U64()) : std::nullopt;
  // Clients assume as much.
  if (!factors || answer.pq.size() != 8 || *pq >> 63 != 0) return Fail("pq has no two factors");
  inner_.server_nonce = answer.server_nonce;
  inner_.pq = *pq;
  inner_.p = factors->p;
  inner_.q = factors->q;
  const crypto::RsaBlock block =
      WrapInner(SerialiseInner(inner_), options_.rsa, server_key_, *entropy_);
  const BigEndian p(inner_.p);
  const BigEndian q(inner_.q);
  tl::mt::fn::ReqDHParams request;
  request.nonce = inner_.nonce;
  request.server_nonce = inner_.server_nonce;
  request.p = p.view();
  request.q = q.view();
  request.public_key_fingerprint = fingerprint;
  request.encrypted_data = AsText(block);
  reply = MakePlainMessage(MessageIdAt(now), request);
  expected_ = tl::mt::ServerDHParamsOk::kId;
  return Next::kSend;
}

ClientHandshake::Next ClientHandshake::ReceiveDhParams(const tl::mt::ServerDHParamsOk& answer,
                                                       WallTime now, Bytes& reply) {
  if (!IsOurs(answer.nonce, answer.server_nonce)) return Fail("another exchange");
  const crypto::IgeKey key = TemporaryKey(inner_.new_nonce, inner_.server_nonce);
  const auto opened = OpenHashed(key, AsBytes(answer.encrypted_answer));
  if (!opened) return Fail("impossible encrypted answer");
  tl::Arena arena(512, 4096);
  tl::Reader reader(opened->data_and_padding(), &arena);
  const auto any = tl::Read<tl::mt::AnyServerDHInnerData>(reader);
  const auto* inner = reader.ok() ? any.As<tl::mt::ServerDHInnerData>() : nullptr;
  if (inner == nullptr || !opened->Matches(opened->data_and_padding().size() - reader.left())) {
    return Fail("wrong hash of the encrypted answer");
  }
  if (!IsOurs(inner->nonce, inner->server_nonce)) return Fail("another exchange inside");
  if (inner->g != crypto::kDhG || inner->dh_prime != AsText(crypto::DhPrime())) {
    return Fail("unknown prime or generator");
  }
  if (inner->g_a.size() != g_a_.size() || !crypto::DhPublicInRange(AsBytes(inner->g_a))) {
    return Fail("g_a out of range");
  }
  std::copy(inner->g_a.begin(), inner->g_a.end(), g_a_.begin());
  key_.server_time = inner->server_time;
  reply = SetClientDhParams(0, now);
  return Next::kSend;
}

Bytes ClientHandshake::SetClientDhParams(std::int64_t retry_id, WallTime now) {
  const crypto::DhPair pair = crypto::MakeDhPair(*entropy_);
  key_.key = crypto::DhShared(g_a_, pair.secret);
  key_.id = AuthKeyId(crypto::AuthKeyIdOf(key_.key));
  tl::mt::ClientDHInnerData inner;
  inner.nonce = inner_.nonce;
  inner.server_nonce = inner_.server_nonce;
  inner.retry_id = retry_id;
  inner.g_b = AsText(pair.public_value);
  Bytes data;
  tl::AppendTo(data, inner);
  const crypto::IgeKey key = TemporaryKey(inner_.new_nonce, inner_.server_nonce);
  const Bytes sealed = SealHashed(key, data, *entropy_);
  tl::mt::fn::SetClientDHParams request;
  request.nonce = inner_.nonce;
  request.server_nonce = inner_.server_nonce;
  request.encrypted_data = AsText(sealed);
  expected_ = tl::mt::DhGenOk::kId;
  return MakePlainMessage(MessageIdAt(now), request);
}

ClientHandshake::Next ClientHandshake::ReceiveDhGenOk(const tl::mt::DhGenOk& answer) {
  if (!IsOurs(answer.nonce, answer.server_nonce)) return Fail("another exchange");
  const auto hash = NewNonceHash(inner_.new_nonce, DhGen::kOk, crypto::AuxHashOf(key_.key));
  if (answer.new_nonce_hash1 != hash) return Fail("wrong new_nonce_hash1");
  key_.first_salt = FirstSalt(inner_.new_nonce, inner_.server_nonce);
  key_.expires_in = options_.expires_in;
  expected_ = 0;
  return Next::kDone;
}

ClientHandshake::Next ClientHandshake::ReceiveDhGenRetry(const tl::mt::DhGenRetry& answer,
                                                         WallTime now, Bytes& reply) {
  const auto aux_hash = crypto::AuxHashOf(key_.key);
  if (!IsOurs(answer.nonce, answer.server_nonce)) return Fail("another exchange");
  if (answer.new_nonce_hash2 != NewNonceHash(inner_.new_nonce, DhGen::kRetry, aux_hash)) {
    return Fail("wrong new_nonce_hash2");
  }
  reply = SetClientDhParams(LoadLittle<std::int64_t>(aux_hash.data()), now);
  return Next::kSend;
}

}  // namespace trunkline::mtproto

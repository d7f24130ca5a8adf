#include "server/mtproto/handshake.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/crypto/message_key.h"
#include "common/crypto/sha.h"
#include "server/mtproto/handshake_crypto.h"
#include "server/mtproto/inner_data.h"
#include "server/mtproto/limits.h"
#include "server/mtproto/plain_message.h"
#include "tl/mt_types.h"

namespace trunkline::mtproto {
namespace {

// nullptr unless the body is exactly one C.
template <class C>
const C* ReadExactly(ByteView body, tl::Arena& arena) {
  arena.Reset();
  tl::Reader reader(body, &arena);
  tl::mt::AnyObject object;
  const bool read = tl::mt::ReadObject(reader, object) && reader.AtEnd();
  return read ? object.As<C>() : nullptr;
}

bool EqualsNumber(std::string_view big_endian, std::uint64_t number) {
  return ReadBigEndian(big_endian) == number;
}

}  // namespace

enum class Handshakes::State : std::uint8_t {
  kSentResPq,
  kDecrypting,  // RSA in the pool
  kMakingPair,  // DH pair in the pool
  kSentDhParams,
  kSharing,  // shared key in the pool
  kStoring,  // key on its way to disk
  kDone,     // remembered for repeated requests
};

// What step 4 brings, until the key is made.
struct Handshakes::Secrets {
  NewNonce new_nonce{};
  crypto::IgeKey key{};
  crypto::DhSecret exponent;
  std::optional<DcId> dc;
  std::optional<std::chrono::seconds> lifetime;  // of a temporary key
  std::array<std::uint8_t, 8> aux_hash{};        // of the key made last
  std::int64_t retry_id = 0;                     // what the next set_client_DH_params must carry
  int retries = 0;

  Secrets() = default;
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;
  ~Secrets() { Wipe(new_nonce.data(), new_nonce.size()); }
};

struct Handshakes::Exchange {
  Nonce nonce;
  Nonce server_nonce;
  LinkId link;  // where the last step came from
  WallTime created;
  State state = State::kSentResPq;
  Pq pq;
  MessageId res_pq_id;
  std::uint64_t ticket = 0;  // of the job in the pool, or 0
  // Requests are told apart by their hash; an empty answer is still in the making.
  crypto::Sha256Digest dh_params_request{};
  Bytes dh_params;
  crypto::Sha256Digest dh_gen_request{};
  Bytes dh_gen;
  std::unique_ptr<Secrets> secrets;
};

Handshakes::Handshakes(std::vector<std::uint64_t> rsa_fingerprints, Entropy* entropy,
                       MessageIds* ids, Outputs* outputs)
    : fingerprints_(std::move(rsa_fingerprints)),
      entropy_(entropy),
      ids_(ids),
      outputs_(outputs),
      pq_pool_(*entropy),
      arena_(2048, kStrangerPacketBytesMax) {}

Handshakes::~Handshakes() = default;

// ---- The table ----------------------------------------------------------------------------------

Handshakes::Exchange* Handshakes::Find(const Nonce& nonce, const Nonce& server_nonce) {
  const auto found = by_nonce_.find(nonce);
  if (found == by_nonce_.end() || found->second->server_nonce != server_nonce) return nullptr;
  return &*found->second;
}

Handshakes::Exchange& Handshakes::Open(LinkId link, const Nonce& nonce, WallTime now) {
  if (exchanges_.size() >= kHandshakesMax) Forget(exchanges_.front());
  Exchange& exchange = exchanges_.emplace_back();
  exchange.nonce = nonce;
  entropy_->Fill(exchange.server_nonce);
  exchange.link = link;
  exchange.created = now;
  exchange.pq = pq_pool_.Draw(*entropy_);
  exchange.res_pq_id = ids_->Next(now, IdKind::kReply);
  by_nonce_.emplace(nonce, std::prev(exchanges_.end()));
  return exchange;
}

void Handshakes::Forget(Exchange& exchange) {
  if (exchange.ticket != 0) by_ticket_.erase(exchange.ticket);
  const auto found = by_nonce_.find(exchange.nonce);
  CHECK(found != by_nonce_.end());
  const Position position = found->second;
  by_nonce_.erase(found);
  exchanges_.erase(position);
}

void Handshakes::Tick(WallTime now) {
  while (!exchanges_.empty() && exchanges_.front().created + kHandshakeLifetime <= now) {
    Forget(exchanges_.front());
  }
}

std::optional<WallTime> Handshakes::NextDeadline() const {
  if (exchanges_.empty()) return std::nullopt;
  return exchanges_.front().created + kHandshakeLifetime;
}

// ---- Outputs ------------------------------------------------------------------------------------

void Handshakes::Send(LinkId link, Bytes packet) {
  outputs_->Add(SendPacket{link, std::move(packet)});
}

void Handshakes::Refuse(LinkId link) {
  outputs_->Add(SendTransportError{link, kErrorUnknownKey});
}

void Handshakes::RefuseAndForget(Exchange& exchange) {
  Refuse(exchange.link);
  Forget(exchange);
}

template <class Job>
void Handshakes::StartJob(Exchange& exchange, Job job) {
  exchange.ticket = ++last_ticket_;
  by_ticket_.emplace(exchange.ticket, by_nonce_.find(exchange.nonce)->second);
  outputs_->Add(Compute{exchange.ticket, std::move(job)});
}

// ---- Requests -----------------------------------------------------------------------------------

void Handshakes::Receive(LinkId link, ByteView packet, WallTime now) {
  Tick(now);
  const auto message = ParsePlainMessage(packet);
  if (!message) return Refuse(link);
  const ByteView body = message->body;
  switch (LoadLittle<std::uint32_t>(body.data())) {
    case tl::mt::fn::ReqPq::kId:
      if (const auto* request = ReadExactly<tl::mt::fn::ReqPq>(body, arena_)) {
        return ReceiveReqPq(link, request->nonce, now);
      }
      return Refuse(link);
    case tl::mt::fn::ReqPqMulti::kId:
      if (const auto* request = ReadExactly<tl::mt::fn::ReqPqMulti>(body, arena_)) {
        return ReceiveReqPq(link, request->nonce, now);
      }
      return Refuse(link);
    case tl::mt::fn::ReqDHParams::kId:
      return ReceiveReqDhParams(link, body, now);
    case tl::mt::fn::SetClientDHParams::kId:
      return ReceiveSetClientDhParams(link, body, now);
    case tl::mt::MsgsAck::kId:
      return;  // old clients acknowledge the answers of the exchange
    default:
      return Refuse(link);
  }
}

// Steps 1 and 2. A nonce that is known is a repeated request, whatever has happened since.
void Handshakes::ReceiveReqPq(LinkId link, const Nonce& nonce, WallTime now) {
  const auto found = by_nonce_.find(nonce);
  Exchange& exchange = found != by_nonce_.end() ? *found->second : Open(link, nonce, now);
  exchange.link = link;
  SendResPq(exchange);
}

void Handshakes::SendResPq(const Exchange& exchange) {
  const BigEndian pq(exchange.pq.product());
  std::vector<std::int64_t> fingerprints;
  for (const std::uint64_t fingerprint : fingerprints_) {
    fingerprints.push_back(static_cast<std::int64_t>(fingerprint));
  }
  tl::mt::ResPQ answer;
  answer.nonce = exchange.nonce;
  answer.server_nonce = exchange.server_nonce;
  answer.pq = pq.view();
  answer.server_public_key_fingerprints = fingerprints;
  Send(exchange.link, MakePlainMessage(exchange.res_pq_id, answer));
}

// Step 5, before RSA: what is public.
void Handshakes::ReceiveReqDhParams(LinkId link, ByteView body, WallTime) {
  const auto* request = ReadExactly<tl::mt::fn::ReqDHParams>(body, arena_);
  Exchange* exchange = request ? Find(request->nonce, request->server_nonce) : nullptr;
  if (exchange == nullptr) return Refuse(link);
  exchange->link = link;
  const crypto::Sha256Digest digest = crypto::Sha256(body);
  if (exchange->state != State::kSentResPq) {
    if (digest != exchange->dh_params_request) return RefuseAndForget(*exchange);
    if (!exchange->dh_params.empty()) Send(link, exchange->dh_params);
    return;
  }
  const auto fingerprint = static_cast<std::uint64_t>(request->public_key_fingerprint);
  const bool key_is_ours =
      std::find(fingerprints_.begin(), fingerprints_.end(), fingerprint) != fingerprints_.end();
  Compute::RsaDecrypt job{fingerprint, {}};
  if (!key_is_ours || request->encrypted_data.size() != job.block.size() ||
      !EqualsNumber(request->p, exchange->pq.p) || !EqualsNumber(request->q, exchange->pq.q)) {
    return RefuseAndForget(*exchange);
  }
  std::copy(request->encrypted_data.begin(), request->encrypted_data.end(), job.block.begin());
  exchange->dh_params_request = digest;
  exchange->state = State::kDecrypting;
  StartJob(*exchange, job);
}

// Step 7.
void Handshakes::ReceiveSetClientDhParams(LinkId link, ByteView body, WallTime) {
  const auto* request = ReadExactly<tl::mt::fn::SetClientDHParams>(body, arena_);
  Exchange* exchange = request ? Find(request->nonce, request->server_nonce) : nullptr;
  if (exchange == nullptr) return Refuse(link);
  exchange->link = link;
  const crypto::Sha256Digest digest = crypto::Sha256(body);
  if (digest == exchange->dh_gen_request) {
    if (!exchange->dh_gen.empty()) Send(link, exchange->dh_gen);
    return;
  }
  if (exchange->state != State::kSentDhParams) return RefuseAndForget(*exchange);

  const auto opened = OpenHashed(exchange->secrets->key, AsBytes(request->encrypted_data));
  if (!opened) return RefuseAndForget(*exchange);
  tl::Reader reader(opened->data_and_padding(), &arena_);
  const auto any = tl::Read<tl::mt::AnyClientDHInnerData>(reader);
  const bool authentic = opened->Matches(opened->data_and_padding().size() - reader.left());
  const auto* inner = reader.ok() ? any.As<tl::mt::ClientDHInnerData>() : nullptr;
  if (!authentic || inner == nullptr || inner->nonce != exchange->nonce ||
      inner->server_nonce != exchange->server_nonce ||
      inner->retry_id != exchange->secrets->retry_id) {
    return RefuseAndForget(*exchange);
  }
  const ByteView g_b = AsBytes(inner->g_b);
  if (!crypto::DhPublicInRange(g_b)) {
    // An honest client doesn't get here: it is told to go, too.
    RefuseAndForget(*exchange);
    outputs_->Add(CloseLink{link, "g_b out of range"});
    return;
  }
  Compute::DhShared job{{}, exchange->secrets->exponent};
  std::copy(g_b.begin(), g_b.end(), job.other.end() - static_cast<std::ptrdiff_t>(g_b.size()));
  exchange->dh_gen_request = digest;
  exchange->dh_gen.clear();
  exchange->state = State::kSharing;
  StartJob(*exchange, std::move(job));
}

// ---- Results ------------------------------------------------------------------------------------

void Handshakes::HandleComputed(Computed& computed, WallTime now) {
  const auto found = by_ticket_.find(computed.ticket);
  if (found == by_ticket_.end()) return;
  Exchange& exchange = *found->second;
  by_ticket_.erase(found);
  exchange.ticket = 0;
  if (const auto* decrypted = std::get_if<Computed::RsaDecrypted>(&computed.result)) {
    CHECK(exchange.state == State::kDecrypting);
    HandleDecrypted(exchange, *decrypted);
  } else if (const auto* pair = std::get_if<crypto::DhPair>(&computed.result)) {
    CHECK(exchange.state == State::kMakingPair);
    HandlePair(exchange, *pair, now);
  } else if (const auto* shared = std::get_if<Computed::Shared>(&computed.result)) {
    CHECK(exchange.state == State::kSharing);
    HandleShared(exchange, *shared, now);
  }
}

// Step 5, what RSA hid. Any dc is taken: a single-centre server answers for the one asked for.
void Handshakes::HandleDecrypted(Exchange& exchange, const Computed::RsaDecrypted& decrypted) {
  const auto inner = decrypted.ok ? UnwrapInner(decrypted.block) : std::nullopt;
  const bool agrees = inner && inner->pq == exchange.pq.product() && inner->p == exchange.pq.p &&
                      inner->q == exchange.pq.q && inner->nonce == exchange.nonce &&
                      inner->server_nonce == exchange.server_nonce;
  if (!agrees) return RefuseAndForget(exchange);
  exchange.secrets = std::make_unique<Secrets>();
  Secrets& secrets = *exchange.secrets;
  if (inner->expires_in) {
    const std::chrono::seconds wish(*inner->expires_in);
    if (wish <= std::chrono::seconds(0) || wish > kTemporaryKeyWishMax) {
      return RefuseAndForget(exchange);
    }
    secrets.lifetime = std::min(wish, kTemporaryKeyLifetimeMax);
  }
  if (inner->dc) secrets.dc = DcId(*inner->dc);
  secrets.new_nonce = inner->new_nonce;
  secrets.key = TemporaryKey(secrets.new_nonce, exchange.server_nonce);
  exchange.state = State::kMakingPair;
  StartJob(exchange, Compute::MakeDhPair{});
}

// Step 6.
void Handshakes::HandlePair(Exchange& exchange, const crypto::DhPair& pair, WallTime now) {
  Secrets& secrets = *exchange.secrets;
  secrets.exponent = pair.secret;
  tl::mt::ServerDHInnerData inner;
  inner.nonce = exchange.nonce;
  inner.server_nonce = exchange.server_nonce;
  inner.g = crypto::kDhG;
  inner.dh_prime = AsText(crypto::DhPrime());
  inner.g_a = AsText(pair.public_value);
  inner.server_time = UnixDate(now);
  Bytes data;
  tl::AppendTo(data, inner);
  const Bytes sealed = SealHashed(secrets.key, data, *entropy_);

  tl::mt::ServerDHParamsOk answer;
  answer.nonce = exchange.nonce;
  answer.server_nonce = exchange.server_nonce;
  answer.encrypted_answer = AsText(sealed);
  exchange.dh_params = MakePlainMessage(ids_->Next(now, IdKind::kReply), answer);
  exchange.state = State::kSentDhParams;
  Send(exchange.link, exchange.dh_params);
}

// Step 8. The key is told only when it is on disk.
void Handshakes::HandleShared(Exchange& exchange, const Computed::Shared& shared, WallTime now) {
  Secrets& secrets = *exchange.secrets;
  secrets.aux_hash = crypto::AuxHashOf(shared.key);
  const AuthKeyId id(crypto::AuthKeyIdOf(shared.key));
  if (!id) return Retry(exchange, now);
  KeyRecord record{id, shared.key, now, std::nullopt, std::nullopt};
  if (secrets.lifetime) record.expires = now + *secrets.lifetime;
  record.first_salt = FirstSalt(secrets.new_nonce, exchange.server_nonce);
  exchange.state = State::kStoring;
  outputs_->Add(StoreKey{exchange.nonce, std::move(record), secrets.dc});
}

void Handshakes::KeyStored(const Nonce& nonce, bool taken, WallTime now) {
  const auto found = by_nonce_.find(nonce);
  if (found == by_nonce_.end() || found->second->state != State::kStoring) return;
  Exchange& exchange = *found->second;
  if (taken) return Retry(exchange, now);
  tl::mt::DhGenOk answer;
  answer.nonce = exchange.nonce;
  answer.server_nonce = exchange.server_nonce;
  answer.new_nonce_hash1 =
      NewNonceHash(exchange.secrets->new_nonce, DhGen::kOk, exchange.secrets->aux_hash);
  exchange.dh_gen = MakePlainMessage(ids_->Next(now, IdKind::kReply), answer);
  exchange.secrets.reset();
  exchange.state = State::kDone;
  Send(exchange.link, exchange.dh_gen);
}

// The key's id is 0 or taken: the client draws another b and names the failed key in retry_id.
void Handshakes::Retry(Exchange& exchange, WallTime now) {
  Secrets& secrets = *exchange.secrets;
  if (++secrets.retries > kHandshakeRetriesMax) return RefuseAndForget(exchange);
  tl::mt::DhGenRetry answer;
  answer.nonce = exchange.nonce;
  answer.server_nonce = exchange.server_nonce;
  answer.new_nonce_hash2 = NewNonceHash(secrets.new_nonce, DhGen::kRetry, secrets.aux_hash);
  exchange.dh_gen = MakePlainMessage(ids_->Next(now, IdKind::kReply), answer);
  secrets.retry_id = LoadLittle<std::int64_t>(secrets.aux_hash.data());
  exchange.state = State::kSentDhParams;
  Send(exchange.link, exchange.dh_gen);
}

}  // namespace trunkline::mtproto

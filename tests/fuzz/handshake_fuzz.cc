// The key exchange under any sequence of packets, with RSA taken out (decryption gives the block
// back) and the pool's answers in any order.
//
// Input: commands of one byte, a length byte pair and a payload.
//   0: the payload is a packet       1: the payload is a body, put into a message
//   2: as 1, with the latest nonces written behind the constructor
//   3: an honest next step of a client in the form payload[0], bytes XORed with the payload's rest
//   4: the oldest job of the pool comes back      5: the key is stored; 6: its id is taken
//   7: time goes on by payload[0] seconds
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <optional>

#include "common/crypto/sha.h"
#include "server/mtproto/handshake.h"
#include "server/mtproto/handshake_crypto.h"
#include "server/mtproto/inner_data.h"
#include "server/mtproto/limits.h"
#include "server/mtproto/plain_message.h"
#include "tl/mt_types.h"

namespace {

using namespace trunkline;
using namespace trunkline::mtproto;

constexpr std::uint64_t kFingerprint = 0x1122334455667788;
constexpr LinkId kLink{1};

class World {
 public:
  void Command(std::uint8_t command, ByteView payload) {
    switch (command % 8) {
      case 0:
        return Receive(payload);
      case 1:
        return ReceiveBody(Bytes(payload.begin(), payload.end()));
      case 2:
        return ReceiveWithNonces(payload);
      case 3:
        return HonestStep(payload);
      case 4:
        return FinishJob();
      case 5:
      case 6:
        if (stored_) handshakes_.KeyStored(*stored_, command % 8 == 6, now_);
        return Drain();
      default:
        now_ += std::chrono::seconds(payload.empty() ? 0 : payload[0]);
        handshakes_.Tick(now_);
        return Drain();
    }
  }

 private:
  void Receive(ByteView packet) {
    handshakes_.Receive(kLink, packet, now_);
    Drain();
    if (handshakes_.size() > kHandshakesMax) std::abort();
  }
  void ReceiveBody(const Bytes& body) {
    Bytes packet(kPlainHeaderBytes);
    StoreLittle(packet.data() + 16, static_cast<std::uint32_t>(body.size()));
    packet.insert(packet.end(), body.begin(), body.end());
    Receive(packet);
  }
  void ReceiveWithNonces(ByteView payload) {
    Bytes body(payload.begin(), payload.end());
    if (body.size() >= 20) std::copy(nonce_.begin(), nonce_.end(), body.begin() + 4);
    if (body.size() >= 36) {
      std::copy(server_nonce_.begin(), server_nonce_.end(), body.begin() + 20);
    }
    ReceiveBody(body);
  }

  void HonestStep(ByteView payload) {
    const std::uint8_t form = payload.empty() ? 0 : payload[0];
    Bytes body;
    if (step_ % 3 == 0) {
      entropy_.Fill(nonce_);
      tl::AppendTo(body, tl::mt::fn::ReqPqMulti{nonce_});
    } else if (step_ % 3 == 1) {
      body = ReqDhParams(form);
    } else {
      body = SetClientDhParams();
    }
    ++step_;
    for (std::size_t i = 1; i < payload.size() && i <= body.size(); ++i) body[i - 1] ^= payload[i];
    ReceiveBody(body);
  }
  Bytes ReqDhParams(std::uint8_t form) {
    const Pq pq = Factorise(pq_, 1).value_or(Pq{3, 5});
    InnerData inner{pq_, pq.p, pq.q, nonce_, server_nonce_, new_nonce_, {}, {}};
    if ((form & 1) != 0) inner.dc = 2;
    if ((form & 2) != 0) inner.expires_in = 3600;
    // Without RSA the older form can be written as it is.
    const Bytes data = SerialiseInner(inner);
    crypto::RsaBlock m{};
    const auto hash = crypto::Sha1(data);
    std::copy(hash.begin(), hash.end(), m.begin() + 1);
    std::copy(data.begin(), data.end(), m.begin() + 21);
    const BigEndian p(pq.p);
    const BigEndian q(pq.q);
    Bytes body;
    tl::AppendTo(body, tl::mt::fn::ReqDHParams{nonce_, server_nonce_, p.view(), q.view(),
                                               static_cast<std::int64_t>(kFingerprint), AsText(m)});
    return body;
  }
  Bytes SetClientDhParams() {
    Bytes g_b(249, 0);
    g_b[0] = 1;  // 2^1984
    Bytes data;
    tl::AppendTo(data, tl::mt::ClientDHInnerData{nonce_, server_nonce_, 0, AsText(g_b)});
    const Bytes sealed = SealHashed(TemporaryKey(new_nonce_, server_nonce_), data, entropy_);
    Bytes body;
    tl::AppendTo(body, tl::mt::fn::SetClientDHParams{nonce_, server_nonce_, AsText(sealed)});
    return body;
  }

  void FinishJob() {
    if (jobs_.empty()) return;
    const Compute job = std::move(jobs_.front());
    jobs_.pop_front();
    Computed computed{job.ticket, Computed::Shared{}};
    if (const auto* decrypt = std::get_if<Compute::RsaDecrypt>(&job.job)) {
      computed.result = Computed::RsaDecrypted{true, decrypt->block};
    } else if (std::holds_alternative<Compute::MakeDhPair>(job.job)) {
      computed.result = crypto::DhPair{};
    }
    handshakes_.HandleComputed(computed, now_);
    Drain();
  }

  void Drain() {
    for (Output output; outputs_.Take(output);) {
      if (const auto* compute = std::get_if<Compute>(&output)) {
        jobs_.push_back(*compute);
      } else if (const auto* store = std::get_if<StoreKey>(&output)) {
        stored_ = store->nonce;
      } else if (const auto* send = std::get_if<SendPacket>(&output)) {
        LookAt(send->payload);
      } else if (const auto* error = std::get_if<SendTransportError>(&output)) {
        if (error->code != kErrorUnknownKey) std::abort();
      }
    }
  }
  // Our own answers must be well formed.
  void LookAt(ByteView packet) {
    const auto message = ParsePlainMessage(packet);
    if (!message || (message->msg_id.value() & 3) != 1) std::abort();
    tl::Arena arena(2048);
    tl::Reader reader(message->body, &arena);
    tl::mt::AnyObject object;
    if (!tl::mt::ReadObject(reader, object) || !reader.AtEnd()) std::abort();
    if (const auto* answer = object.As<tl::mt::ResPQ>()) {
      nonce_ = answer->nonce;
      server_nonce_ = answer->server_nonce;
      pq_ = ReadBigEndian(answer->pq).value_or(0);
    }
  }

  SeededEntropy entropy_{1};
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  MessageIds ids_;
  Outputs outputs_;
  Handshakes handshakes_{{kFingerprint}, &entropy_, &ids_, &outputs_};
  std::deque<Compute> jobs_;
  std::optional<Nonce> stored_;
  tl::Int128 nonce_{};
  tl::Int128 server_nonce_{};
  NewNonce new_nonce_{};
  std::uint64_t pq_ = 15;
  int step_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kCommandsMax = 64;
  World world;
  ByteView rest(data, size);
  for (int i = 0; i < kCommandsMax && rest.size() >= 3; ++i) {
    const std::uint8_t command = rest[0];
    const std::size_t wanted = LoadLittle<std::uint16_t>(rest.data() + 1);
    rest = rest.subspan(3);
    const ByteView payload = rest.first(std::min(wanted, rest.size()));
    rest = rest.subspan(payload.size());
    world.Command(command, payload);
  }
  return 0;
}

// The server's side of the auth key exchange (MTProto: creating an authorization key). Pure.
//
// A client's nonce names an exchange, not its connection: every step may come over another link,
// one link may run several, and req_pq is answered at any time. Steps: req_pq -> resPQ;
// req_DH_params -> (RSA in the pool, a DH pair in the pool) -> server_DH_params_ok;
// set_client_DH_params -> (the shared key in the pool, the key on disk) -> dh_gen_ok.
//
// Whatever is wrong, the client gets -404 and the exchange is over. A repeated request gets the
// bytes of its first answer for ten minutes.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/time.h"
#include "server/mtproto/engine.h"
#include "server/mtproto/message_ids.h"
#include "server/mtproto/outputs.h"
#include "server/mtproto/pq.h"
#include "tl/runtime/arena.h"

namespace trunkline::mtproto {

// What a refused handshake message, and an unknown auth key, are answered with.
inline constexpr std::int32_t kErrorUnknownKey = -404;

class Handshakes {
 public:
  // All pointers are borrowed and outlive this. The rest of the engine shares `ids` and `outputs`.
  Handshakes(std::vector<std::uint64_t> rsa_fingerprints, Entropy* entropy, MessageIds* ids,
             Outputs* outputs);
  ~Handshakes();

  // A packet whose auth_key_id is 0.
  void Receive(LinkId link, ByteView packet, WallTime now);
  // Late results of exchanges that are gone are dropped.
  void HandleComputed(Computed& computed, WallTime now);
  void KeyStored(const Nonce& nonce, bool taken, WallTime now);
  void Tick(WallTime now);
  std::optional<WallTime> NextDeadline() const;
  std::size_t size() const { return exchanges_.size(); }

 private:
  enum class State : std::uint8_t;
  struct Exchange;
  struct Secrets;
  using Position = std::list<Exchange>::iterator;

  void ReceiveReqPq(LinkId link, const Nonce& nonce, WallTime now);
  void ReceiveReqDhParams(LinkId link, ByteView body, WallTime now);
  void ReceiveSetClientDhParams(LinkId link, ByteView body, WallTime now);
  void SendResPq(const Exchange& exchange);
  void HandleDecrypted(Exchange& exchange, const Computed::RsaDecrypted& decrypted);
  void HandlePair(Exchange& exchange, const crypto::DhPair& pair, WallTime now);
  void HandleShared(Exchange& exchange, const Computed::Shared& shared, WallTime now);
  void Retry(Exchange& exchange, WallTime now);

  Exchange* Find(const Nonce& nonce, const Nonce& server_nonce);
  Exchange& Open(LinkId link, const Nonce& nonce, WallTime now);
  void Forget(Exchange& exchange);
  void Refuse(LinkId link);
  void RefuseAndForget(Exchange& exchange);
  void Send(LinkId link, Bytes packet);
  template <class Job>
  void StartJob(Exchange& exchange, Job job);

  std::vector<std::uint64_t> fingerprints_;
  Entropy* entropy_;
  MessageIds* ids_;
  Outputs* outputs_;
  PqPool pq_pool_;
  tl::Arena arena_;
  std::list<Exchange> exchanges_;  // oldest first
  std::map<Nonce, Position> by_nonce_;
  std::map<std::uint64_t, Position> by_ticket_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace trunkline::mtproto

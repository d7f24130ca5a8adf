// The client's side of the auth key exchange, in all the forms that stock clients use: for the load
// harness, the tests and the fuzz targets. Pure, with the maths done in place.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/crypto/dh.h"
#include "common/crypto/rsa.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/secret.h"
#include "common/time.h"
#include "server/mtproto/inner_data.h"
#include "server/mtproto/message_ids.h"
#include "tl/mt_types.h"

namespace trunkline::mtproto {

struct ClientHandshakeOptions {
  RsaForm rsa = RsaForm::kPad;
  std::optional<std::int32_t> dc = {};          // p_q_inner_data_dc
  std::optional<std::int32_t> expires_in = {};  // p_q_inner_data_temp: a temporary key, seconds
  bool legacy_req_pq = false;                   // req_pq instead of req_pq_multi
};

// What both sides have at the end.
struct ClientKey {
  AuthKeyId id;
  AuthKey key;
  std::int64_t first_salt = 0;
  std::int32_t server_time = 0;
  std::optional<std::int32_t> expires_in;
};

class ClientHandshake {
 public:
  enum class Next : std::uint8_t {
    kSend,    // `reply` is the next packet to send
    kDone,    // key() is there
    kFailed,  // the server's answer is wrong: failure() says why
  };

  // `entropy` is borrowed.
  ClientHandshake(ClientHandshakeOptions options, crypto::RsaPublicKey server_key,
                  Entropy* entropy);

  // The first packet.
  Bytes Start(WallTime now);
  // One plaintext packet from the server.
  Next Receive(ByteView packet, WallTime now, Bytes& reply);

  const ClientKey& key() const { return key_; }
  std::string_view failure() const { return failure_; }  // static text
  const tl::Int128& nonce() const { return inner_.nonce; }

 private:
  Next Fail(std::string_view why);
  Next ReceiveResPq(const tl::mt::ResPQ& answer, WallTime now, Bytes& reply);
  Next ReceiveDhParams(const tl::mt::ServerDHParamsOk& answer, WallTime now, Bytes& reply);
  Next ReceiveDhGenOk(const tl::mt::DhGenOk& answer);
  Next ReceiveDhGenRetry(const tl::mt::DhGenRetry& answer, WallTime now, Bytes& reply);
  bool IsOurs(const tl::Int128& nonce, const tl::Int128& server_nonce) const;
  Bytes SetClientDhParams(std::int64_t retry_id, WallTime now);

  ClientHandshakeOptions options_;
  crypto::RsaPublicKey server_key_;
  Entropy* entropy_;
  InnerData inner_;
  crypto::DhNumber g_a_{};
  ClientKey key_;
  std::uint32_t expected_ = 0;  // constructor of the answer that is awaited
  std::string_view failure_;
};

}  // namespace trunkline::mtproto

// All MTProto state of one link thread: key exchanges in progress, the auth keys whose home is this
// thread, and their sessions. Pure: one input, then Poll until it is empty, then the next input.
// Time, randomness and the results of heavy maths come in as arguments; what must leave the thread
// goes out as an Output.
//
// Links (TCP connections) may live on any thread: an Output names a LinkId and the shell finds it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/crypto/dh.h"
#include "common/crypto/rsa.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/secret.h"
#include "common/time.h"

namespace trunkline::mtproto {

using Nonce = std::array<std::uint8_t, 16>;

// A finished key exchange, or a key read from the store at start.
struct KeyRecord {
  AuthKeyId id;
  AuthKey key;
  WallTime created;
  // Temporary keys end; a permanent one has no value here.
  std::optional<WallTime> expires;
  // Salt of the key exchange, accepted for the key's first hour; not kept over a restart.
  std::optional<std::int64_t> first_salt;
};

// ---- Outputs ------------------------------------------------------------------------------------

// One transport packet. The shell frames it for the link.
struct SendPacket {
  LinkId link;
  Bytes payload;
};
struct SendQuickAck {
  LinkId link;
  std::uint32_t token;
};
// The 4-byte transport error (-404 and so on); the link stays open.
struct SendTransportError {
  LinkId link;
  std::int32_t code;
};
struct CloseLink {
  LinkId link;
  std::string_view reason;  // static text, for the log and the counters
};

// Heavy maths for the crypto pool. Each comes back once as a Computed with the same ticket.
struct Compute {
  struct RsaDecrypt {
    std::uint64_t fingerprint;
    crypto::RsaBlock block;
  };
  struct MakeDhPair {};
  struct DhShared {
    crypto::DhNumber other;
    crypto::DhSecret secret;
  };
  std::uint64_t ticket;
  std::variant<RsaDecrypt, MakeDhPair, DhShared> job;
};
struct Computed {
  struct RsaDecrypted {
    bool ok;
    crypto::RsaBlock block;
  };
  struct Shared {
    AuthKey key;
  };
  std::uint64_t ticket;
  std::variant<RsaDecrypted, crypto::DhPair, Shared> result;
};

// A new key that must be durable before dh_gen_ok goes out; answered by Engine::KeyStored(nonce,
// ...).
struct StoreKey {
  Nonce nonce;  // the client's nonce: names the exchange and so the thread that waits
  KeyRecord record;
  std::optional<DcId> dc;  // from p_q_inner_data_dc / _temp_dc
};

// One API query: message body from its constructor id on, wrappers included, gzip removed at the
// top.
struct Query {
  SessionRef session;
  MessageId msg_id;
  Bytes body;
};
// rpc_drop_answer for a query that is still running: its answer is no longer wanted.
struct QueryDropped {
  SessionRef session;
  MessageId msg_id;
};
// The session's last link closed; it is kept for a while. Updates pushed meanwhile wait in it, or
// go to the key's next new session if that comes first.
struct SessionAway {
  SessionRef session;
};
// The session that was away speaks again.
struct SessionBack {
  SessionRef session;
};
// Updates of the session were dropped unsent or unacknowledged: it takes too little. The client is
// told to ask for the difference, which can't bring back everything.
struct UpdatesLost {
  SessionRef session;
};
// The engine forgot the session (destroyed, expired, or its key ended).
struct SessionEnded {
  SessionRef session;
};
// The client asked to destroy its own key; answer with Engine::KeyDestroyed once it is durable.
struct DestroyKey {
  SessionRef session;
  MessageId msg_id;
};

using Output =
    std::variant<SendPacket, SendQuickAck, SendTransportError, CloseLink, Compute, StoreKey, Query,
                 QueryDropped, SessionAway, SessionBack, UpdatesLost, SessionEnded, DestroyKey>;

// ---- Engine -------------------------------------------------------------------------------------

struct EngineConfig {
  std::vector<std::uint64_t> rsa_fingerprints;  // server preference first
  // Secret for salts; drawn anew at each start, so that messages from before a restart can't be
  // replayed.
  SecretBytes<32> salt_secret;
};

// What thread must see an incoming packet: equal hints, equal thread. The auth key id of an
// encrypted packet; the client's nonce of a plaintext one. nullopt: too short to be anything (the
// link closes).
std::optional<std::uint64_t> HomeHint(ByteView packet);
std::uint64_t HomeHint(AuthKeyId key);
std::uint64_t HomeHint(const Nonce& nonce);

class Engine {
 public:
  // `entropy` is borrowed and outlives the engine.
  Engine(EngineConfig config, Entropy* entropy);
  ~Engine();

  // One transport packet. `packet` is decrypted in place. `wants_quick_ack` as the transport said.
  void Receive(LinkId link, ByteSpan packet, bool wants_quick_ack, WallTime now);
  void LinkClosed(LinkId link, WallTime now);

  void HandleComputed(Computed computed, WallTime now);
  // The key of this exchange is durable (`taken` false), or its id was in use already
  // (dh_gen_retry).
  void KeyStored(const Nonce& nonce, bool taken, WallTime now);

  // Keys whose home is this thread: at start, when made, when destroyed.
  void InstallKey(KeyRecord record);
  void ForgetKey(AuthKeyId key, WallTime now);  // sessions end, links get -404 on their next packet
  // Answers a DestroyKey output with destroy_auth_key_ok / _none / _fail, then ForgetKey is the
  // caller's next step.
  void KeyDestroyed(SessionRef session, MessageId msg_id, bool existed, WallTime now);

  // Checks the inner message of auth.bindTempAuthKey under the permanent key, whose home is this
  // thread. False: ENCRYPTED_MESSAGE_INVALID. (Binding, PFS.)
  struct Binding {
    AuthKeyId temp_key;
    AuthKeyId perm_key;
    std::int64_t nonce;
    std::int32_t expires_at;
    SessionId temp_session;
    MessageId msg_id;
  };
  bool CheckBinding(const Binding& binding, ByteView encrypted_message) const;
  bool HasKey(AuthKeyId key) const;
  // nullopt: unknown or permanent.
  std::optional<WallTime> TemporaryKeyExpiry(AuthKeyId key) const;

  // The result of a query: a boxed TL object or an rpc_error, serialised. Wrapped in rpc_result,
  // gzipped when large, kept until acknowledged. Unknown sessions and dropped queries are ignored.
  void Answer(SessionRef session, MessageId msg_id, ByteView result, WallTime now);
  // The link that the session's packets leave on; 0: none, or no such session.
  LinkId LinkOf(SessionRef session);
  // An Updates object, serialised in the session's layer. False: the session is unknown or its
  // queue is full.
  bool Push(SessionRef session, ByteView updates, WallTime now);

  void Tick(WallTime now);
  // Earliest time at which Tick has something to do.
  std::optional<WallTime> NextDeadline() const;

  // One output at a time, in order; false when there is none. Before it says so, what is queued for
  // sessions becomes packets.
  bool Poll(Output& output);
  // Without that: what is queued goes on gathering, and is sealed together later.
  bool PollReady(Output& output);

  struct Stats {
    std::size_t keys = 0, sessions = 0, handshakes = 0;
    std::uint64_t unacked_bytes = 0;
  };
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::mtproto

// Between MTProto queries and the book: reads TL requests, unwraps invokeWithLayer and its kin,
// answers what needs nobody else (configuration, Diffie-Hellman parameters), turns the rest into
// commands, and writes replies and updates in each session's layer. One per link thread, for the
// keys whose home it is. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/time.h"
#include "server/book/command.h"
#include "server/book/effect.h"

namespace trunkline::rpc {

struct DcAddress {
  std::string ip;  // as clients can reach it
  std::int32_t port = 0;
  bool ipv6 = false;
};

struct DispatcherConfig {
  DcId dc{2};                        // this_dc when the key exchange named none
  std::vector<DcAddress> addresses;  // help.getConfig.dc_options
  Duration receive_timeout = std::chrono::milliseconds(20'000);
  Duration ring_timeout = std::chrono::milliseconds(90'000);
  Duration connect_timeout = std::chrono::milliseconds(30'000);
  Duration packet_timeout = std::chrono::milliseconds(10'000);
};

// ---- Outputs ----

// A boxed result or rpc_error, serialised, for Engine::Answer.
struct Answer {
  SessionRef session;
  MessageId msg_id;
  Bytes result;
};
// An Updates object, serialised, for Engine::Push.
struct PushUpdates {
  SessionRef session;
  Bytes updates;
};
// auth.bindTempAuthKey: Engine::CheckBinding on the home thread of `perm_key`, then BindingChecked
// here.
struct CheckBinding {
  SessionRef session;
  MessageId msg_id;
  AuthKeyId perm_key;
  std::int64_t nonce = 0;
  std::int32_t expires_at = 0;
  Bytes encrypted_message;
};

using Output = std::variant<Answer, PushUpdates, CheckBinding, book::Command>;

class Dispatcher {
 public:
  // `entropy` is borrowed and outlives the dispatcher.
  Dispatcher(DispatcherConfig config, Entropy* entropy);
  ~Dispatcher();

  // What the book knows of a key whose home is this thread; at start and on every change.
  void HandleKeyChanged(const book::KeyInfo& info, WallTime now);
  void HandleKeyGone(AuthKeyId key);

  // One API query. `body` starts with a constructor id; it is borrowed for the call.
  void HandleQuery(SessionRef session, MessageId msg_id, ByteView body, WallTime now);
  void HandleQueryDropped(SessionRef session, MessageId msg_id);
  // The session lost its last link, or spoke again after that: the book counts who can hear.
  // Updates on their way to a session that is away still go to the engine, which keeps them.
  void HandleSessionAway(SessionRef session);
  void HandleSessionBack(SessionRef session);
  // The engine forgot the session: the book is told, parked queries are dropped.
  void HandleSessionEnded(SessionRef session);

  // The engine had to drop updates of the session: the book judges what that means for its calls.
  void HandleUpdatesLost(SessionRef session);

  void HandleReply(const book::Reply& reply, WallTime now);
  void HandlePush(SessionRef session, const book::UpdateBatch& batch, WallTime now);
  void HandleBindingChecked(const CheckBinding& request, bool valid, WallTime now);

  // invokeAfterMsg(s) that waited too long.
  void Tick(WallTime now);
  std::optional<WallTime> NextDeadline() const;

  // One output at a time, in order; false when there is none.
  bool Poll(Output& output);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::rpc

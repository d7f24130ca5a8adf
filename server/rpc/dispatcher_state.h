// What the dispatcher remembers of keys, sessions and queries in flight. Kept small: there is one
// Session for every idle client.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "server/rpc/dispatcher.h"
#include "server/rpc/encode.h"
#include "server/rpc/requests.h"
#include "server/rpc/unwrap.h"

namespace trunkline::rpc {

struct KeyState {
  bool temporary = false;
  bool bot = false;
  AuthKeyId bound_to;
  UserId user;
  std::int32_t dc = 0;
  std::int32_t layer = 0;         // of the last initConnection; 0 = there was none
  std::uint64_t client_hash = 0;  // of the ClientInfo that the book has
  std::vector<SessionId> sessions;
  Uploads uploads;

  bool unbound() const { return temporary && !bound_to; }
};

// A query that waits for something else than the book's answer owns what it needs later.
struct Parked {
  Bytes body;                              // as received, wrappers included
  std::vector<MessageId> after;            // invokeAfterMsg(s)
  AuthKeyId perm_key;                      // to be bound to
  std::optional<book::ClientInfo> client;  // to be stored once it is bound
};

struct Waiting {
  enum class For : std::uint8_t {
    kBook,      // the Reply to its own command
    kInit,      // the Reply to InitConnection; then it runs
    kAfter,     // other queries of the session
    kBinding,   // CheckBinding
    kBindInit,  // bound; the Reply to InitConnection, then it is answered
  };
  MessageId msg_id;
  std::uint32_t method = 0;
  std::uint32_t wire_id = 0;
  For what = For::kBook;
  std::unique_ptr<Parked> parked;
};

struct Session {
  std::int32_t layer = 0;  // 0: no query yet
  bool inited = false;     // initConnection came over this session
  bool wants_updates = false;
  bool subscribed = false;  // SessionOpened was sent
  bool away = false;        // it has no link; SessionClosed was sent if it was subscribed
  std::vector<Waiting> waiting;
  std::vector<MessageId> failed;  // the latest queries that ended in an error
  std::size_t parked_bytes = 0;

  std::vector<Waiting>::iterator Find(MessageId msg_id) {
    return std::find_if(waiting.begin(), waiting.end(),
                        [&](const Waiting& query) { return query.msg_id == msg_id; });
  }
  bool Runs(MessageId msg_id) { return Find(msg_id) != waiting.end(); }
  bool Failed(MessageId msg_id) const {
    return std::find(failed.begin(), failed.end(), msg_id) != failed.end();
  }
};

struct AfterDeadline {
  WallTime at;
  SessionRef session;
  MessageId msg_id;
};

// One query on its way through.
struct Query {
  SessionRef session;
  MessageId msg_id;
  ByteView body;
  WallTime now;
};

struct Dispatcher::Impl {
  Impl(DispatcherConfig with, Entropy* from) : config(std::move(with)), entropy(*from) {}

  // dispatcher.cc
  KeyState& KeyOf(SessionRef ref) { return keys[ref.key]; }
  Session& SessionOf(SessionRef ref);
  Session* FindSession(SessionRef ref);
  int LayerOf(SessionRef ref);
  void SetUser(AuthKeyId id, KeyState& key, UserId user);
  void Subscribe(SessionRef ref, const KeyState& key, Session& session);
  void Command(SessionRef ref, MessageId msg_id, book::CommandBody body);
  void Give(SessionRef ref, MessageId msg_id, Bytes result);
  void Fail(SessionRef ref, MessageId msg_id, RpcError error);
  void RunWoken(WallTime now);

  // dispatcher_query.cc
  void Process(const Query& query, bool inited);
  bool ParkedAfter(const Query& query, const Unwrapped& unwrapped);
  bool Park(const Query& query, Waiting::For what, Parked parked);
  std::optional<RpcError> NoteLayer(const Query& query, const Unwrapped& unwrapped);
  // True: the query waits until the book has the client's description, or was refused.
  bool ParkedInit(const Query& query, const Unwrapped& unwrapped, bool inited);
  std::optional<RpcError> CheckConnection(const Query& query, std::uint32_t method_id);
  void NoteSubscription(const Query& query, const Unwrapped& unwrapped, std::uint32_t method_id);
  void Execute(const Query& query, const Unwrapped& unwrapped);
  void Perform(const Query& query, const Unwrapped& unwrapped, const api::AnyMethod& method,
               Outcome outcome);

  // dispatcher_reply.cc
  void Resume(SessionRef ref, Waiting waiting, WallTime now);
  void Finish(const book::Reply& reply, const Waiting& waiting);
  bool ContinueBinding(const book::Reply& reply, Waiting& waiting);

  const DispatcherConfig config;
  Entropy& entropy;
  absl::node_hash_map<AuthKeyId, KeyState> keys;
  absl::node_hash_map<SessionRef, Session> sessions;
  std::deque<AfterDeadline> deadlines;
  std::vector<SessionRef> woken;  // sessions in which a query ended
  std::vector<Output> outputs;
  std::size_t outputs_taken = 0;
  ::tl::Arena arena;  // of the request being read
  Unwrapper unwrapper;
  Encoder encoder;
};

book::ClientInfo ClientInfoOf(const fn::InitConnection& init, std::int32_t layer);
std::uint64_t HashOf(const book::ClientInfo& info);

}  // namespace trunkline::rpc

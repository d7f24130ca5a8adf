// The state of one auth key and of one session, as plain values: who changes them is Sessions. An
// idle session costs some 250 bytes and what its vectors hold; limits are in session_limits.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/secret.h"
#include "common/time.h"
#include "server/mtproto/engine.h"
#include "server/mtproto/salts.h"
#include "server/mtproto/seen_window.h"
#include "server/mtproto/timers.h"
#include "server/mtproto/unacked.h"

namespace trunkline::mtproto {

struct KeyState;
struct Session;

// A TCP connection that has carried a valid encrypted packet. Armed while the client has asked to
// be disconnected in time (ping_delay_disconnect).
struct LinkState : Timer {
  explicit LinkState(LinkId link) : Timer(Kind::kLink), id(link) {}
  LinkId id;
  Session* sessions = nullptr;  // that talk on this link, linked by Session::link_next
};

// Small messages that need no acknowledgement, and where the session's next packet goes. Lent to a
// session for the time it has something to send.
struct Outbox {
  struct Item {
    MessageId id;
    std::int32_t seq_no;
    std::size_t offset;
    std::size_t size;
  };
  Session* session = nullptr;
  LinkId link;
  Bytes bodies;
  std::vector<Item> items;
};

struct Session : Timer {
  Session(KeyState* owner, SessionId session) : Timer(Kind::kSession), key(owner), id(session) {}

  SessionRef ref() const;

  struct Running {
    MessageId query;
    bool dropped = false;  // rpc_drop_answer came: nobody waits for the result
  };

  KeyState* key;
  SessionId id;
  std::unique_ptr<Session> next;

  // The link that spoke last, nullptr after it closed.
  LinkState* link = nullptr;
  Session* link_prev = nullptr;
  Session* link_next = nullptr;
  LinkId earlier_link;   // the one before, to tell a client with two links from one that came back
  WallTime link_lost{};  // epoch while there is a link

  SeenWindow seen;
  UnackedQueue unacked;
  std::vector<Running> running;
  std::vector<std::int64_t>
      waiting_acks;  // ids of running queries the client knows nothing about yet
  WallTime waiting_since{};
  Outbox* outbox = nullptr;
  MessageId last_outer;            // of the latest packet to the client
  std::uint32_t content_sent = 0;  // content-related messages made: the source of seq_no
  bool too_long = false;           // updates were lost: updatesTooLong follows when there is room
};

// Armed when temporary.
struct KeyState : Timer {
  explicit KeyState(const KeyRecord& record)
      : Timer(Kind::kKey),
        id(record.id),
        key(record.key),
        created(record.created),
        expires(record.expires),
        first_salt(record.first_salt) {}

  bool Expired(WallTime now) const { return expires && now >= *expires; }

  AuthKeyId id;
  AuthKey key;
  WallTime created;
  std::optional<WallTime> expires;
  std::optional<std::int64_t> first_salt;
  SaltCache salts;
  std::unique_ptr<Session> sessions;  // latest used first; linked by Session::next
};

inline SessionRef Session::ref() const {
  return {key->id, id};
}

}  // namespace trunkline::mtproto

// Facts: what changed, durable. A step of the book appends facts; the store writes them to the
// journal, and start-up applies them again, in order, to an empty book. A fact says the outcome,
// never the question: applying it needs no clock, no randomness and no rule. One fact is one
// journal row, unique by (stream, version).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/secret.h"
#include "server/book/types.h"

namespace trunkline::book {

namespace fact {

struct KeyCreated {
  AuthKeyId id;
  AuthKey key;
  std::int64_t created_ms = 0, expires_ms = 0;  // expires 0: permanent
  std::int32_t dc = 0;
};
struct KeyDestroyed {
  AuthKeyId id;
};
struct KeyInitialised {
  AuthKeyId id;
  ClientInfo info;
};  // initConnection
struct KeyBound {
  AuthKeyId temp, perm;
  std::int64_t expires_ms = 0;
};
struct SignedIn {
  AuthKeyId key;
  UserId user;
  std::int64_t at_ms = 0;
  std::int64_t hash = 0;
};
struct SignedOut {
  AuthKeyId key;
};
struct CallsDisabled {
  AuthKeyId key;
  bool disabled = false;
};

struct CodeIssued {
  std::string phone, hash, code;
  std::int64_t expires_ms = 0;
};
struct CodeTried {
  std::string phone;
};  // one wrong attempt
struct CodeEnded {
  std::string phone;
};  // used, cancelled or replaced

struct UserCreated {
  UserId id;
  AccessHash access_hash;
  std::string phone, first_name, last_name;
  bool bot = false;
  std::string bot_token_hash;
  std::int64_t at_ms = 0;
};
struct UserSeen {
  UserId id;
  std::int64_t at_ms = 0;
};  // account.updateStatus offline
struct ContactAdded {
  UserId owner, contact;
  std::string first_name, last_name;
};
struct ContactRemoved {
  UserId owner, contact;
};
struct BlockedChanged {
  UserId owner, user;
  bool blocked = false;
};
struct PrivacySet {
  UserId owner;
  PrivacyKey key = PrivacyKey::kPhoneCall;
  std::vector<PrivacyRule> rules;
};

// A service message left its owner's box. Has a pts of its own, so that devices that are away hear
// of it; the newest message then says where in the box that was.
struct MessageDeleted {
  UserId owner;
  std::int32_t message_id = 0, pts = 0;
  std::int32_t newest_message_id = 0;
};

struct CallRequested {
  CallId id;
  AccessHash caller_hash, callee_hash;
  UserId caller, callee;
  DeviceId caller_device;
  std::int32_t random_id = 0;
  bool video = false;
  Bytes g_a_hash;
  Protocol protocol;
  std::int64_t at_ms = 0, deadline_ms = 0;
};
struct CallReceived {
  CallId id;
  std::int64_t at_ms = 0, deadline_ms = 0;
};
struct CallAccepted {
  CallId id;
  DeviceId callee_device;
  Bytes g_b;
  Protocol protocol;  // merged
  std::int64_t at_ms = 0, deadline_ms = 0;
};
struct CallConfirmed {
  CallId id;
  Bytes g_a;
  std::int64_t key_fingerprint = 0;
  std::vector<Connection> caller_connections, callee_connections;
  bool p2p_allowed = false;
  std::int64_t at_ms = 0, deadline_ms = 0;
  bool conference_supported = false;
};
// Carries the two service messages, so that a call and its messages can't be apart.
struct CallEnded {
  CallId id;
  call::Reason reason = call::Reason::kHangup;
  bool established = false;
  std::int32_t duration = 0;  // told to both, if established
  bool video = false;
  std::int64_t connection_id = 0;
  std::int64_t at_ms = 0;
  std::int32_t caller_message_id = 0, caller_pts = 0, callee_message_id = 0, callee_pts = 0;
  bool need_rating = false, need_debug = false;
  bool callee_missed = false;  // it was busy: a missed call in its own box, whatever `reason` says
  std::string slug{};          // kMigrateConferenceCall
  Bytes trace{};  // EncodeTrace (trace_event.h): for the store, the book doesn't read it
  call::EndedBy ended_by = call::EndedBy::kServer;
};
struct CallRated {
  CallId id;
  UserId by;
  bool user_initiative = false;
  std::int32_t rating = 0;
  std::string comment;
  std::uint32_t tags = 0;  // RatingTag bits, of the hashtags in `comment`
};
struct CallDebugSaved {
  CallId id;
  UserId by;
  std::string json;
};
// What a relay counted, once nobody spoke there any more. The newest of a relay counts.
struct CallRelayed {
  CallId id;
  std::int64_t relay = 0;
  FlowSide caller, callee;
};

}  // namespace fact

using FactBody =
    std::variant<fact::KeyCreated, fact::KeyDestroyed, fact::KeyInitialised, fact::KeyBound,
                 fact::SignedIn, fact::SignedOut, fact::CallsDisabled, fact::CodeIssued,
                 fact::CodeTried, fact::CodeEnded, fact::UserCreated, fact::UserSeen,
                 fact::ContactAdded, fact::ContactRemoved, fact::BlockedChanged, fact::PrivacySet,
                 fact::CallRequested, fact::CallReceived, fact::CallAccepted, fact::CallConfirmed,
                 fact::CallEnded, fact::CallRated, fact::CallDebugSaved, fact::MessageDeleted,
                 fact::CallRelayed>;

enum class Stream : std::uint8_t { kKey = 1, kUser = 2, kCall = 3, kPhone = 4 };

struct Fact {
  Stream stream = Stream::kCall;
  std::int64_t id = 0;       // key id, user id, call id, or hash of the phone number
  std::int32_t version = 0;  // 1, 2, 3 ... within (stream, id)
  FactBody body;
};

}  // namespace trunkline::book

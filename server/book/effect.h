// What a step of the book wants done. The shell performs effects in order, and only after the
// group's facts are committed: nobody is told what the disk doesn't hold.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/secret.h"
#include "server/book/types.h"

namespace trunkline::book {

namespace reply {
struct Done {
  bool flag = true;
};
struct Refused {
  Refusal refusal = Refusal::kNone;
  std::int32_t argument = 0;
};  // argument: seconds of FLOOD_WAIT
struct SentCode {
  std::string phone_code_hash;
  std::int32_t length = 5;
  bool app = false;
};  // app: shown elsewhere; else sms
struct SignUpRequired {};
struct Authorization {
  UserView user;
};
struct Users {
  std::vector<UserView> users;
};
struct FullUser {
  FullUserView full;
};
struct ImportedContacts {
  struct Imported {
    std::int64_t client_id = 0;
    UserId user;
  };
  std::vector<Imported> imported;
  std::vector<std::int64_t> retry;
  std::vector<UserView> users;
};
struct Privacy {
  std::vector<PrivacyRule> rules;
  std::vector<UserView> users;
};
struct Authorizations {
  struct Entry {
    std::int64_t hash = 0;  // 0: the current one
    ClientInfo info;
    std::int32_t created = 0, active = 0;
    bool calls_disabled = false;
  };
  std::vector<Entry> entries;
};
struct State {
  std::int32_t pts = 1, date = 0, unread_count = 0;
};
struct Difference {
  enum class Kind : std::uint8_t { kEmpty, kFull, kSlice, kTooLong } kind = Kind::kEmpty;
  std::vector<MessageView> messages;
  std::vector<Update> other_updates;  // a call still ringing for this device
  std::vector<UserView> users;
  State state;  // kSlice: the intermediate state; kTooLong: pts only
};
struct History {
  std::vector<MessageView> messages;
  std::int32_t total = 0;
  std::vector<UserView> users;
};
struct Call {
  CallView call;
  std::vector<UserView> users;
};
}  // namespace reply

using ReplyBody =
    std::variant<reply::Done, reply::Refused, reply::SentCode, reply::SignUpRequired,
                 reply::Authorization, reply::Users, reply::FullUser, reply::ImportedContacts,
                 reply::Privacy, reply::Authorizations, reply::State, reply::Difference,
                 reply::History, reply::Call, UpdateBatch>;

// Effects -----------------------------------------------------------------------------------------

struct Reply {
  SessionRef session;
  MessageId msg_id;
  ReplyBody body;
};
// The same batch for some sessions of one user (its views are that user's).
struct Push {
  std::vector<SessionRef> sessions;
  std::shared_ptr<const UpdateBatch> batch;
};
// Answer to CreateKey: the key is durable, or its id was taken.
struct KeyStored {
  std::array<std::uint8_t, 16> nonce;
  AuthKeyId id;
  AuthKey key;
  std::int64_t created_ms = 0, expires_ms = 0, first_salt = 0;
  bool taken = false;
};
// What a key's home thread must know of it; sent at start for each key and whenever it changes.
struct KeyInfo {
  AuthKeyId id;
  bool temporary = false;
  AuthKeyId bound_to;  // temporary key: its permanent key, 0 = not bound
  UserId user;         // of the permanent key; 0 = nobody signed in
  bool bot = false;
  std::int32_t dc = 0;
  ClientInfo client;  // layer 0: initConnection was never seen
};
struct KeyChanged {
  KeyInfo info;
};
struct KeyGone {
  AuthKeyId id;
};
// Hand a login code to the person, by the configured command or webhook. Never logged.
struct DeliverCode {
  std::string phone, code;
};

using Effect = std::variant<Reply, Push, KeyStored, KeyChanged, KeyGone, DeliverCode>;

}  // namespace trunkline::book

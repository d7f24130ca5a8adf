// What the book remembers. Changed in two ways only: by Apply (apply.h), one fact at a time, and,
// for what needs no disk (who was told, who is online, queued signalling), by the handlers.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/book/deadlines.h"
#include "server/book/fact.h"
#include "server/book/limits.h"
#include "server/book/relay_desk.h"
#include "server/book/table.h"
#include "server/book/tracer.h"
#include "server/book/types.h"

namespace trunkline::book {

// A phone number's digits as a number with a 1 in front, so that leading zeros count.
using PhoneKey = Id<struct PhoneKeyTag>;

struct Key {
  bool temporary = false;
  bool calls_disabled = false;
  AuthKeyId bound_to;
  UserId user;                  // permanent keys
  std::int64_t hash = 0;        // names the authorization in account.getAuthorizations
  std::int64_t expires_ms = 0;  // 0: permanent
  std::int64_t signed_in_ms = 0, active_ms = 0;
  std::int32_t dc = 0;
  std::int32_t version = 0;
  std::shared_ptr<const ClientInfo> client;  // null: initConnection was never seen
};

struct Code {
  std::string hash, code;
  std::string phone;
  std::int64_t expires_ms = 0;
  std::int64_t deadline_ms = 0;  // as in the queue
  int tries = 0;
  bool live = false;
  bool validated = false;               // signIn showed it; signUp may follow. Not durable.
  std::vector<std::int64_t> issued_ms;  // within kCodeWindow
};

struct User {
  AccessHash access_hash;
  std::string phone, first_name, last_name;
  std::int64_t seen_ms = 0;
  bool bot = false;
  bool offline = false;  // account.updateStatus
  std::int32_t version = 0;
};

struct Contact {
  std::string first_name, last_name;
};

struct Box {
  std::int32_t pts = 1;
  std::int32_t last_id = 0;
  std::int32_t kept_from = 2;  // pts of the oldest message still here
};

// A message that was taken out of a box.
struct Deletion {
  std::int32_t pts = 0, message_id = 0;
  std::int32_t newest_message_id = 0;  // when it happened
  // How many there had been then, this one included: every other pts is a message's.
  std::int32_t Ordinal() const { return pts - 1 - newest_message_id; }
};

// The parts of a call that never change once known are shared, so that a record copies cheaply.
struct CallOffer {
  Bytes g_a_hash;
  Protocol protocol;  // the caller's
};
struct CallAnswer {
  Bytes g_b;
  Protocol protocol;  // merged
};
struct CallKeys {
  Bytes g_a;
  std::int64_t key_fingerprint = 0;
  std::vector<Connection> caller_connections, callee_connections;
  bool p2p_allowed = false;
};

// Signalling that one side may still send now; it fills again with time.
struct SignalAllowance {
  std::int64_t bytes = 0;  // spent
  std::int64_t at_ms = 0;  // as of then
};

struct CallRecord {
  call::Call call;
  AccessHash caller_hash, callee_hash;
  std::int32_t random_id = 0;
  std::int32_t caller_pts = 0, callee_pts = 0;     // of the service messages; kEnded
  std::int32_t debugs = 0;                         // saveCallDebug so far; not durable
  bool callee_missed = false;                      // kEnded because it was busy
  bool need_rating = false, need_debug = false;    // kEnded
  std::string slug;                                // kEnded by migration
  SignalAllowance caller_signals, callee_signals;  // not durable
  std::shared_ptr<const CallOffer> offer;          // until kEnded
  std::shared_ptr<const CallAnswer> answer;        // from kAccepted until kEnded
  std::shared_ptr<const CallKeys> keys;            // kActive
  std::vector<DeviceId> rang;  // the callee's devices that were told; not durable
};

// Signalling for a device that has no session now. Not durable.
struct SignalQueue {
  std::vector<std::shared_ptr<const Bytes>> packets;
  std::size_t bytes = 0;
};

// Who is connected. Outside groups: a session is there or not, whatever the disk says.
struct Presence {
  absl::flat_hash_map<DeviceId, std::vector<SessionRef>> sessions;
  std::size_t count = 0;
  // Sessions of keys that this group signs out or destroys: closed when it is committed.
  std::vector<std::pair<DeviceId, SessionRef>> leaving;
};

// Call ids: bits 44..53 the slot, below it a number that grows from call to call (request.cc).
inline constexpr int kCallSlotShift = 44;
inline constexpr std::uint64_t kCallLowMask = (std::uint64_t{1} << kCallSlotShift) - 1;
inline constexpr std::uint64_t kCallIdsPerSecond = 16'384;

struct State {
  Group group;

  Table<AuthKeyId, Key> keys{&group};
  Table<AuthKeyId, std::vector<AuthKeyId>> temp_keys{&group};  // of a permanent key
  Table<PhoneKey, Code> codes{&group};
  Table<std::int64_t, std::int32_t> phone_versions{&group};

  Table<UserId, User> users{&group};
  Table<PhoneKey, UserId> users_by_phone{&group};
  Table<std::string, UserId> bots_by_token{&group};  // hash of the token
  Table<UserId, std::vector<DeviceId>> devices{&group};
  Table<std::pair<UserId, UserId>, Contact> contacts{&group};  // owner, contact
  Table<UserId, std::vector<UserId>> contact_lists{&group};
  Table<UserId, std::vector<UserId>> blocked{&group};
  Table<std::pair<UserId, PrivacyKey>, std::shared_ptr<const std::vector<PrivacyRule>>> privacy{
      &group};

  Table<UserId, Box> boxes{&group};
  Table<std::pair<UserId, std::int32_t>, MessageView> messages{&group};  // owner, pts
  Table<UserId, std::vector<Deletion>> deletions{&group};  // by pts; those that the box keeps

  Table<CallId, CallRecord> calls{&group};
  HighMark newest_call{&group};  // its number
  Table<UserId, std::vector<CallId>> live_calls{&group};
  Table<std::pair<DeviceId, std::int32_t>, CallId> random_ids{&group};
  Table<DeviceId, std::vector<CallId>> owed{&group};  // news for devices that are away; not durable
  Table<std::pair<CallId, DeviceId>, SignalQueue> signals{&group};
  Table<std::uint64_t, CallId> ended{&group};  // by order of ending: first_ended..next_ended
  std::uint64_t first_ended = 0;
  std::uint64_t next_ended = 0;

  Deadlines deadlines{&group};
  Deadlines call_deadlines{&group};  // on the deadline clock (call::Moment)
  Presence presence;
  Tracer tracer;
  RelayDesk relays;
};

// 99966...: no code is sent, no limit counts.
bool IsTestNumber(const std::string& digits);
PhoneKey PhoneKeyOf(const std::string& digits);
// The journal's stream id of a phone number: FNV-1a of its digits, so that rows don't name it.
std::int64_t PhoneStream(const std::string& digits);

}  // namespace trunkline::book

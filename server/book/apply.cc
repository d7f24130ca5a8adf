#include "server/book/apply.h"

#include <algorithm>

#include "server/book/box_state.h"
#include "server/book/streams.h"
#include "server/call/machine.h"

namespace trunkline::book {
namespace {

template <class T>
void RemoveFrom(std::vector<T>& list, const T& value) {
  list.erase(std::remove(list.begin(), list.end(), value), list.end());
}
template <class T>
void AddTo(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}
// An owner with nothing left costs no memory.
template <class K, class T>
void RemoveFrom(Table<K, std::vector<T>>& table, const K& owner, const T& value) {
  std::vector<T>* list = table.Mutable(owner);
  if (list == nullptr) return;
  RemoveFrom(*list, value);
  if (list->empty()) table.Erase(owner);
}

// -- keys --

void ApplyBody(State& state, const fact::KeyCreated& fact) {
  Key key;
  key.temporary = fact.expires_ms != 0;
  key.expires_ms = fact.expires_ms;
  key.dc = fact.dc;
  state.keys.Insert(fact.id, std::move(key));
  state.deadlines.Move(Deadline::Kind::kTempKey, fact.id.value(), 0, fact.expires_ms);
}

void ForgetDevice(State& state, AuthKeyId id, UserId user) {
  if (user) RemoveFrom(state.devices, user, id);
  state.owed.Erase(id);
}

void ApplyBody(State& state, const fact::KeyDestroyed& fact) {
  const Key* key = state.keys.Find(fact.id);
  if (key == nullptr) return;
  ForgetDevice(state, fact.id, key->user);
  if (key->bound_to) RemoveFrom(state.temp_keys, key->bound_to, fact.id);
  state.deadlines.Move(Deadline::Kind::kTempKey, fact.id.value(), key->expires_ms, 0);
  state.keys.Erase(fact.id);
}

void ApplyBody(State& state, const fact::KeyInitialised& fact) {
  Key* key = state.keys.Mutable(fact.id);
  if (key != nullptr) key->client = std::make_shared<const ClientInfo>(fact.info);
}

void ApplyBody(State& state, const fact::KeyBound& fact) {
  Key* key = state.keys.Mutable(fact.temp);
  if (key == nullptr) return;
  if (key->bound_to) RemoveFrom(state.temp_keys, key->bound_to, fact.temp);
  key->bound_to = fact.perm;
  // The binding may end before the key does, never after.
  const std::int64_t expires_ms = std::min(key->expires_ms, fact.expires_ms);
  state.deadlines.Move(Deadline::Kind::kTempKey, fact.temp.value(), key->expires_ms, expires_ms);
  key->expires_ms = expires_ms;
  AddTo(state.temp_keys.MutableOrNew(fact.perm), fact.temp);
}

void ApplyBody(State& state, const fact::SignedIn& fact) {
  Key* key = state.keys.Mutable(fact.key);
  if (key == nullptr) return;
  if (key->user) ForgetDevice(state, fact.key, key->user);
  key->user = fact.user;
  key->hash = fact.hash;
  key->signed_in_ms = key->active_ms = fact.at_ms;
  key->calls_disabled = false;
  AddTo(state.devices.MutableOrNew(fact.user), fact.key);
}

void ApplyBody(State& state, const fact::SignedOut& fact) {
  Key* key = state.keys.Mutable(fact.key);
  if (key == nullptr) return;
  ForgetDevice(state, fact.key, key->user);
  key->user = UserId{};
  key->hash = 0;
}

void ApplyBody(State& state, const fact::CallsDisabled& fact) {
  Key* key = state.keys.Mutable(fact.key);
  if (key != nullptr) key->calls_disabled = fact.disabled;
}

// -- codes --

void MoveCodeDeadline(State& state, const std::string& phone, Code& code, std::int64_t to_ms) {
  state.deadlines.Move(Deadline::Kind::kCode, PhoneKeyOf(phone).value(), code.deadline_ms, to_ms);
  code.deadline_ms = to_ms;
}

void ApplyBody(State& state, const fact::CodeIssued& fact) {
  Code& code = state.codes.MutableOrNew(PhoneKeyOf(fact.phone));
  code.phone = fact.phone;
  code.hash = fact.hash;
  code.code = fact.code;
  code.expires_ms = fact.expires_ms;
  code.tries = 0;
  code.live = true;
  code.validated = false;
  code.issued_ms.push_back(fact.expires_ms - kCodeLife.count());
  if (code.issued_ms.size() > kCodesPerWindowMax) code.issued_ms.erase(code.issued_ms.begin());
  MoveCodeDeadline(state, fact.phone, code, fact.expires_ms);
}

void ApplyBody(State& state, const fact::CodeTried& fact) {
  Code* code = state.codes.Mutable(PhoneKeyOf(fact.phone));
  if (code != nullptr) ++code->tries;
}

void ApplyBody(State& state, const fact::CodeEnded& fact) {
  Code* code = state.codes.Mutable(PhoneKeyOf(fact.phone));
  if (code == nullptr) return;
  code->live = code->validated = false;
  if (IsTestNumber(fact.phone)) {
    MoveCodeDeadline(state, fact.phone, *code, 0);
    state.codes.Erase(PhoneKeyOf(fact.phone));
    return;
  }
  code->hash.clear();
  code->code.clear();
  // Remembered without its code until it no longer counts against the number.
  const std::int64_t last_ms = code->issued_ms.empty() ? 0 : code->issued_ms.back();
  MoveCodeDeadline(state, fact.phone, *code, last_ms + Duration(kCodeWindow).count());
}

// -- users --

void ApplyBody(State& state, const fact::UserCreated& fact) {
  User user;
  user.access_hash = fact.access_hash;
  user.phone = fact.phone;
  user.first_name = fact.first_name;
  user.last_name = fact.last_name;
  user.bot = fact.bot;
  user.seen_ms = fact.at_ms;
  state.users.Insert(fact.id, std::move(user));
  if (!fact.phone.empty()) state.users_by_phone.Insert(PhoneKeyOf(fact.phone), fact.id);
  if (!fact.bot_token_hash.empty()) state.bots_by_token.Insert(fact.bot_token_hash, fact.id);
}

void ApplyBody(State& state, const fact::UserSeen& fact) {
  User* user = state.users.Mutable(fact.id);
  if (user == nullptr) return;
  user->seen_ms = fact.at_ms;
  user->offline = true;
}

void ApplyBody(State& state, const fact::ContactAdded& fact) {
  state.contacts.Insert({fact.owner, fact.contact}, Contact{fact.first_name, fact.last_name});
  AddTo(state.contact_lists.MutableOrNew(fact.owner), fact.contact);
}

void ApplyBody(State& state, const fact::ContactRemoved& fact) {
  state.contacts.Erase({fact.owner, fact.contact});
  RemoveFrom(state.contact_lists, fact.owner, fact.contact);
}

void ApplyBody(State& state, const fact::BlockedChanged& fact) {
  if (fact.blocked) {
    AddTo(state.blocked.MutableOrNew(fact.owner), fact.user);
  } else {
    RemoveFrom(state.blocked, fact.owner, fact.user);
  }
}

void ApplyBody(State& state, const fact::PrivacySet& fact) {
  state.privacy.Insert({fact.owner, fact.key},
                       std::make_shared<const std::vector<PrivacyRule>>(fact.rules));
}

void ApplyBody(State& state, const fact::MessageDeleted& fact) {
  PutDeletion(state, fact.owner, {fact.pts, fact.message_id, fact.newest_message_id});
}

// -- calls --

void MoveCallDeadline(State& state, call::Call& call, std::int64_t to_ms) {
  const std::int64_t from_ms = UnixMillis(call.deadline);
  state.call_deadlines.Move(Deadline::Kind::kCall, call.id.value(), from_ms, to_ms);
  call.deadline = FromUnixMillis(to_ms);
}

void ApplyBody(State& state, const fact::CallRequested& fact) {
  CallRecord record;
  record.call.id = fact.id;
  record.call.caller = fact.caller;
  record.call.callee = fact.callee;
  record.call.caller_device = fact.caller_device;
  record.call.video = fact.video;
  record.call.requested = record.call.ring_from = FromUnixMillis(fact.at_ms);
  record.caller_hash = fact.caller_hash;
  record.callee_hash = fact.callee_hash;
  record.random_id = fact.random_id;
  record.offer = std::make_shared<const CallOffer>(CallOffer{fact.g_a_hash, fact.protocol});
  MoveCallDeadline(state, record.call, fact.deadline_ms);
  state.newest_call.Raise(static_cast<std::uint64_t>(fact.id.value()) & kCallLowMask);
  state.calls.Insert(fact.id, std::move(record));
  AddTo(state.live_calls.MutableOrNew(fact.caller), fact.id);
  AddTo(state.live_calls.MutableOrNew(fact.callee), fact.id);
  state.random_ids.Insert({fact.caller_device, fact.random_id}, fact.id);
}

void ApplyBody(State& state, const fact::CallReceived& fact) {
  CallRecord* record = state.calls.Mutable(fact.id);
  if (record == nullptr) return;
  record->call.state = call::State::kReceived;
  record->call.received = FromUnixMillis(fact.at_ms);
  MoveCallDeadline(state, record->call, fact.deadline_ms);
}

void ApplyBody(State& state, const fact::CallAccepted& fact) {
  CallRecord* record = state.calls.Mutable(fact.id);
  if (record == nullptr) return;
  record->call.state = call::State::kAccepted;
  record->call.callee_device = fact.callee_device;
  record->call.accepted = FromUnixMillis(fact.at_ms);
  record->answer = std::make_shared<const CallAnswer>(CallAnswer{fact.g_b, fact.protocol});
  MoveCallDeadline(state, record->call, fact.deadline_ms);
}

void ApplyBody(State& state, const fact::CallConfirmed& fact) {
  CallRecord* record = state.calls.Mutable(fact.id);
  if (record == nullptr) return;
  record->call.state = call::State::kActive;
  record->call.established = true;
  record->call.conference = fact.conference_supported;
  record->call.started = FromUnixMillis(fact.at_ms);
  record->keys = std::make_shared<const CallKeys>(
      CallKeys{fact.g_a, fact.key_fingerprint, fact.caller_connections, fact.callee_connections,
               fact.p2p_allowed});
  // Rows of an older version don't say.
  const std::int64_t longest_ms = fact.at_ms + Duration(call::kActiveMax).count();
  MoveCallDeadline(state, record->call, fact.deadline_ms == 0 ? longest_ms : fact.deadline_ms);
}

void AddMessage(State& state, UserId owner, const CallRecord& record, std::int32_t id,
                std::int32_t pts) {
  const call::Call& call = record.call;
  MessageView message;
  message.id = id;
  message.out = owner == call.caller;
  message.from_id = call.caller;
  message.peer_id = message.out ? call.callee : call.caller;
  message.date = UnixDate(call.ended);
  message.call_id = call.id;
  message.video = call.video;
  message.reason = !message.out && record.callee_missed ? call::Reason::kMissed : call.reason;
  message.slug = record.slug;
  if (call.established) message.duration = call.duration;
  PutMessage(state, owner, pts, std::move(message));
}

void ApplyBody(State& state, const fact::CallEnded& fact) {
  CallRecord* record = state.calls.Mutable(fact.id);
  if (record == nullptr || record->call.state == call::State::kEnded) return;
  call::Call& call = record->call;
  call.state = call::State::kEnded;
  call.reason = fact.reason;
  call.ended_by = fact.ended_by;
  call.established = fact.established;
  call.duration = fact.duration;
  call.video = fact.video;
  call.ended = FromUnixMillis(fact.at_ms);
  MoveCallDeadline(state, call, 0);
  record->need_rating = fact.need_rating;
  record->need_debug = fact.need_debug;
  record->slug = fact.slug;
  record->callee_missed = fact.callee_missed;
  record->caller_pts = fact.caller_pts;
  record->callee_pts = fact.callee_pts;
  // Key material is not kept beyond its use.
  record->offer.reset();
  record->answer.reset();
  record->keys.reset();
  record->rang = {};
  RemoveFrom(state.live_calls, call.caller, fact.id);
  RemoveFrom(state.live_calls, call.callee, fact.id);
  state.signals.Erase({fact.id, call.caller_device});
  state.signals.Erase({fact.id, call.callee_device});
  state.ended.Insert(state.next_ended++, fact.id);
  AddMessage(state, call.caller, *record, fact.caller_message_id, fact.caller_pts);
  AddMessage(state, call.callee, *record, fact.callee_message_id, fact.callee_pts);
}

// Kept by the store for the back office; the book has no use for them.
void ApplyBody(State&, const fact::CallRated&) {}
void ApplyBody(State&, const fact::CallRelayed&) {}

void ApplyBody(State& state, const fact::CallDebugSaved& fact) {
  CallRecord* record = state.calls.Mutable(fact.id);
  if (record != nullptr) ++record->debugs;
}

}  // namespace

void Apply(State& state, const BoxMessage& message) {
  PutMessage(state, message.owner, message.pts, message.message);
}

void Apply(State& state, const Fact& fact) {
  std::visit([&state](const auto& body) { ApplyBody(state, body); }, fact.body);
  // The store may have folded several rows into one, so versions can jump, never fall.
  std::int32_t* version = MutableVersion(state, StreamOf(fact.body));
  if (version != nullptr) *version = std::max(*version, fact.version);
}

}  // namespace trunkline::book

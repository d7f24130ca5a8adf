#include <utility>

#include "common/secret.h"
#include "server/call/machine.h"
#include "server/store/fact_codec.h"
#include "server/store/fact_parts.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using google::protobuf::Arena;
using google::protobuf::ArenaOptions;

// Takes the arena's first blocks away from the heap: a row of any fact but a long debug text fits.
constexpr std::size_t kArenaBlockBytes = 8 * 1024;

bool GetBody(const KeyCreated& from, fact::KeyCreated& to) {
  to.id = AuthKeyId(from.id());
  const ByteView key = AsBytes(from.key());
  if (key.size() != to.key.view().size()) return false;
  to.key = AuthKey(key.first<256>());
  to.created_ms = from.created_ms();
  to.expires_ms = from.expires_ms();
  to.dc = from.dc();
  return true;
}
bool GetBody(const KeyDestroyed& from, fact::KeyDestroyed& to) {
  to.id = AuthKeyId(from.id());
  return true;
}
bool GetBody(const KeyInitialised& from, fact::KeyInitialised& to) {
  to.id = AuthKeyId(from.id());
  to.info.layer = from.layer();
  to.info.api_id = from.api_id();
  to.info.device_model = from.device_model();
  to.info.system_version = from.system_version();
  to.info.app_version = from.app_version();
  to.info.system_lang_code = from.system_lang_code();
  to.info.lang_pack = from.lang_pack();
  to.info.lang_code = from.lang_code();
  return true;
}
bool GetBody(const KeyBound& from, fact::KeyBound& to) {
  to.temp = AuthKeyId(from.temp());
  to.perm = AuthKeyId(from.perm());
  to.expires_ms = from.expires_ms();
  return true;
}
bool GetBody(const SignedIn& from, fact::SignedIn& to) {
  to.key = AuthKeyId(from.key());
  to.user = UserId(from.user());
  to.at_ms = from.at_ms();
  to.hash = from.hash();
  return true;
}
bool GetBody(const SignedOut& from, fact::SignedOut& to) {
  to.key = AuthKeyId(from.key());
  return true;
}
bool GetBody(const CallsDisabled& from, fact::CallsDisabled& to) {
  to.key = AuthKeyId(from.key());
  to.disabled = from.disabled();
  return true;
}

bool GetBody(const CodeIssued& from, fact::CodeIssued& to) {
  to.phone = from.phone();
  to.hash = from.hash();
  to.code = from.code();
  to.expires_ms = from.expires_ms();
  return true;
}
bool GetBody(const CodeTried& from, fact::CodeTried& to) {
  to.phone = from.phone();
  return true;
}
bool GetBody(const CodeEnded& from, fact::CodeEnded& to) {
  to.phone = from.phone();
  return true;
}

bool GetBody(const UserCreated& from, fact::UserCreated& to) {
  to.id = UserId(from.id());
  to.access_hash = AccessHash(from.access_hash());
  to.phone = from.phone();
  to.first_name = from.first_name();
  to.last_name = from.last_name();
  to.bot = from.bot();
  to.bot_token_hash = from.bot_token_hash();
  to.at_ms = from.at_ms();
  return true;
}
bool GetBody(const UserSeen& from, fact::UserSeen& to) {
  to.id = UserId(from.id());
  to.at_ms = from.at_ms();
  return true;
}
bool GetBody(const ContactAdded& from, fact::ContactAdded& to) {
  to.owner = UserId(from.owner());
  to.contact = UserId(from.contact());
  to.first_name = from.first_name();
  to.last_name = from.last_name();
  return true;
}
bool GetBody(const ContactRemoved& from, fact::ContactRemoved& to) {
  to.owner = UserId(from.owner());
  to.contact = UserId(from.contact());
  return true;
}
bool GetBody(const BlockedChanged& from, fact::BlockedChanged& to) {
  to.owner = UserId(from.owner());
  to.user = UserId(from.user());
  to.blocked = from.blocked();
  return true;
}
bool GetBody(const PrivacySet& from, fact::PrivacySet& to) {
  to.owner = UserId(from.owner());
  return GetEnum(from.key(), book::PrivacyKey::kPhoneP2p, to.key) && Get(from.rules(), to.rules);
}

bool GetBody(const CallRequested& from, fact::CallRequested& to) {
  to.id = CallId(from.id());
  to.caller_hash = AccessHash(from.caller_hash());
  to.callee_hash = AccessHash(from.callee_hash());
  to.caller = UserId(from.caller());
  to.callee = UserId(from.callee());
  to.caller_device = DeviceId(from.caller_device());
  to.random_id = from.random_id();
  to.video = from.video();
  to.g_a_hash = ToBytes(from.g_a_hash());
  to.at_ms = from.at_ms();
  to.deadline_ms = from.deadline_ms();
  return Get(from.protocol(), to.protocol);
}
bool GetBody(const CallReceived& from, fact::CallReceived& to) {
  to.id = CallId(from.id());
  to.at_ms = from.at_ms();
  to.deadline_ms = from.deadline_ms();
  return true;
}
bool GetBody(const CallAccepted& from, fact::CallAccepted& to) {
  to.id = CallId(from.id());
  to.callee_device = DeviceId(from.callee_device());
  to.g_b = ToBytes(from.g_b());
  to.at_ms = from.at_ms();
  to.deadline_ms = from.deadline_ms();
  return Get(from.protocol(), to.protocol);
}
bool GetBody(const CallConfirmed& from, fact::CallConfirmed& to) {
  to.id = CallId(from.id());
  to.g_a = ToBytes(from.g_a());
  to.key_fingerprint = from.key_fingerprint();
  to.p2p_allowed = from.p2p_allowed();
  to.conference_supported = from.conference_supported();
  to.at_ms = from.at_ms();
  to.deadline_ms = from.deadline_ms();
  return Get(from.caller_connections(), to.caller_connections) &&
         Get(from.callee_connections(), to.callee_connections);
}
bool GetBody(const CallEnded& from, fact::CallEnded& to) {
  to.id = CallId(from.id());
  to.established = from.established();
  to.duration = from.duration();
  to.video = from.video();
  to.connection_id = from.connection_id();
  to.at_ms = from.at_ms();
  to.caller_message_id = from.caller_message_id();
  to.caller_pts = from.caller_pts();
  to.callee_message_id = from.callee_message_id();
  to.callee_pts = from.callee_pts();
  to.need_rating = from.need_rating();
  to.need_debug = from.need_debug();
  to.slug = from.slug();
  to.callee_missed = from.callee_missed();
  to.trace = ToBytes(from.trace());
  if (!GetEnum(from.reason(), call::Reason::kMigrateConferenceCall, to.reason)) return false;
  if (from.ended_by() == 0) {
    to.ended_by = call::LikelyEndedBy(to.reason);
    return true;
  }
  return GetEnum(from.ended_by() - 1, call::EndedBy::kServer, to.ended_by);
}
bool GetBody(const CallRated& from, fact::CallRated& to) {
  to.id = CallId(from.id());
  to.by = UserId(from.by());
  to.user_initiative = from.user_initiative();
  to.rating = from.rating();
  to.comment = from.comment();
  to.tags = from.tags();
  return true;
}
bool GetBody(const CallDebugSaved& from, fact::CallDebugSaved& to) {
  to.id = CallId(from.id());
  to.by = UserId(from.by());
  to.json = from.json();
  return true;
}
book::FlowSide SideOf(const FlowSide& from) {
  return {from.packets(), from.bytes(), from.first_ms(), from.last_ms()};
}
bool GetBody(const CallRelayed& from, fact::CallRelayed& to) {
  to.id = CallId(from.id());
  to.relay = from.relay();
  to.caller = SideOf(from.caller());
  to.callee = SideOf(from.callee());
  return true;
}
bool GetBody(const MessageDeleted& from, fact::MessageDeleted& to) {
  to.owner = UserId(from.owner());
  to.message_id = from.message_id();
  to.pts = from.pts();
  to.newest_message_id = from.newest_message_id();
  return true;
}

template <class T, class Message>
std::optional<book::FactBody> Body(const Message& message) {
  std::optional<book::FactBody> body(std::in_place, std::in_place_type<T>);
  if (!GetBody(message, std::get<T>(*body))) body.reset();
  return body;
}

std::optional<book::FactBody> ToBody(const Row& row) {
  switch (row.body_case()) {
    case Row::kKeyCreated:
      return Body<fact::KeyCreated>(row.key_created());
    case Row::kKeyDestroyed:
      return Body<fact::KeyDestroyed>(row.key_destroyed());
    case Row::kKeyInitialised:
      return Body<fact::KeyInitialised>(row.key_initialised());
    case Row::kKeyBound:
      return Body<fact::KeyBound>(row.key_bound());
    case Row::kSignedIn:
      return Body<fact::SignedIn>(row.signed_in());
    case Row::kSignedOut:
      return Body<fact::SignedOut>(row.signed_out());
    case Row::kCallsDisabled:
      return Body<fact::CallsDisabled>(row.calls_disabled());
    case Row::kCodeIssued:
      return Body<fact::CodeIssued>(row.code_issued());
    case Row::kCodeTried:
      return Body<fact::CodeTried>(row.code_tried());
    case Row::kCodeEnded:
      return Body<fact::CodeEnded>(row.code_ended());
    case Row::kUserCreated:
      return Body<fact::UserCreated>(row.user_created());
    case Row::kUserSeen:
      return Body<fact::UserSeen>(row.user_seen());
    case Row::kContactAdded:
      return Body<fact::ContactAdded>(row.contact_added());
    case Row::kContactRemoved:
      return Body<fact::ContactRemoved>(row.contact_removed());
    case Row::kBlockedChanged:
      return Body<fact::BlockedChanged>(row.blocked_changed());
    case Row::kPrivacySet:
      return Body<fact::PrivacySet>(row.privacy_set());
    case Row::kCallRequested:
      return Body<fact::CallRequested>(row.call_requested());
    case Row::kCallReceived:
      return Body<fact::CallReceived>(row.call_received());
    case Row::kCallAccepted:
      return Body<fact::CallAccepted>(row.call_accepted());
    case Row::kCallConfirmed:
      return Body<fact::CallConfirmed>(row.call_confirmed());
    case Row::kCallEnded:
      return Body<fact::CallEnded>(row.call_ended());
    case Row::kCallRated:
      return Body<fact::CallRated>(row.call_rated());
    case Row::kCallDebugSaved:
      return Body<fact::CallDebugSaved>(row.call_debug_saved());
    case Row::kMessageDeleted:
      return Body<fact::MessageDeleted>(row.message_deleted());
    case Row::kCallRelayed:
      return Body<fact::CallRelayed>(row.call_relayed());
    case Row::BODY_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

ArenaOptions Options(char* block) {
  ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = kArenaBlockBytes;
  return options;
}

}  // namespace

FactCodec::FactCodec()
    : block_(std::make_unique<char[]>(kArenaBlockBytes)), arena_(Options(block_.get())) {}

FactCodec::~FactCodec() {
  Wipe(buffer_.data(), buffer_.size());
}

std::optional<book::FactBody> FactCodec::Decode(ByteView bytes) {
  arena_.Reset();
  Row* row = Arena::CreateMessage<Row>(&arena_);
  if (!row->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  std::optional<book::FactBody> body = ToBody(*row);
  if (row->has_key_created()) {
    std::string* key = row->mutable_key_created()->mutable_key();
    Wipe(key->data(), key->size());
  }
  return body;
}

}  // namespace trunkline::store

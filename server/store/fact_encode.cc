#include <variant>

#include "common/check.h"
#include "common/secret.h"
#include "server/store/fact_codec.h"
#include "server/store/fact_parts.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

void PutBody(const fact::KeyCreated& from, Row* row) {
  KeyCreated* to = row->mutable_key_created();
  to->set_id(from.id.value());
  to->set_key(from.key.view().data(), from.key.view().size());
  to->set_created_ms(from.created_ms);
  to->set_expires_ms(from.expires_ms);
  to->set_dc(from.dc);
}
void PutBody(const fact::KeyDestroyed& from, Row* row) {
  row->mutable_key_destroyed()->set_id(from.id.value());
}
void PutBody(const fact::KeyInitialised& from, Row* row) {
  KeyInitialised* to = row->mutable_key_initialised();
  to->set_id(from.id.value());
  to->set_layer(from.info.layer);
  to->set_api_id(from.info.api_id);
  to->set_device_model(from.info.device_model);
  to->set_system_version(from.info.system_version);
  to->set_app_version(from.info.app_version);
  to->set_system_lang_code(from.info.system_lang_code);
  to->set_lang_pack(from.info.lang_pack);
  to->set_lang_code(from.info.lang_code);
}
void PutBody(const fact::KeyBound& from, Row* row) {
  KeyBound* to = row->mutable_key_bound();
  to->set_temp(from.temp.value());
  to->set_perm(from.perm.value());
  to->set_expires_ms(from.expires_ms);
}
void PutBody(const fact::SignedIn& from, Row* row) {
  SignedIn* to = row->mutable_signed_in();
  to->set_key(from.key.value());
  to->set_user(from.user.value());
  to->set_at_ms(from.at_ms);
  to->set_hash(from.hash);
}
void PutBody(const fact::SignedOut& from, Row* row) {
  row->mutable_signed_out()->set_key(from.key.value());
}
void PutBody(const fact::CallsDisabled& from, Row* row) {
  row->mutable_calls_disabled()->set_key(from.key.value());
  row->mutable_calls_disabled()->set_disabled(from.disabled);
}

void PutBody(const fact::CodeIssued& from, Row* row) {
  CodeIssued* to = row->mutable_code_issued();
  to->set_phone(from.phone);
  to->set_hash(from.hash);
  to->set_code(from.code);
  to->set_expires_ms(from.expires_ms);
}
void PutBody(const fact::CodeTried& from, Row* row) {
  row->mutable_code_tried()->set_phone(from.phone);
}
void PutBody(const fact::CodeEnded& from, Row* row) {
  row->mutable_code_ended()->set_phone(from.phone);
}

void PutBody(const fact::UserCreated& from, Row* row) {
  UserCreated* to = row->mutable_user_created();
  to->set_id(from.id.value());
  to->set_access_hash(from.access_hash.value());
  to->set_phone(from.phone);
  to->set_first_name(from.first_name);
  to->set_last_name(from.last_name);
  to->set_bot(from.bot);
  to->set_bot_token_hash(from.bot_token_hash);
  to->set_at_ms(from.at_ms);
}
void PutBody(const fact::UserSeen& from, Row* row) {
  row->mutable_user_seen()->set_id(from.id.value());
  row->mutable_user_seen()->set_at_ms(from.at_ms);
}
void PutBody(const fact::ContactAdded& from, Row* row) {
  ContactAdded* to = row->mutable_contact_added();
  to->set_owner(from.owner.value());
  to->set_contact(from.contact.value());
  to->set_first_name(from.first_name);
  to->set_last_name(from.last_name);
}
void PutBody(const fact::ContactRemoved& from, Row* row) {
  row->mutable_contact_removed()->set_owner(from.owner.value());
  row->mutable_contact_removed()->set_contact(from.contact.value());
}
void PutBody(const fact::BlockedChanged& from, Row* row) {
  BlockedChanged* to = row->mutable_blocked_changed();
  to->set_owner(from.owner.value());
  to->set_user(from.user.value());
  to->set_blocked(from.blocked);
}
void PutBody(const fact::PrivacySet& from, Row* row) {
  PrivacySet* to = row->mutable_privacy_set();
  to->set_owner(from.owner.value());
  to->set_key(static_cast<std::uint32_t>(from.key));
  Put(from.rules, to->mutable_rules());
}

void PutBody(const fact::CallRequested& from, Row* row) {
  CallRequested* to = row->mutable_call_requested();
  to->set_id(from.id.value());
  to->set_caller_hash(from.caller_hash.value());
  to->set_callee_hash(from.callee_hash.value());
  to->set_caller(from.caller.value());
  to->set_callee(from.callee.value());
  to->set_caller_device(from.caller_device.value());
  to->set_random_id(from.random_id);
  to->set_video(from.video);
  to->set_g_a_hash(from.g_a_hash.data(), from.g_a_hash.size());
  Put(from.protocol, to->mutable_protocol());
  to->set_at_ms(from.at_ms);
  to->set_deadline_ms(from.deadline_ms);
}
void PutBody(const fact::CallReceived& from, Row* row) {
  CallReceived* to = row->mutable_call_received();
  to->set_id(from.id.value());
  to->set_at_ms(from.at_ms);
  to->set_deadline_ms(from.deadline_ms);
}
void PutBody(const fact::CallAccepted& from, Row* row) {
  CallAccepted* to = row->mutable_call_accepted();
  to->set_id(from.id.value());
  to->set_callee_device(from.callee_device.value());
  to->set_g_b(from.g_b.data(), from.g_b.size());
  Put(from.protocol, to->mutable_protocol());
  to->set_at_ms(from.at_ms);
  to->set_deadline_ms(from.deadline_ms);
}
void PutBody(const fact::CallConfirmed& from, Row* row) {
  CallConfirmed* to = row->mutable_call_confirmed();
  to->set_id(from.id.value());
  to->set_g_a(from.g_a.data(), from.g_a.size());
  to->set_key_fingerprint(from.key_fingerprint);
  Put(from.caller_connections, to->mutable_caller_connections());
  Put(from.callee_connections, to->mutable_callee_connections());
  to->set_p2p_allowed(from.p2p_allowed);
  to->set_conference_supported(from.conference_supported);
  to->set_at_ms(from.at_ms);
  to->set_deadline_ms(from.deadline_ms);
}
void PutBody(const fact::CallEnded& from, Row* row) {
  CallEnded* to = row->mutable_call_ended();
  to->set_id(from.id.value());
  to->set_reason(static_cast<std::uint32_t>(from.reason));
  to->set_established(from.established);
  to->set_duration(from.duration);
  to->set_video(from.video);
  to->set_connection_id(from.connection_id);
  to->set_at_ms(from.at_ms);
  to->set_caller_message_id(from.caller_message_id);
  to->set_caller_pts(from.caller_pts);
  to->set_callee_message_id(from.callee_message_id);
  to->set_callee_pts(from.callee_pts);
  to->set_need_rating(from.need_rating);
  to->set_need_debug(from.need_debug);
  to->set_slug(from.slug);
  to->set_callee_missed(from.callee_missed);
  to->set_trace(from.trace.data(), from.trace.size());
  to->set_ended_by(static_cast<std::uint32_t>(from.ended_by) + 1);
}
void PutBody(const fact::CallRated& from, Row* row) {
  CallRated* to = row->mutable_call_rated();
  to->set_id(from.id.value());
  to->set_by(from.by.value());
  to->set_user_initiative(from.user_initiative);
  to->set_rating(from.rating);
  to->set_comment(from.comment);
  to->set_tags(from.tags);
}
void PutBody(const fact::CallDebugSaved& from, Row* row) {
  CallDebugSaved* to = row->mutable_call_debug_saved();
  to->set_id(from.id.value());
  to->set_by(from.by.value());
  to->set_json(from.json);
}
void Put(const book::FlowSide& from, FlowSide* to) {
  to->set_packets(from.packets);
  to->set_bytes(from.bytes);
  to->set_first_ms(from.first_ms);
  to->set_last_ms(from.last_ms);
}
void PutBody(const fact::CallRelayed& from, Row* row) {
  CallRelayed* to = row->mutable_call_relayed();
  to->set_id(from.id.value());
  to->set_relay(from.relay);
  Put(from.caller, to->mutable_caller());
  Put(from.callee, to->mutable_callee());
}
void PutBody(const fact::MessageDeleted& from, Row* row) {
  MessageDeleted* to = row->mutable_message_deleted();
  to->set_owner(from.owner.value());
  to->set_message_id(from.message_id);
  to->set_pts(from.pts);
  to->set_newest_message_id(from.newest_message_id);
}

}  // namespace

ByteView FactCodec::Encode(const book::FactBody& body) {
  arena_.Reset();
  Row* row = google::protobuf::Arena::CreateMessage<Row>(&arena_);
  std::visit([row](const auto& from) { PutBody(from, row); }, body);
  buffer_.resize(row->ByteSizeLong());
  row->SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(buffer_.data()));
  if (row->has_key_created()) {
    std::string* key = row->mutable_key_created()->mutable_key();
    Wipe(key->data(), key->size());
  }
  return AsBytes(buffer_);
}

}  // namespace trunkline::store

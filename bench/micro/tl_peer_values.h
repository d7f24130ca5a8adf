#pragma once
// The same values on both sides of the measurement of TL beside protobuf: a visit of every field
// into a checksum, and a copy from TL to protobuf.
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/micro/tl_peer.pb.h"
#include "tl/api_types.h"

namespace trunkline::bench {

namespace api = ::tl::api;

// One addition a field: what is measured is reaching the fields, not summing them up. All visits
// are inlined on both sides, so that the sum stays in a register.
class Sum {
 public:
  void Add(std::uint64_t value) { sum_ += value; }
  void Add(std::int64_t value) { Add(static_cast<std::uint64_t>(value)); }
  void Add(std::int32_t value) { Add(static_cast<std::uint64_t>(value)); }
  void Add(bool value) { Add(std::uint64_t{value}); }
  void Add(std::string_view text) {
    Add(std::uint64_t{text.size()});
    if (!text.empty()) Add(std::uint64_t{static_cast<unsigned char>(text.back())});
  }
  void Add(const std::string& text) { Add(std::string_view(text)); }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};

#define VISIT_FLAG(name) sum.Add(static_cast<bool>(v.name()))
#define VISIT_OPTIONAL(name) \
  if (v.has_##name()) sum.Add(v.name())
#define VISIT_PRESENCE(name) sum.Add(v.has_##name())

// What a bit guards has the same functions on both sides.
template <class Protocol>
[[gnu::always_inline]] inline void VisitProtocolFlags(const Protocol& v, Sum& sum) {
  VISIT_FLAG(udp_p2p);
  VISIT_FLAG(udp_reflector);
}

template <class User>
[[gnu::always_inline]] inline void VisitUserFlags(const User& v, Sum& sum) {
  VISIT_FLAG(self);
  VISIT_FLAG(contact);
  VISIT_FLAG(mutual_contact);
  VISIT_FLAG(deleted);
  VISIT_FLAG(bot);
  VISIT_FLAG(bot_chat_history);
  VISIT_FLAG(bot_nochats);
  VISIT_FLAG(verified);
  VISIT_FLAG(restricted);
  VISIT_FLAG(min);
  VISIT_FLAG(bot_inline_geo);
  VISIT_FLAG(support);
  VISIT_FLAG(scam);
  VISIT_FLAG(apply_min_photo);
  VISIT_FLAG(fake);
  VISIT_FLAG(bot_attach_menu);
  VISIT_FLAG(premium);
  VISIT_FLAG(attach_menu_enabled);
  VISIT_FLAG(bot_can_edit);
  VISIT_FLAG(close_friend);
  VISIT_FLAG(stories_hidden);
  VISIT_FLAG(stories_unavailable);
  VISIT_FLAG(contact_require_premium);
  VISIT_FLAG(bot_business);
  VISIT_FLAG(bot_has_main_app);
  VISIT_FLAG(bot_forum_view);
  VISIT_FLAG(bot_forum_can_manage_topics);
  VISIT_FLAG(bot_can_manage_bots);
  VISIT_FLAG(bot_guestchat);
  VISIT_FLAG(bot_guard);
  VISIT_OPTIONAL(access_hash);
  VISIT_OPTIONAL(first_name);
  VISIT_OPTIONAL(last_name);
  VISIT_OPTIONAL(username);
  VISIT_OPTIONAL(phone);
  VISIT_PRESENCE(photo);
  VISIT_OPTIONAL(bot_info_version);
  VISIT_OPTIONAL(bot_inline_placeholder);
  VISIT_OPTIONAL(lang_code);
  VISIT_PRESENCE(emoji_status);
  VISIT_PRESENCE(stories_max_id);
  VISIT_PRESENCE(color);
  VISIT_PRESENCE(profile_color);
  VISIT_OPTIONAL(bot_active_users);
  VISIT_OPTIONAL(bot_verification_icon);
  VISIT_OPTIONAL(send_paid_messages_stars);
  VISIT_OPTIONAL(linked_community_id);
}

template <class Message>
[[gnu::always_inline]] inline void VisitMessageFlags(const Message& v, Sum& sum) {
  VISIT_FLAG(out);
  VISIT_FLAG(mentioned);
  VISIT_FLAG(media_unread);
  VISIT_FLAG(silent);
  VISIT_FLAG(post);
  VISIT_FLAG(from_scheduled);
  VISIT_FLAG(legacy);
  VISIT_FLAG(edit_hide);
  VISIT_FLAG(pinned);
  VISIT_FLAG(noforwards);
  VISIT_FLAG(invert_media);
  VISIT_FLAG(offline);
  VISIT_FLAG(video_processing_pending);
  VISIT_FLAG(paid_suggested_post_stars);
  VISIT_FLAG(paid_suggested_post_ton);
  VISIT_OPTIONAL(from_boosts_applied);
  VISIT_OPTIONAL(from_rank);
  VISIT_PRESENCE(saved_peer_id);
  VISIT_PRESENCE(fwd_from);
  VISIT_OPTIONAL(via_bot_id);
  VISIT_OPTIONAL(via_business_bot_id);
  VISIT_PRESENCE(guestchat_via_from);
  VISIT_PRESENCE(reply_to);
  VISIT_PRESENCE(media);
  VISIT_PRESENCE(reply_markup);
  VISIT_OPTIONAL(views);
  VISIT_OPTIONAL(forwards);
  VISIT_PRESENCE(replies);
  VISIT_OPTIONAL(edit_date);
  VISIT_OPTIONAL(post_author);
  VISIT_OPTIONAL(grouped_id);
  VISIT_PRESENCE(reactions);
  VISIT_OPTIONAL(ttl_period);
  VISIT_OPTIONAL(quick_reply_shortcut_id);
  VISIT_OPTIONAL(effect);
  VISIT_PRESENCE(factcheck);
  VISIT_OPTIONAL(report_delivery_until_date);
  VISIT_OPTIONAL(paid_message_stars);
  VISIT_PRESENCE(suggested_post);
  VISIT_OPTIONAL(schedule_repeat_period);
  VISIT_OPTIONAL(summary_from_language);
  VISIT_PRESENCE(rich_message);
}

#undef VISIT_FLAG
#undef VISIT_OPTIONAL
#undef VISIT_PRESENCE

// TL.

[[gnu::always_inline]] inline void Visit(const api::AnyPhoneCallProtocol& any, Sum& sum) {
  const auto& v = *any.As<api::PhoneCallProtocol>();
  VisitProtocolFlags(v, sum);
  sum.Add(v.min_layer);
  sum.Add(v.max_layer);
  for (const std::string_view version : v.library_versions) sum.Add(version);
}

[[gnu::always_inline]] inline void Visit(const api::fn::phone::RequestCall& v, Sum& sum) {
  sum.Add(v.video());
  if (const auto* const user = v.user_id.As<api::InputUser>()) {
    sum.Add(user->user_id);
    sum.Add(user->access_hash);
  }
  sum.Add(v.random_id);
  sum.Add(v.g_a_hash);
  Visit(v.protocol, sum);
}

[[gnu::always_inline]] inline void Visit(const api::AnyUser& any, Sum& sum) {
  const auto& v = *any.As<api::User>();
  sum.Add(v.id);
  VisitUserFlags(v, sum);
  if (v.has_status()) {
    if (const auto* const online = v.status().As<api::UserStatusOnline>()) sum.Add(online->expires);
  }
  if (v.has_restriction_reason()) sum.Add(std::uint64_t{v.restriction_reason().size()});
  if (v.has_usernames()) sum.Add(std::uint64_t{v.usernames().size()});
}

[[gnu::always_inline]] inline void Visit(const api::AnyPeer& any, Sum& sum) {
  if (const auto* const user = any.As<api::PeerUser>()) sum.Add(user->user_id);
}

[[gnu::always_inline]] inline void Visit(const api::AnyMessage& any, Sum& sum) {
  const auto& v = *any.As<api::Message>();
  sum.Add(v.id);
  sum.Add(v.date);
  sum.Add(v.message);
  VisitMessageFlags(v, sum);
  if (v.has_from_id()) Visit(v.from_id(), sum);
  Visit(v.peer_id, sum);
  for (const api::AnyMessageEntity& entity : v.entities()) {
    if (const auto* const bold = entity.As<api::MessageEntityBold>()) {
      sum.Add(bold->offset);
      sum.Add(bold->length);
    }
  }
}

[[gnu::always_inline]] inline void Visit(const api::AnyPhoneCall& any, Sum& sum) {
  const auto* const v = any.As<api::PhoneCallAccepted>();
  if (v == nullptr) return;
  sum.Add(v->video());
  sum.Add(v->id);
  sum.Add(v->access_hash);
  sum.Add(v->date);
  sum.Add(v->admin_id);
  sum.Add(v->participant_id);
  sum.Add(v->g_b);
  Visit(v->protocol, sum);
}

[[gnu::always_inline]] inline void Visit(const api::Updates& v, Sum& sum) {
  for (const api::AnyUpdate& update : v.updates) {
    if (const auto* const message = update.As<api::UpdateNewMessage>()) {
      Visit(message->message, sum);
      sum.Add(message->pts);
      sum.Add(message->pts_count);
    } else if (const auto* const call = update.As<api::UpdatePhoneCall>()) {
      Visit(call->phone_call, sum);
    }
  }
  for (const api::AnyUser& user : v.users) Visit(user, sum);
  sum.Add(std::uint64_t{v.chats.size()});
  sum.Add(v.date);
  sum.Add(v.seq);
}

// protobuf.

[[gnu::always_inline]] inline void Visit(const peer::PhoneCallProtocol& v, Sum& sum) {
  VisitProtocolFlags(v, sum);
  sum.Add(v.min_layer());
  sum.Add(v.max_layer());
  for (const std::string& version : v.library_versions()) sum.Add(version);
}

[[gnu::always_inline]] inline void Visit(const peer::RequestCall& v, Sum& sum) {
  sum.Add(v.video());
  if (v.user_id().has_known()) {
    sum.Add(v.user_id().known().user_id());
    sum.Add(v.user_id().known().access_hash());
  }
  sum.Add(v.random_id());
  sum.Add(v.g_a_hash());
  Visit(v.protocol(), sum);
}

[[gnu::always_inline]] inline void Visit(const peer::User& v, Sum& sum) {
  sum.Add(v.id());
  VisitUserFlags(v, sum);
  if (v.has_status() && v.status().has_online_expires()) sum.Add(v.status().online_expires());
  if (v.restriction_reason_size() > 0) sum.Add(std::uint64_t(v.restriction_reason_size()));
  if (v.usernames_size() > 0) sum.Add(std::uint64_t(v.usernames_size()));
}

[[gnu::always_inline]] inline void Visit(const peer::Peer& v, Sum& sum) {
  if (v.has_user_id()) sum.Add(v.user_id());
}

[[gnu::always_inline]] inline void Visit(const peer::Message& v, Sum& sum) {
  sum.Add(v.id());
  sum.Add(v.date());
  sum.Add(v.message());
  VisitMessageFlags(v, sum);
  if (v.has_from_id()) Visit(v.from_id(), sum);
  Visit(v.peer_id(), sum);
  for (const peer::MessageEntity& entity : v.entities()) {
    if (entity.has_bold()) {
      sum.Add(entity.bold().offset());
      sum.Add(entity.bold().length());
    }
  }
}

[[gnu::always_inline]] inline void Visit(const peer::PhoneCall& any, Sum& sum) {
  if (!any.has_accepted()) return;
  const peer::PhoneCallAccepted& v = any.accepted();
  sum.Add(v.video());
  sum.Add(v.id());
  sum.Add(v.access_hash());
  sum.Add(v.date());
  sum.Add(v.admin_id());
  sum.Add(v.participant_id());
  sum.Add(v.g_b());
  Visit(v.protocol(), sum);
}

[[gnu::always_inline]] inline void Visit(const peer::Updates& v, Sum& sum) {
  for (const peer::Update& update : v.updates()) {
    if (update.has_new_message()) {
      Visit(update.new_message().message(), sum);
      sum.Add(update.new_message().pts());
      sum.Add(update.new_message().pts_count());
    } else if (update.has_phone_call()) {
      Visit(update.phone_call().phone_call(), sum);
    }
  }
  for (const peer::User& user : v.users()) Visit(user, sum);
  sum.Add(std::uint64_t(v.chats_size()));
  sum.Add(v.date());
  sum.Add(v.seq());
}

// The same values.

inline void Copy(const api::AnyPhoneCallProtocol& any, peer::PhoneCallProtocol& to) {
  const auto& from = *any.As<api::PhoneCallProtocol>();
  to.set_udp_p2p(from.udp_p2p());
  to.set_udp_reflector(from.udp_reflector());
  to.set_min_layer(from.min_layer);
  to.set_max_layer(from.max_layer);
  for (const std::string_view version : from.library_versions) {
    to.add_library_versions(std::string(version));
  }
}

inline void Copy(const api::fn::phone::RequestCall& from, peer::RequestCall& to) {
  const auto& user = *from.user_id.As<api::InputUser>();
  to.mutable_user_id()->mutable_known()->set_user_id(user.user_id);
  to.mutable_user_id()->mutable_known()->set_access_hash(user.access_hash);
  to.set_random_id(from.random_id);
  to.set_g_a_hash(std::string(from.g_a_hash));
  Copy(from.protocol, *to.mutable_protocol());
}

inline void Copy(const api::AnyUser& any, peer::User& to) {
  const auto& from = *any.As<api::User>();
  to.set_self(from.self());
  to.set_contact(from.contact());
  to.set_id(from.id);
  to.set_access_hash(from.access_hash());
  to.set_first_name(std::string(from.first_name()));
  to.set_phone(std::string(from.phone()));
  to.mutable_status()->set_online_expires(from.status().As<api::UserStatusOnline>()->expires);
}

inline void Copy(const api::AnyMessage& any, peer::Message& to) {
  const auto& from = *any.As<api::Message>();
  to.set_out(from.out());
  to.set_id(from.id);
  to.mutable_from_id()->set_user_id(from.from_id().As<api::PeerUser>()->user_id);
  to.mutable_peer_id()->set_user_id(from.peer_id.As<api::PeerUser>()->user_id);
  to.set_date(from.date);
  to.set_message(std::string(from.message));
  for (const api::AnyMessageEntity& entity : from.entities()) {
    const auto& bold = *entity.As<api::MessageEntityBold>();
    peer::MessageEntity::Range& range = *to.add_entities()->mutable_bold();
    range.set_offset(bold.offset);
    range.set_length(bold.length);
  }
}

inline void Copy(const api::Updates& from, peer::Updates& to) {
  for (const api::AnyUpdate& update : from.updates) {
    peer::Update& copy = *to.add_updates();
    if (const auto* const message = update.As<api::UpdateNewMessage>()) {
      Copy(message->message, *copy.mutable_new_message()->mutable_message());
      copy.mutable_new_message()->set_pts(message->pts);
      copy.mutable_new_message()->set_pts_count(message->pts_count);
    } else {
      const auto& call =
          *update.As<api::UpdatePhoneCall>()->phone_call.As<api::PhoneCallAccepted>();
      peer::PhoneCallAccepted& accepted =
          *copy.mutable_phone_call()->mutable_phone_call()->mutable_accepted();
      accepted.set_id(call.id);
      accepted.set_access_hash(call.access_hash);
      accepted.set_date(call.date);
      accepted.set_admin_id(call.admin_id);
      accepted.set_participant_id(call.participant_id);
      accepted.set_g_b(std::string(call.g_b));
      Copy(call.protocol, *accepted.mutable_protocol());
    }
  }
  for (const api::AnyUser& user : from.users) Copy(user, *to.add_users());
  to.set_date(from.date);
  to.set_seq(from.seq);
}

}  // namespace trunkline::bench

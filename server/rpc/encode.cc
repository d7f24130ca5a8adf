#include "server/rpc/encode.h"

namespace trunkline::rpc {
namespace {

constexpr std::size_t kFirstBlockBytes = 16 * 1024;

std::string_view Text(const Bytes& bytes) {
  return AsText(bytes);
}

}  // namespace

void Encoder::Reset(int layer) {
  layer_ = layer;
  if (arena_ && arena_->bytes_reserved() <= kScratchBytesKept) {
    arena_->Reset();
  } else {
    arena_ = std::make_unique<::tl::Arena>(kFirstBlockBytes, kWriteArenaBytesMax);
  }
}

api::AnyPeer Encoder::Peer(UserId user) {
  auto& peer = Make<api::PeerUser>();
  peer.user_id = user.value();
  return &peer;
}

// ---- users ----

api::AnyUserStatus Encoder::Status(std::int32_t online_until, std::int32_t was_online) {
  if (online_until != 0) {
    auto& online = Make<api::UserStatusOnline>();
    online.expires = online_until;
    return &online;
  }
  if (was_online != 0) {
    auto& offline = Make<api::UserStatusOffline>();
    offline.was_online = was_online;
    return &offline;
  }
  return &Make<api::UserStatusRecently>();
}

// Never `min`, always with access_hash: clients can't call anybody else.
api::AnyUser Encoder::User(const book::UserView& view) {
  if (view.deleted && !view.access_hash) {
    auto& unknown = Make<api::UserEmpty>();
    unknown.id = view.id.value();
    return &unknown;
  }
  auto& user = Make<api::User>();
  user.id = view.id.value();
  user.set_access_hash(view.access_hash.value());
  user.set_self(view.self);
  user.set_contact(view.contact);
  user.set_mutual_contact(view.mutual_contact);
  user.set_deleted(view.deleted);
  user.set_bot(view.bot);
  if (!view.deleted) user.set_first_name(view.first_name);
  if (!view.last_name.empty()) user.set_last_name(view.last_name);
  if (!view.phone.empty()) user.set_phone(view.phone);
  if (view.bot) user.set_bot_info_version(1);
  if (!view.bot && !view.deleted) user.set_status(Status(view.online_until, view.was_online));
  return &user;
}

std::span<const api::AnyUser> Encoder::Users(const std::vector<book::UserView>& views) {
  return Map<api::AnyUser>(views, [&](const book::UserView& view) { return User(view); });
}

// settings and notify_settings are mandatory at all layers.
api::AnyUserFull Encoder::UserFull(const book::FullUserView& view) {
  auto& full = Make<api::UserFull>();
  full.id = view.user.id.value();
  full.set_blocked(view.blocked);
  full.set_phone_calls_available(view.phone_calls_available);
  full.set_phone_calls_private(view.phone_calls_private);
  full.set_video_calls_available(view.video_calls_available);
  full.settings = &Make<api::PeerSettings>();
  full.notify_settings = &Make<api::PeerNotifySettings>();
  return &full;
}

// ---- calls ----

api::AnyPhoneCallProtocol Encoder::Protocol(const book::Protocol& protocol) {
  auto& wire = Make<api::PhoneCallProtocol>();
  wire.set_udp_p2p(protocol.udp_p2p);
  wire.set_udp_reflector(protocol.udp_reflector);
  wire.min_layer = protocol.min_layer;
  wire.max_layer = protocol.max_layer;
  wire.library_versions =
      Map<std::string_view>(protocol.library_versions,
                            [](const std::string& version) { return std::string_view(version); });
  return &wire;
}

api::AnyPhoneConnection Encoder::Connection(const book::Connection& connection) {
  if (connection.kind == book::Connection::Kind::kWebrtc) {
    auto& webrtc = Make<api::PhoneConnectionWebrtc>();
    webrtc.set_turn(connection.turn);
    webrtc.set_stun(connection.stun);
    webrtc.id = connection.id;
    webrtc.ip = connection.ip;
    webrtc.ipv6 = connection.ipv6;
    webrtc.port = connection.port;
    webrtc.username = connection.username;
    webrtc.password = connection.password;
    return &webrtc;
  }
  auto& reflector = Make<api::PhoneConnection>();
  reflector.set_tcp(connection.tcp);
  reflector.id = connection.id;
  reflector.ip = connection.ip;
  reflector.ipv6 = connection.ipv6;
  reflector.port = connection.port;
  reflector.peer_tag = Text(connection.peer_tag);
  return &reflector;
}

// phoneConnection got its tcp flag with layer 142: an older client would take a TCP relay for UDP.
std::span<const api::AnyPhoneConnection> Encoder::Connections(
    const std::vector<book::Connection>& from) {
  constexpr int kTcpFrom = 142;
  std::vector<const book::Connection*> kept;
  for (const book::Connection& connection : from) {
    if (layer_ >= kTcpFrom || !connection.tcp) kept.push_back(&connection);
  }
  return Map<api::AnyPhoneConnection>(
      kept, [&](const book::Connection* connection) { return Connection(*connection); });
}

// Migration to a conference exists from layer 202 on; before, the call was hung up.
api::AnyPhoneCallDiscardReason Encoder::Reason(const std::optional<call::Reason>& reason,
                                               const std::string& slug) {
  constexpr int kMigrateFrom = 202;
  if (!reason) return {};
  switch (*reason) {
    case call::Reason::kMissed:
      return &Make<api::PhoneCallDiscardReasonMissed>();
    case call::Reason::kDisconnect:
      return &Make<api::PhoneCallDiscardReasonDisconnect>();
    case call::Reason::kBusy:
      return &Make<api::PhoneCallDiscardReasonBusy>();
    case call::Reason::kMigrateConferenceCall:
      if (layer_ >= kMigrateFrom) {
        auto& migrate = Make<api::PhoneCallDiscardReasonMigrateConferenceCall>();
        migrate.slug = slug;
        return &migrate;
      }
      break;
    case call::Reason::kHangup:
      break;
  }
  return &Make<api::PhoneCallDiscardReasonHangup>();
}

namespace {

// What the four constructors of a living call share.
template <class T>
void SetCommon(T& call, const book::CallView& view) {
  call.set_video(view.video);
  call.id = view.id.value();
  call.access_hash = view.access_hash.value();
  call.date = view.date;
  call.admin_id = view.admin_id.value();
  call.participant_id = view.participant_id.value();
}

}  // namespace

api::AnyPhoneCall Encoder::Waiting(const book::CallView& view) {
  auto& call = Make<api::PhoneCallWaiting>();
  SetCommon(call, view);
  call.protocol = Protocol(view.protocol);
  if (view.receive_date) call.set_receive_date(*view.receive_date);
  return &call;
}

api::AnyPhoneCall Encoder::Requested(const book::CallView& view) {
  auto& call = Make<api::PhoneCallRequested>();
  SetCommon(call, view);
  call.g_a_hash = Text(view.g_a_hash);
  call.protocol = Protocol(view.protocol);
  return &call;
}

api::AnyPhoneCall Encoder::Accepted(const book::CallView& view) {
  auto& call = Make<api::PhoneCallAccepted>();
  SetCommon(call, view);
  call.g_b = Text(view.g_b);
  call.protocol = Protocol(view.protocol);
  return &call;
}

api::AnyPhoneCall Encoder::Active(const book::CallView& view) {
  auto& call = Make<api::PhoneCall>();
  SetCommon(call, view);
  call.set_p2p_allowed(view.p2p_allowed);
  call.set_conference_supported(view.conference_supported);
  call.g_a_or_b = Text(view.g_a_or_b);
  call.key_fingerprint = view.key_fingerprint;
  call.protocol = Protocol(view.protocol);
  call.connections = Connections(view.connections);
  call.start_date = view.start_date;
  return &call;
}

api::AnyPhoneCall Encoder::Discarded(const book::CallView& view) {
  auto& call = Make<api::PhoneCallDiscarded>();
  call.set_need_rating(view.need_rating);
  call.set_need_debug(view.need_debug);
  call.set_video(view.video);
  call.id = view.id.value();
  call.set_reason(Reason(view.reason, view.slug));
  if (view.duration) call.set_duration(*view.duration);
  return &call;
}

api::AnyPhoneCall Encoder::Call(const book::CallView& view) {
  switch (view.kind) {
    case book::CallView::Kind::kWaiting:
      return Waiting(view);
    case book::CallView::Kind::kRequested:
      return Requested(view);
    case book::CallView::Kind::kAccepted:
      return Accepted(view);
    case book::CallView::Kind::kActive:
      return Active(view);
    case book::CallView::Kind::kDiscarded:
      break;
  }
  return Discarded(view);
}

// The author is always the caller, whoever hung up: clients word "incoming", "outgoing" and
// "missed" by it.
api::AnyMessage Encoder::Message(const book::MessageView& view) {
  auto& action = Make<api::MessageActionPhoneCall>();
  action.set_video(view.video);
  action.call_id = view.call_id.value();
  action.set_reason(Reason(view.reason, view.slug));
  if (view.duration) action.set_duration(*view.duration);
  auto& message = Make<api::MessageService>();
  message.set_out(view.out);
  message.id = view.id;
  message.set_from_id(Peer(view.from_id));
  message.peer_id = Peer(view.peer_id);
  message.date = view.date;
  message.action = &action;
  return &message;
}

std::span<const api::AnyMessage> Encoder::Messages(const std::vector<book::MessageView>& views) {
  return Map<api::AnyMessage>(views, [&](const book::MessageView& view) { return Message(view); });
}

// ---- updates ----

api::AnyPrivacyKey Encoder::Key(book::PrivacyKey key) {
  if (key == book::PrivacyKey::kPhoneCall) return &Make<api::PrivacyKeyPhoneCall>();
  return &Make<api::PrivacyKeyPhoneP2P>();
}

api::AnyPrivacyRule Encoder::Rule(const book::PrivacyRule& rule) {
  const auto users = [&] {
    return Map<std::int64_t>(rule.users, [](UserId user) { return user.value(); });
  };
  switch (rule.kind) {
    case book::PrivacyRule::Kind::kAllowAll:
      return &Make<api::PrivacyValueAllowAll>();
    case book::PrivacyRule::Kind::kDisallowAll:
      return &Make<api::PrivacyValueDisallowAll>();
    case book::PrivacyRule::Kind::kAllowContacts:
      return &Make<api::PrivacyValueAllowContacts>();
    case book::PrivacyRule::Kind::kDisallowContacts:
      return &Make<api::PrivacyValueDisallowContacts>();
    case book::PrivacyRule::Kind::kAllowUsers: {
      auto& allow = Make<api::PrivacyValueAllowUsers>();
      allow.users = users();
      return &allow;
    }
    case book::PrivacyRule::Kind::kDisallowUsers:
      break;
  }
  auto& disallow = Make<api::PrivacyValueDisallowUsers>();
  disallow.users = users();
  return &disallow;
}

std::span<const api::AnyPrivacyRule> Encoder::Rules(const std::vector<book::PrivacyRule>& rules) {
  return Map<api::AnyPrivacyRule>(rules, [&](const book::PrivacyRule& rule) { return Rule(rule); });
}

}  // namespace trunkline::rpc

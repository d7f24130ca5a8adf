// The book's replies as results of the methods that asked. Five methods have had two result types:
// the id under which the request came decides.
#include "server/rpc/encode.h"

namespace trunkline::rpc {
namespace {

namespace fn = ::tl::api::fn;
namespace reply = book::reply;

class ReplyWriter {
 public:
  ReplyWriter(Encoder& encoder, std::uint32_t method, std::uint32_t wire_id, Bytes& out)
      : encoder_(encoder), method_(method), wire_id_(wire_id), out_(out) {}

  void operator()(const reply::Refused&) {}  // an rpc_error, written by the dispatcher
  void operator()(const reply::Done& done);
  void operator()(const reply::SentCode& sent);
  void operator()(const reply::SignUpRequired&) {
    Append(api::auth::AuthorizationSignUpRequired());
  }
  void operator()(const reply::Authorization& authorization);
  void operator()(const reply::Users& users);
  void operator()(const reply::FullUser& full);
  void operator()(const reply::ImportedContacts& imported);
  void operator()(const reply::Privacy& privacy);
  void operator()(const reply::Authorizations& authorizations);
  void operator()(const reply::State& state) { Append(State(state)); }
  void operator()(const reply::Difference& difference);
  void operator()(const reply::History& history);
  void operator()(const reply::Call& call);
  void operator()(const book::UpdateBatch& batch) { Append(encoder_.Result(batch)); }

 private:
  template <class T>
  void Append(const T& value) {
    ::tl::AppendTo(out_, value, encoder_.layer());
  }
  void AppendContacts(const reply::Users& users);
  void AppendBlocked(const reply::Users& users);
  void AppendResolved(const reply::Users& users);
  void AppendOldFullUser(const book::FullUserView& full);
  template <class T>
  void AppendMessages(const reply::History& history);
  template <class T>
  T Filled(const reply::Difference& difference);
  static api::updates::State State(const reply::State& from);
  api::AnyAuthorization Device(const reply::Authorizations::Entry& entry);

  Encoder& encoder_;
  std::uint32_t method_;
  std::uint32_t wire_id_;
  Bytes& out_;
};

// auth.logOut answered Bool until layer 134.
void ReplyWriter::operator()(const reply::Done& done) {
  if (method_ == fn::auth::LogOut::kId && wire_id_ == fn::auth::LogOut::kId) {
    Append(api::auth::LoggedOut());
  } else {
    ::tl::AppendBool(out_, done.flag);
  }
}

void ReplyWriter::operator()(const reply::SentCode& sent) {
  api::auth::SentCodeTypeApp app;
  api::auth::SentCodeTypeSms sms;
  app.length = sms.length = sent.length;
  api::auth::SentCode code;
  if (sent.app) {
    code.type = &app;
  } else {
    code.type = &sms;
  }
  code.phone_code_hash = sent.phone_code_hash;
  Append(code);
}

void ReplyWriter::operator()(const reply::Authorization& authorization) {
  api::auth::Authorization wire;
  wire.user = encoder_.User(authorization.user);
  Append(wire);
}

void ReplyWriter::AppendContacts(const reply::Users& users) {
  api::contacts::Contacts wire;
  wire.contacts = encoder_.Map<api::AnyContact>(users.users, [&](const book::UserView& view) {
    auto& contact = encoder_.Make<api::Contact>();
    contact.user_id = view.id.value();
    contact.mutual = view.mutual_contact;
    return api::AnyContact(&contact);
  });
  wire.users = encoder_.Users(users.users);
  Append(wire);
}

void ReplyWriter::AppendBlocked(const reply::Users& users) {
  api::contacts::Blocked wire;
  wire.blocked = encoder_.Map<api::AnyPeerBlocked>(users.users, [&](const book::UserView& view) {
    auto& blocked = encoder_.Make<api::PeerBlocked>();
    blocked.peer_id = encoder_.Peer(view.id);
    return api::AnyPeerBlocked(&blocked);
  });
  wire.users = encoder_.Users(users.users);
  Append(wire);
}

void ReplyWriter::AppendResolved(const reply::Users& users) {
  api::contacts::ResolvedPeer wire;
  wire.peer = encoder_.Peer(users.users.empty() ? UserId() : users.users[0].id);
  wire.users = encoder_.Users(users.users);
  Append(wire);
}

void ReplyWriter::operator()(const reply::Users& users) {
  switch (method_) {
    case fn::contacts::GetContacts::kId:
      return AppendContacts(users);
    case fn::contacts::GetBlocked::kId:
      return AppendBlocked(users);
    case fn::contacts::ResolvePhone::kId:
      return AppendResolved(users);
    default:
      ::tl::AppendVector(out_, encoder_.Users(users.users), encoder_.layer());
  }
}

// userFull#d697ff05 flags:# ... user:User ... settings:PeerSettings ...
//     notify_settings:PeerNotifySettings ... common_chats_count:int ... = UserFull;
// The newest form has no place for the user, so this one is written field by field.
void ReplyWriter::AppendOldFullUser(const book::FullUserView& full) {
  constexpr std::uint32_t kUserFull133 = 0xd697ff05;
  const std::uint32_t flags =
      (full.blocked ? 1u << 0 : 0) | (full.phone_calls_available ? 1u << 4 : 0) |
      (full.phone_calls_private ? 1u << 5 : 0) | (full.video_calls_available ? 1u << 13 : 0);
  const auto word = [&](std::uint32_t value) {
    out_.resize(out_.size() + sizeof value);
    StoreLittle(out_.data() + out_.size() - sizeof value, value);
  };
  word(kUserFull133);
  word(flags);
  Append(encoder_.User(full.user));
  Append(api::PeerSettings());
  Append(api::PeerNotifySettings());
  word(0);
}

void ReplyWriter::operator()(const reply::FullUser& full) {
  constexpr int kOldFormUntil = 134;
  if (encoder_.layer() <= kOldFormUntil && wire_id_ != fn::users::GetFullUser::kId) {
    return AppendOldFullUser(full.full);
  }
  if (wire_id_ != fn::users::GetFullUser::kId) return Append(encoder_.UserFull(full.full));
  const api::AnyUser users[] = {encoder_.User(full.full.user)};
  api::users::UserFull wire;
  wire.full_user = encoder_.UserFull(full.full);
  wire.users = users;
  Append(wire);
}

void ReplyWriter::operator()(const reply::ImportedContacts& imported) {
  api::contacts::ImportedContacts wire;
  wire.imported = encoder_.Map<api::AnyImportedContact>(
      imported.imported, [&](const reply::ImportedContacts::Imported& from) {
        auto& contact = encoder_.Make<api::ImportedContact>();
        contact.user_id = from.user.value();
        contact.client_id = from.client_id;
        return api::AnyImportedContact(&contact);
      });
  wire.retry_contacts = imported.retry;
  wire.users = encoder_.Users(imported.users);
  Append(wire);
}

void ReplyWriter::operator()(const reply::Privacy& privacy) {
  api::account::PrivacyRules wire;
  wire.rules = encoder_.Rules(privacy.rules);
  wire.users = encoder_.Users(privacy.users);
  Append(wire);
}

api::AnyAuthorization ReplyWriter::Device(const reply::Authorizations::Entry& entry) {
  auto& device = encoder_.Make<api::Authorization>();
  device.set_current(entry.hash == 0);
  device.set_call_requests_disabled(entry.calls_disabled);
  device.hash = entry.hash;
  device.device_model = entry.info.device_model;
  device.system_version = entry.info.system_version;
  device.api_id = entry.info.api_id;
  device.app_version = entry.info.app_version;
  device.date_created = entry.created;
  device.date_active = entry.active;
  return &device;
}

void ReplyWriter::operator()(const reply::Authorizations& authorizations) {
  constexpr std::int32_t kLifetimeDays = 180;
  api::account::Authorizations wire;
  wire.authorization_ttl_days = kLifetimeDays;
  wire.authorizations = encoder_.Map<api::AnyAuthorization>(
      authorizations.entries,
      [&](const reply::Authorizations::Entry& entry) { return Device(entry); });
  Append(wire);
}

// seq and qts never move: calls aren't part of a sequence, and there are no secret chats.
api::updates::State ReplyWriter::State(const reply::State& from) {
  api::updates::State state;
  state.pts = from.pts;
  state.date = from.date;
  state.unread_count = from.unread_count;
  return state;
}

template <class T>
T ReplyWriter::Filled(const reply::Difference& difference) {
  T wire;
  wire.new_messages = encoder_.Messages(difference.messages);
  wire.other_updates = encoder_.Map<api::AnyUpdate>(
      difference.other_updates,
      [&](const book::Update& update) { return encoder_.Update(update); });
  wire.users = encoder_.Users(difference.users);
  return wire;
}

void ReplyWriter::operator()(const reply::Difference& difference) {
  const api::updates::State state = State(difference.state);
  switch (difference.kind) {
    case reply::Difference::Kind::kEmpty: {
      api::updates::DifferenceEmpty wire;
      wire.date = state.date;
      return Append(wire);
    }
    case reply::Difference::Kind::kFull: {
      auto wire = Filled<api::updates::Difference>(difference);
      wire.state = &state;
      return Append(wire);
    }
    case reply::Difference::Kind::kSlice: {
      auto wire = Filled<api::updates::DifferenceSlice>(difference);
      wire.intermediate_state = &state;
      return Append(wire);
    }
    case reply::Difference::Kind::kTooLong: {
      api::updates::DifferenceTooLong wire;
      wire.pts = state.pts;
      return Append(wire);
    }
  }
}

template <class T>
void ReplyWriter::AppendMessages(const reply::History& history) {
  T wire;
  if constexpr (requires { wire.count; }) wire.count = history.total;
  wire.messages = encoder_.Messages(history.messages);
  wire.users = encoder_.Users(history.users);
  Append(wire);
}

void ReplyWriter::operator()(const reply::History& history) {
  if (static_cast<std::size_t>(std::max(history.total, 0)) > history.messages.size()) {
    AppendMessages<api::messages::MessagesSlice>(history);
  } else {
    AppendMessages<api::messages::Messages>(history);
  }
}

void ReplyWriter::operator()(const reply::Call& call) {
  api::phone::PhoneCall wire;
  wire.phone_call = encoder_.Call(call.call);
  wire.users = encoder_.Users(call.users);
  Append(wire);
}

}  // namespace

void AppendReply(Encoder& encoder, const book::ReplyBody& body, std::uint32_t method,
                 std::uint32_t wire_id, Bytes& out) {
  std::visit(ReplyWriter(encoder, method, wire_id, out), body);
}

}  // namespace trunkline::rpc

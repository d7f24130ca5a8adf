// Users, contacts, privacy, and the state of a user's message box.
#include <algorithm>
#include <optional>
#include <string>

#include "server/rpc/limits.h"
#include "server/rpc/requests.h"
#include "server/rpc/text.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;
using RuleKind = book::PrivacyRule::Kind;

std::optional<book::PrivacyKey> KeyOf(const api::AnyInputPrivacyKey& key) {
  switch (key.id()) {
    case api::InputPrivacyKeyPhoneCall::kId:
      return book::PrivacyKey::kPhoneCall;
    case api::InputPrivacyKeyPhoneP2P::kId:
      return book::PrivacyKey::kPhoneP2p;
    default:
      return std::nullopt;
  }
}

// nullopt: a kind of rule about things that this server doesn't have (chats, premium, bots).
std::optional<RuleKind> KindOf(const api::AnyInputPrivacyRule& rule) {
  switch (rule.id()) {
    case api::InputPrivacyValueAllowAll::kId:
      return RuleKind::kAllowAll;
    case api::InputPrivacyValueDisallowAll::kId:
      return RuleKind::kDisallowAll;
    case api::InputPrivacyValueAllowContacts::kId:
      return RuleKind::kAllowContacts;
    case api::InputPrivacyValueDisallowContacts::kId:
      return RuleKind::kDisallowContacts;
    case api::InputPrivacyValueAllowUsers::kId:
      return RuleKind::kAllowUsers;
    case api::InputPrivacyValueDisallowUsers::kId:
      return RuleKind::kDisallowUsers;
    default:
      return std::nullopt;
  }
}

std::span<const api::AnyInputUser> UsersOf(const api::AnyInputPrivacyRule& rule) {
  if (const auto* allow = rule.As<api::InputPrivacyValueAllowUsers>()) return allow->users;
  if (const auto* disallow = rule.As<api::InputPrivacyValueDisallowUsers>()) return disallow->users;
  return {};
}

// Blocking for stories alone means nothing here.
Outcome SetBlocked(const api::AnyInputPeer& peer, bool block, bool stories) {
  if (stories) return GiveBool(true);
  const std::optional<book::UserQuery> query = QueryOf(peer);
  if (!query) return Refuse(ErrorType::kPeerIdInvalid);
  return Ask(cmd::Block{*query, block});
}

}  // namespace

std::optional<book::UserQuery> QueryOf(const api::AnyInputUser& user) {
  if (user.id() == api::InputUserSelf::kId) return book::UserQuery{true, {}, {}};
  const auto* const other = user.As<api::InputUser>();
  if (other == nullptr) return std::nullopt;
  return book::UserQuery{false, UserId(other->user_id), AccessHash(other->access_hash)};
}

std::optional<book::UserQuery> QueryOf(const api::AnyInputPeer& peer) {
  if (peer.id() == api::InputPeerSelf::kId) return book::UserQuery{true, {}, {}};
  const auto* const other = peer.As<api::InputPeerUser>();
  if (other == nullptr) return std::nullopt;
  return book::UserQuery{false, UserId(other->user_id), AccessHash(other->access_hash)};
}

// One result a query, so those without an id are asked for as well and come back as userEmpty.
Outcome Run(const fn::users::GetUsers& request, const Context&) {
  if (request.id.size() > kUsersMax) return Refuse(ErrorType::kLimitInvalid);
  cmd::GetUsers get;
  for (const api::AnyInputUser& user : request.id) {
    get.users.push_back(QueryOf(user).value_or(book::UserQuery{}));
  }
  return Ask(std::move(get));
}

Outcome Run(const fn::users::GetFullUser& request, const Context&) {
  const std::optional<book::UserQuery> user = QueryOf(request.id);
  if (!user) return Refuse(ErrorType::kUserIdInvalid);
  return Ask(cmd::GetFullUser{*user});
}

Outcome Run(const fn::contacts::ImportContacts& request, const Context&) {
  if (request.contacts.size() > kContactsMax) return Refuse(ErrorType::kLimitInvalid);
  cmd::ImportContacts import;
  for (const api::AnyInputContact& any : request.contacts) {
    const auto* const contact = any.As<api::InputPhoneContact>();
    if (contact == nullptr || contact->phone.size() > kPhoneBytesMax) continue;
    import.contacts.push_back({contact->client_id, std::string(contact->phone),
                               CleanText(contact->first_name, kNameBytesMax),
                               CleanText(contact->last_name, kNameBytesMax)});
  }
  return Ask(std::move(import));
}

Outcome Run(const fn::contacts::ResolvePhone& request, const Context&) {
  if (request.phone.size() > kPhoneBytesMax) return Refuse(ErrorType::kPhoneNotOccupied);
  return Ask(cmd::ResolvePhone{std::string(request.phone)});
}

Outcome Run(const fn::contacts::GetContacts&, const Context&) {
  return Ask(cmd::GetContacts{});
}

Outcome Run(const fn::contacts::AddContact& request, const Context&) {
  const std::optional<book::UserQuery> user = QueryOf(request.id);
  if (!user || user->self) return Refuse(ErrorType::kContactIdInvalid);
  if (request.first_name.size() > kNameBytesMax) return Refuse(ErrorType::kFirstnameInvalid);
  if (request.last_name.size() > kNameBytesMax) return Refuse(ErrorType::kLastnameInvalid);
  if (request.phone.size() > kPhoneBytesMax) return Refuse(ErrorType::kPhoneNumberInvalid);
  return Ask(cmd::AddContact{*user, CleanText(request.first_name, kNameBytesMax),
                             CleanText(request.last_name, kNameBytesMax),
                             std::string(request.phone)});
}

Outcome Run(const fn::contacts::DeleteContacts& request, const Context&) {
  if (request.id.size() > kContactsMax) return Refuse(ErrorType::kLimitInvalid);
  cmd::DeleteContacts remove;
  for (const api::AnyInputUser& user : request.id) {
    if (const auto query = QueryOf(user)) remove.users.push_back(*query);
  }
  return Ask(std::move(remove));
}

Outcome Run(const fn::contacts::Block& request, const Context&) {
  return SetBlocked(request.id, true, request.my_stories_from());
}

Outcome Run(const fn::contacts::Unblock& request, const Context&) {
  return SetBlocked(request.id, false, request.my_stories_from());
}

Outcome Run(const fn::contacts::GetBlocked& request, const Context& context) {
  if (request.my_stories_from()) return Give(api::contacts::Blocked(), context);
  return Ask(cmd::GetBlocked{});
}

// What isn't about calls isn't restricted by anybody here.
Outcome Run(const fn::account::GetPrivacy& request, const Context& context) {
  if (const auto key = KeyOf(request.key)) return Ask(cmd::GetPrivacy{*key});
  const api::PrivacyValueAllowAll everybody;
  const api::AnyPrivacyRule rules[] = {&everybody};
  api::account::PrivacyRules result;
  result.rules = rules;
  return Give(result, context);
}

Outcome Run(const fn::account::SetPrivacy& request, const Context&) {
  const std::optional<book::PrivacyKey> key = KeyOf(request.key);
  if (!key) return Refuse(ErrorType::kPrivacyKeyInvalid);
  if (request.rules.size() > kPrivacyRulesMax) return Refuse(ErrorType::kPrivacyTooLong);
  cmd::SetPrivacy set{*key, {}};
  for (const api::AnyInputPrivacyRule& rule : request.rules) {
    const std::optional<RuleKind> kind = KindOf(rule);
    if (!kind) continue;
    const std::span<const api::AnyInputUser> users = UsersOf(rule);
    if (users.size() > kPrivacyUsersMax) return Refuse(ErrorType::kPrivacyTooLong);
    set.rules.push_back({*kind, {}});
    for (const api::AnyInputUser& user : users) {
      const std::optional<book::UserQuery> query = QueryOf(user);
      if (!query) return Refuse(ErrorType::kPrivacyValueInvalid);
      set.rules.back().users.push_back(*query);
    }
  }
  return Ask(std::move(set));
}

Outcome Run(const fn::updates::GetState&, const Context&) {
  return Ask(cmd::GetState{});
}

Outcome Run(const fn::updates::GetDifference& request, const Context&) {
  if (request.pts <= 0) return Refuse(ErrorType::kPersistentTimestampEmpty);
  return Ask(cmd::GetDifference{request.pts});
}

Outcome Run(const fn::messages::GetHistory& request, const Context&) {
  const std::optional<book::UserQuery> peer = QueryOf(request.peer);
  if (!peer) return Refuse(ErrorType::kPeerIdInvalid);
  const std::int32_t limit = std::clamp(request.limit, 0, kHistoryMax);
  return Ask(cmd::GetHistory{*peer, std::max(request.offset_id, 0), limit});
}

}  // namespace trunkline::rpc

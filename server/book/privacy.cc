#include "server/book/privacy.h"

#include <algorithm>
#include <optional>

#include "server/book/handlers.h"
#include "server/book/turn.h"
#include "server/book/views.h"

namespace trunkline::book {
namespace {

using RuleKind = PrivacyRule::Kind;

bool NamesUsers(RuleKind kind) {
  return kind == RuleKind::kAllowUsers || kind == RuleKind::kDisallowUsers;
}

bool Fits(const PrivacyRule& rule, UserId viewer, bool contact) {
  switch (rule.kind) {
    case RuleKind::kAllowAll:
    case RuleKind::kDisallowAll:
      return true;
    case RuleKind::kAllowContacts:
    case RuleKind::kDisallowContacts:
      return contact;
    case RuleKind::kAllowUsers:
    case RuleKind::kDisallowUsers:
      return std::find(rule.users.begin(), rule.users.end(), viewer) != rule.users.end();
  }
  return false;
}

// Users of the queries, or nullopt if one is unknown.
std::optional<std::vector<UserId>> Resolve(Turn& turn, const std::vector<UserQuery>& queries) {
  std::vector<UserId> users;
  for (const UserQuery& query : queries) {
    const UserId user = FindUser(turn, query);
    if (!user) return std::nullopt;
    users.push_back(user);
  }
  return users;
}

reply::Privacy PrivacyReply(Turn& turn, PrivacyKey key) {
  reply::Privacy reply;
  reply.rules = RulesOf(turn.state(), turn.user(), key);
  std::vector<UserId> named;
  for (const PrivacyRule& rule : reply.rules) {
    named.insert(named.end(), rule.users.begin(), rule.users.end());
  }
  reply.users = ViewsOfUsers(turn.state(), turn.user(), std::move(named), turn.now());
  return reply;
}

}  // namespace

std::vector<PrivacyRule> RulesOf(const State& state, UserId owner, PrivacyKey key) {
  const auto* rules = state.privacy.Find({owner, key});
  if (rules != nullptr && *rules != nullptr) return **rules;
  return {PrivacyRule{RuleKind::kAllowAll, {}}};
}

bool Allows(const State& state, UserId owner, PrivacyKey key, UserId viewer) {
  const auto* rules = state.privacy.Find({owner, key});
  if (owner == viewer || rules == nullptr || *rules == nullptr) return true;
  const bool contact = IsContact(state, owner, viewer);
  constexpr RuleKind kOrder[] = {RuleKind::kDisallowUsers,    RuleKind::kAllowUsers,
                                 RuleKind::kDisallowContacts, RuleKind::kAllowContacts,
                                 RuleKind::kDisallowAll,      RuleKind::kAllowAll};
  for (const RuleKind kind : kOrder) {
    for (const PrivacyRule& rule : **rules) {
      if (rule.kind != kind || !Fits(rule, viewer, contact)) continue;
      return kind == RuleKind::kAllowUsers || kind == RuleKind::kAllowContacts ||
             kind == RuleKind::kAllowAll;
    }
  }
  return false;
}

void Handle(Turn& turn, const cmd::GetPrivacy& command) {
  turn.Answer(PrivacyReply(turn, command.key));
}

void Handle(Turn& turn, const cmd::SetPrivacy& command) {
  if (command.rules.empty()) return turn.Refuse(Refusal::kPrivacyValueInvalid);
  if (command.rules.size() > kPrivacyRulesMax) return turn.Refuse(Refusal::kPrivacyTooLong);
  fact::PrivacySet set{turn.user(), command.key, {}};
  std::size_t named = 0;
  for (const cmd::SetPrivacy::Rule& rule : command.rules) {
    named += rule.users.size();
    if (named > kPrivacyUsersMax) return turn.Refuse(Refusal::kPrivacyTooLong);
    std::optional<std::vector<UserId>> users = Resolve(turn, rule.users);
    if (!users) return turn.Refuse(Refusal::kPrivacyValueInvalid);
    if (!NamesUsers(rule.kind)) users->clear();
    set.rules.push_back(PrivacyRule{rule.kind, std::move(*users)});
  }
  turn.Emit(std::move(set));
  reply::Privacy reply = PrivacyReply(turn, command.key);
  Update update;
  update.kind = Update::Kind::kPrivacy;
  update.privacy_key = command.key;
  update.rules = reply.rules;
  UpdateBatch batch;
  batch.date = turn.date();
  batch.users = reply.users;
  batch.updates.push_back(std::move(update));
  turn.Answer(std::move(reply));
  turn.Push(turn.OtherSessions(turn.user()), std::move(batch));
}

}  // namespace trunkline::book

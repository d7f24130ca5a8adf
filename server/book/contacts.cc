// Contacts and the block list.

#include <algorithm>
#include <utility>

#include "server/book/handlers.h"
#include "server/book/views.h"

namespace trunkline::book {
namespace {

struct Names {
  std::string first, last;
};

bool HasRoom(Turn& turn) {
  const std::vector<UserId>* list = turn.state().contact_lists.Find(turn.user());
  return list == nullptr || list->size() < kContactsMax;
}

// False: no room. Names that can't be used give way to the user's own.
bool Add(Turn& turn, UserId contact, const Names& names) {
  const Contact* known = turn.state().contacts.Find({turn.user(), contact});
  if (known == nullptr && !HasRoom(turn)) return false;
  bool first_valid = false, last_valid = false;
  fact::ContactAdded added{turn.user(), contact, CleanName(names.first, first_valid),
                           CleanName(names.last, last_valid)};
  if (!first_valid || !last_valid || (added.first_name.empty() && added.last_name.empty())) {
    const User& user = *turn.state().users.Find(contact);
    added.first_name = user.first_name;
    added.last_name = user.last_name;
  }
  const bool same = known != nullptr && known->first_name == added.first_name &&
                    known->last_name == added.last_name;
  if (!same) turn.Emit(std::move(added));
  return true;
}

reply::Users UsersReply(Turn& turn, const std::vector<UserId>* ids) {
  reply::Users reply;
  if (ids != nullptr) {
    reply.users = ViewsOfUsers(turn.state(), turn.user(), *ids, turn.now());
  }
  return reply;
}

}  // namespace

void Handle(Turn& turn, const cmd::ImportContacts& command) {
  reply::ImportedContacts reply;
  std::vector<UserId> users;
  for (const cmd::ImportContacts::Entry& entry : command.contacts) {
    const std::string phone = DigitsOf(entry.phone);
    const UserId user = phone.empty() ? UserId{} : UserOfPhone(turn.state(), phone);
    if (!user) continue;
    const bool self = user == turn.user();
    if (!self && !Add(turn, user, {entry.first_name, entry.last_name})) {
      reply.retry.push_back(entry.client_id);
      continue;
    }
    reply.imported.push_back({entry.client_id, user});
    users.push_back(user);
  }
  reply.users = ViewsOfUsers(turn.state(), turn.user(), std::move(users), turn.now());
  turn.Answer(std::move(reply));
}

void Handle(Turn& turn, const cmd::ResolvePhone& command) {
  const std::string phone = DigitsOf(command.phone);
  const UserId user = phone.empty() ? UserId{} : UserOfPhone(turn.state(), phone);
  if (!user) return turn.Refuse(Refusal::kPhoneNotOccupied);
  turn.Answer(reply::Users{{ViewOfUser(turn.state(), turn.user(), user, turn.now())}});
}

void Handle(Turn& turn, const cmd::GetContacts&) {
  turn.Answer(UsersReply(turn, turn.state().contact_lists.Find(turn.user())));
}

void Handle(Turn& turn, const cmd::AddContact& command) {
  const UserId user = FindUser(turn, command.user);
  if (!user || user == turn.user()) return turn.Refuse(Refusal::kContactIdInvalid);
  if (!Add(turn, user, {command.first_name, command.last_name})) {
    return turn.Refuse(Refusal::kContactIdInvalid);
  }
  turn.Answer(turn.BatchFor(turn.user(), {user}));
}

void Handle(Turn& turn, const cmd::DeleteContacts& command) {
  std::vector<UserId> removed;
  for (const UserQuery& query : command.users) {
    const UserId user = FindUser(turn, query);
    if (!user || !IsContact(turn.state(), turn.user(), user)) continue;
    turn.Emit(fact::ContactRemoved{turn.user(), user});
    removed.push_back(user);
  }
  UpdateBatch batch;
  batch.date = turn.date();
  batch.users = ViewsOfUsers(turn.state(), turn.user(), std::move(removed), turn.now());
  turn.Answer(std::move(batch));
}

void Handle(Turn& turn, const cmd::Block& command) {
  const UserId user = FindUser(turn, command.user);
  if (!user || user == turn.user()) return turn.Refuse(Refusal::kPeerIdInvalid);
  const std::vector<UserId>* list = turn.state().blocked.Find(turn.user());
  const bool full = list != nullptr && list->size() >= kBlockedMax;
  const bool changes = IsBlockedBy(turn.state(), turn.user(), user) != command.block;
  if (changes && command.block && full) return turn.Refuse(Refusal::kPeerIdInvalid);
  turn.Done();
  if (!changes) return;
  turn.Emit(fact::BlockedChanged{turn.user(), user, command.block});
  UpdateBatch batch = turn.BatchFor(turn.user(), {user});
  Update& update = batch.updates.emplace_back();
  update.kind = Update::Kind::kPeerBlocked;
  update.user = user;
  update.flag = command.block;
  turn.Push(turn.OtherSessions(turn.user()), std::move(batch));
}

void Handle(Turn& turn, const cmd::GetBlocked&) {
  turn.Answer(UsersReply(turn, turn.state().blocked.Find(turn.user())));
}

}  // namespace trunkline::book

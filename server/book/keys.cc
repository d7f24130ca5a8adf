// Authorization keys: made, described, bound, destroyed.

#include <algorithm>
#include <utility>

#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/sessions.h"

namespace trunkline::book {
namespace {

std::vector<AuthKeyId> TempKeysOf(const State& state, AuthKeyId perm) {
  const std::vector<AuthKeyId>* keys = state.temp_keys.Find(perm);
  return keys == nullptr ? std::vector<AuthKeyId>{} : *keys;
}

// A client describes itself on whichever key it happens to use first.
void InheritClient(Turn& turn, AuthKeyId temp, AuthKeyId perm) {
  const std::shared_ptr<const ClientInfo> info = turn.state().keys.Find(temp)->client;
  if (info != nullptr && turn.state().keys.Find(perm)->client == nullptr) {
    turn.Emit(fact::KeyInitialised{perm, *info});
  }
}

}  // namespace

KeyInfo KeyInfoOf(const State& state, AuthKeyId id) {
  KeyInfo info;
  info.id = id;
  const Key* key = state.keys.Find(id);
  if (key == nullptr) return info;
  info.temporary = key->temporary;
  info.bound_to = key->bound_to;
  info.dc = key->dc;
  if (key->client != nullptr) info.client = *key->client;
  const Key* perm = key->bound_to ? state.keys.Find(key->bound_to) : key;
  if (perm == nullptr) return info;
  info.user = perm->user;
  if (perm->client != nullptr) info.client = *perm->client;
  const User* user = state.users.Find(perm->user);
  info.bot = user != nullptr && user->bot;
  return info;
}

void TellKeyChanged(Turn& turn, AuthKeyId key) {
  turn.Tell(KeyChanged{KeyInfoOf(turn.state(), key)});
  for (const AuthKeyId temp : TempKeysOf(turn.state(), key)) {
    turn.Tell(KeyChanged{KeyInfoOf(turn.state(), temp)});
  }
}

void DestroyKey(Turn& turn, AuthKeyId id) {
  const Key* key = turn.state().keys.Find(id);
  if (key == nullptr) return;
  for (const AuthKeyId temp : TempKeysOf(turn.state(), id)) DestroyKey(turn, temp);
  if (key->user) EndCallsOfDevice(turn, id, key->user);
  LeaveSessions(turn.state(), id, key->bound_to ? key->bound_to : id);
  turn.Emit(fact::KeyDestroyed{id});
  turn.TellAfter(KeyGone{id});
}

void Handle(Turn& turn, const cmd::CreateKey& command) {
  KeyStored stored{command.nonce,      command.id,         command.key, command.created_ms,
                   command.expires_ms, command.first_salt, false};
  stored.taken = !command.id || turn.state().keys.Find(command.id) != nullptr;
  if (!stored.taken) {
    turn.Emit(fact::KeyCreated{command.id, command.key, command.created_ms, command.expires_ms,
                               command.dc});
  }
  turn.Tell(std::move(stored));
  if (!stored.taken) turn.Tell(KeyChanged{KeyInfoOf(turn.state(), command.id)});
}

void Handle(Turn& turn, const cmd::DestroyKey&) {
  const AuthKeyId id = turn.from().session.key;
  const bool existed = turn.state().keys.Find(id) != nullptr;
  turn.Done(existed);
  DestroyKey(turn, id);
}

void Handle(Turn& turn, const cmd::InitConnection& command) {
  const Key* key = turn.state().keys.Find(turn.device());
  if (key == nullptr) return turn.Refuse(Refusal::kAuthKeyUnregistered);
  if (key->client == nullptr || *key->client != command.info) {
    turn.Emit(fact::KeyInitialised{turn.device(), command.info});
    TellKeyChanged(turn, turn.device());
  }
  turn.Done();
}

void Handle(Turn& turn, const cmd::BindTempKey& command) {
  const Key* temp = turn.state().keys.Find(command.temp);
  const Key* perm = turn.state().keys.Find(command.perm);
  if (temp == nullptr || !temp->temporary) return turn.Refuse(Refusal::kTempAuthKeyEmpty);
  if (perm == nullptr || perm->temporary) return turn.Refuse(Refusal::kEncryptedMessageInvalid);
  if (command.expires_ms <= turn.now_ms()) return turn.Refuse(Refusal::kExpiresAtInvalid);
  if (temp->bound_to && temp->bound_to != command.perm) {
    return turn.Refuse(Refusal::kTempAuthKeyAlreadyBound);
  }
  if (!temp->bound_to) {
    turn.Emit(fact::KeyBound{command.temp, command.perm, command.expires_ms});
    InheritClient(turn, command.temp, command.perm);
    TellKeyChanged(turn, command.perm);
  }
  turn.Done();
}

void Handle(Turn& turn, const cmd::DropTempKeys& command) {
  turn.Done();
  for (const AuthKeyId temp : TempKeysOf(turn.state(), turn.device())) {
    const auto& kept = command.except;
    if (std::find(kept.begin(), kept.end(), temp) == kept.end()) DestroyKey(turn, temp);
  }
}

}  // namespace trunkline::book

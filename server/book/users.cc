// Users as others see them, presence, and the list of authorizations.

#include <algorithm>
#include <utility>

#include "server/book/handlers.h"
#include "server/book/views.h"

namespace trunkline::book {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Bytes of the UTF-8 character that starts here; 0 if it isn't one.
std::size_t CharacterBytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

reply::Authorizations::Entry EntryOf(Turn& turn, DeviceId device) {
  const Key& key = *turn.state().keys.Find(device);
  reply::Authorizations::Entry entry;
  entry.hash = device == turn.device() ? 0 : key.hash;
  if (key.client != nullptr) entry.info = *key.client;
  entry.created = UnixDate(FromUnixMillis(key.signed_in_ms));
  entry.active = turn.IsOnline(device) ? turn.date() : UnixDate(FromUnixMillis(key.active_ms));
  entry.calls_disabled = key.calls_disabled;
  return entry;
}

DeviceId DeviceOfHash(Turn& turn, std::int64_t hash) {
  if (hash == 0) return turn.device();
  for (const DeviceId device : turn.DevicesOf(turn.user())) {
    if (turn.state().keys.Find(device)->hash == hash) return device;
  }
  return {};
}

}  // namespace

UserId FindUser(Turn& turn, const UserQuery& query) {
  if (query.self) return turn.user();
  const User* user = turn.state().users.Find(query.id);
  return user != nullptr && user->access_hash == query.access_hash ? query.id : UserId{};
}

std::string CleanName(const std::string& name, bool& valid) {
  std::string_view text = name;
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t size = CharacterBytes(text.substr(at));
    valid = size != 0 && count < kNameCodePointsMax;
    if (!valid) return {};
    at += size;
  }
  valid = true;
  return std::string(text);
}

std::string DigitsOf(const std::string& phone) {
  std::string digits;
  for (const char c : phone) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  const bool valid = digits.size() >= kPhoneDigitsMin && digits.size() <= kPhoneDigitsMax;
  return valid ? digits : std::string();
}

UserId UserOfPhone(const State& state, const std::string& digits) {
  const UserId* user = state.users_by_phone.Find(PhoneKeyOf(digits));
  return user == nullptr ? UserId{} : *user;
}

void Handle(Turn& turn, const cmd::GetUsers& command) {
  reply::Users reply;
  for (const UserQuery& query : command.users) {
    const UserId user = FindUser(turn, query);
    UserView unknown;
    unknown.id = query.id;
    unknown.deleted = true;
    reply.users.push_back(user ? ViewOfUser(turn.state(), turn.user(), user, turn.now())
                               : std::move(unknown));
  }
  turn.Answer(std::move(reply));
}

void Handle(Turn& turn, const cmd::GetFullUser& command) {
  const UserId user = FindUser(turn, command.user);
  if (!user) return turn.Refuse(Refusal::kUserIdInvalid);
  turn.Answer(reply::FullUser{FullViewOfUser(turn.state(), turn.user(), user, turn.now())});
}

void Handle(Turn& turn, const cmd::UpdateStatus& command) {
  const User* user = turn.state().users.Find(turn.user());
  if (user != nullptr && user->offline != command.offline) {
    if (command.offline) {
      turn.Emit(fact::UserSeen{turn.user(), turn.now_ms()});
    } else {
      turn.state().users.Mutable(turn.user())->offline = false;
    }
  }
  turn.Done();
}

void Handle(Turn& turn, const cmd::GetAuthorizations&) {
  reply::Authorizations reply;
  for (const DeviceId device : turn.DevicesOf(turn.user())) {
    reply.entries.push_back(EntryOf(turn, device));
  }
  turn.Answer(std::move(reply));
}

void Handle(Turn& turn, const cmd::ChangeAuthorizationSettings& command) {
  const DeviceId device = DeviceOfHash(turn, command.hash);
  if (!device) return turn.Refuse(Refusal::kHashInvalid);
  const bool changes =
      command.set_calls && turn.state().keys.Find(device)->calls_disabled != command.calls_disabled;
  if (changes) turn.Emit(fact::CallsDisabled{device, command.calls_disabled});
  turn.Done();
}

}  // namespace trunkline::book

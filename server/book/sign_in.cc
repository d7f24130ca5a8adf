// Codes, sign-in, sign-up, bots, sign-out.

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "common/crypto/sha.h"
#include "common/secret.h"
#include "server/book/call_common.h"
#include "server/book/handlers.h"
#include "server/book/sessions.h"
#include "server/book/views.h"

namespace trunkline::book {
namespace {

// User ids: bits 40..49 the slot, random below; under 2^52, which JavaScript keeps exact.
constexpr int kUserSlotShift = 40;
constexpr std::uint64_t kUserSlotMask = 1023;
constexpr std::uint64_t kCodes = 100'000;  // five digits
constexpr std::size_t kCodeHashBytes = 16;

UserId NewUserId(Turn& turn) {
  const std::uint64_t slot = turn.config().slot & kUserSlotMask;
  for (;;) {
    const std::uint64_t low = turn.entropy().U64() & ((std::uint64_t{1} << kUserSlotShift) - 1);
    const UserId id(static_cast<std::int64_t>(slot << kUserSlotShift | low));
    if (low != 0 && turn.state().users.Find(id) == nullptr) return id;
  }
}

std::string RandomCode(Turn& turn) {
  // The remainder's bias is below 10^-14.
  std::array<char, 8> digits;
  std::snprintf(digits.data(), digits.size(), "%05u",
                static_cast<unsigned>(turn.entropy().U64() % kCodes));
  return digits.data();
}

std::string RandomHash(Turn& turn) {
  std::array<std::uint8_t, kCodeHashBytes> bytes;
  turn.entropy().Fill(bytes);
  return ToHex(bytes);
}

// Seconds until one more code may go to this number; 0: now.
std::int32_t CodeWait(Turn& turn, const std::string& phone) {
  const Code* code = turn.state().codes.Find(PhoneKeyOf(phone));
  if (code == nullptr || code->issued_ms.size() < kCodesPerWindowMax) return 0;
  const std::int64_t free_ms = code->issued_ms.front() + Duration(kCodeWindow).count();
  if (free_ms <= turn.now_ms()) return 0;
  return static_cast<std::int32_t>((free_ms - turn.now_ms() + 999) / 1000);
}

void IssueCode(Turn& turn, const std::string& phone) {
  const bool test = IsTestNumber(phone);
  if (test ? turn.config().test_code.empty() : !turn.config().code_delivery) {
    return turn.Refuse(Refusal::kPhoneNumberInvalid);
  }
  const std::int32_t wait = test ? 0 : CodeWait(turn, phone);
  if (wait > 0) return turn.Refuse(Refusal::kFloodWait, wait);
  fact::CodeIssued issued;
  issued.phone = phone;
  issued.hash = RandomHash(turn);
  issued.code = test ? turn.config().test_code : RandomCode(turn);
  issued.expires_ms = turn.now_ms() + Duration(kCodeLife).count();
  turn.Answer(reply::SentCode{issued.hash, static_cast<std::int32_t>(issued.code.size()), false});
  if (!test) turn.TellAfter(DeliverCode{phone, issued.code});
  turn.Emit(std::move(issued));
}

// The live code that the client was told of.
const Code* FindCode(Turn& turn, const std::string& phone, const std::string& hash) {
  const Code* code = turn.state().codes.Find(PhoneKeyOf(phone));
  if (code == nullptr || !code->live || code->phone != phone) return nullptr;
  if (code->expires_ms <= turn.now_ms()) return nullptr;
  return SecretEquals(AsBytes(code->hash), AsBytes(hash)) ? code : nullptr;
}

UserId CreateUser(Turn& turn, fact::UserCreated created) {
  created.id = NewUserId(turn);
  created.access_hash = AccessHash(static_cast<std::int64_t>(turn.NonZero()));
  created.at_ms = turn.now_ms();
  const UserId id = created.id;
  turn.Emit(std::move(created));
  return id;
}

Refusal TakeNames(const std::string& first, const std::string& last, fact::UserCreated& created) {
  bool first_valid = false, last_valid = false;
  created.first_name = CleanName(first, first_valid);
  created.last_name = CleanName(last, last_valid);
  if (!first_valid || created.first_name.empty()) return Refusal::kFirstnameInvalid;
  return last_valid ? Refusal::kNone : Refusal::kLastnameInvalid;
}

UserId CreateTestUser(Turn& turn, const std::string& phone) {
  fact::UserCreated created;
  created.phone = phone;
  created.first_name = "User " + phone.substr(phone.size() - 4);
  return CreateUser(turn, std::move(created));
}

void SignOut(Turn& turn, DeviceId device, UserId user) {
  EndCallsOfDevice(turn, device, user);
  turn.Emit(fact::SignedOut{device});
}

// Room for one more authorization: the oldest gives way.
void LimitDevices(Turn& turn, UserId user) {
  const std::span<const DeviceId> devices = turn.DevicesOf(user);
  if (devices.size() < kDevicesMax) return;
  const DeviceId oldest = devices.front();
  LeaveSessions(turn.state(), oldest, oldest);
  SignOut(turn, oldest, user);
  TellKeyChanged(turn, oldest);
}

void SignInAs(Turn& turn, UserId user) {
  if (turn.user() != user) {
    if (turn.user()) SignOut(turn, turn.device(), turn.user());
    LimitDevices(turn, user);
    turn.Emit(fact::SignedIn{turn.device(), user, turn.now_ms(),
                             static_cast<std::int64_t>(turn.NonZero())});
    turn.SetUser(user);
    TellKeyChanged(turn, turn.device());
  }
  turn.Answer(reply::Authorization{ViewOfUser(turn.state(), user, user, turn.now())});
}

bool CanSignIn(Turn& turn) {
  const Key* key = turn.state().keys.Find(turn.device());
  if (key != nullptr && !key->temporary) return true;
  turn.Refuse(Refusal::kAuthKeyUnregistered);
  return false;
}

void WrongCode(Turn& turn, const std::string& phone, int tries_before) {
  turn.Emit(fact::CodeTried{phone});
  if (tries_before + 1 >= kCodeTriesMax) turn.Emit(fact::CodeEnded{phone});
  turn.Refuse(Refusal::kPhoneCodeInvalid);
}

UserId BotOfToken(Turn& turn, const std::string& token) {
  const std::string hash = ToHex(crypto::Sha256(AsBytes(token)));
  const UserId* known = turn.state().bots_by_token.Find(hash);
  if (known != nullptr) return *known;
  fact::UserCreated created;
  created.first_name = "Bot " + hash.substr(0, 4);
  created.bot = true;
  created.bot_token_hash = hash;
  return CreateUser(turn, std::move(created));
}

}  // namespace

void Handle(Turn& turn, const cmd::SendCode& command) {
  const std::string phone = DigitsOf(command.phone);
  if (phone.empty()) return turn.Refuse(Refusal::kPhoneNumberInvalid);
  IssueCode(turn, phone);
}

void Handle(Turn& turn, const cmd::ResendCode& command) {
  const std::string phone = DigitsOf(command.phone);
  if (phone.empty()) return turn.Refuse(Refusal::kPhoneNumberInvalid);
  if (FindCode(turn, phone, command.phone_code_hash) == nullptr) {
    return turn.Refuse(Refusal::kPhoneCodeExpired);
  }
  IssueCode(turn, phone);
}

void Handle(Turn& turn, const cmd::CancelCode& command) {
  const std::string phone = DigitsOf(command.phone);
  if (phone.empty()) return turn.Refuse(Refusal::kPhoneNumberInvalid);
  if (FindCode(turn, phone, command.phone_code_hash) == nullptr) {
    return turn.Refuse(Refusal::kPhoneCodeExpired);
  }
  turn.Emit(fact::CodeEnded{phone});
  turn.Done();
}

void Handle(Turn& turn, const cmd::SignIn& command) {
  if (!CanSignIn(turn)) return;
  const std::string phone = DigitsOf(command.phone);
  if (phone.empty()) return turn.Refuse(Refusal::kPhoneNumberInvalid);
  if (command.phone_code.empty()) return turn.Refuse(Refusal::kPhoneCodeEmpty);
  const Code* code = FindCode(turn, phone, command.phone_code_hash);
  if (code == nullptr) return turn.Refuse(Refusal::kPhoneCodeExpired);
  if (!SecretEquals(AsBytes(code->code), AsBytes(command.phone_code))) {
    return WrongCode(turn, phone, code->tries);
  }
  UserId user = UserOfPhone(turn.state(), phone);
  if (!user && !IsTestNumber(phone)) {
    turn.state().codes.Mutable(PhoneKeyOf(phone))->validated = true;
    return turn.Answer(reply::SignUpRequired{});
  }
  turn.Emit(fact::CodeEnded{phone});
  if (!user) user = CreateTestUser(turn, phone);
  SignInAs(turn, user);
}

void Handle(Turn& turn, const cmd::SignUp& command) {
  if (!CanSignIn(turn)) return;
  const std::string phone = DigitsOf(command.phone);
  if (phone.empty()) return turn.Refuse(Refusal::kPhoneNumberInvalid);
  const Code* code = FindCode(turn, phone, command.phone_code_hash);
  if (code == nullptr) return turn.Refuse(Refusal::kPhoneCodeExpired);
  // The hash alone proves nothing: it was given to whoever asked for the code.
  if (!code->validated && !IsTestNumber(phone)) return turn.Refuse(Refusal::kPhoneCodeInvalid);
  if (UserOfPhone(turn.state(), phone)) return turn.Refuse(Refusal::kPhoneNumberOccupied);
  fact::UserCreated created;
  created.phone = phone;
  const Refusal refusal = TakeNames(command.first_name, command.last_name, created);
  if (refusal != Refusal::kNone) return turn.Refuse(refusal);
  turn.Emit(fact::CodeEnded{phone});
  SignInAs(turn, CreateUser(turn, std::move(created)));
}

// A code that is on its way stays: whoever has it signs in with it.
AddedPerson AddPerson(Turn& turn, const NewPerson& person) {
  fact::UserCreated created;
  created.phone = DigitsOf(person.phone);
  if (created.phone.empty()) return {{}, Refusal::kPhoneNumberInvalid};
  const UserId known = UserOfPhone(turn.state(), created.phone);
  if (known) return {known};
  const Refusal refusal = TakeNames(person.first_name, person.last_name, created);
  if (refusal != Refusal::kNone) return {{}, refusal};
  return {CreateUser(turn, std::move(created))};
}

void Handle(Turn& turn, const cmd::ImportBot& command) {
  if (!CanSignIn(turn)) return;
  bool known = false;
  for (const std::string& token : turn.config().bot_tokens) {
    known |= SecretEquals(AsBytes(token), AsBytes(command.token));
  }
  if (!known || command.token.empty()) return turn.Refuse(Refusal::kAccessTokenInvalid);
  SignInAs(turn, BotOfToken(turn, command.token));
}

void Handle(Turn& turn, const cmd::LogOut&) {
  LeaveSessions(turn.state(), turn.device(), turn.device());
  SignOut(turn, turn.device(), turn.user());
  TellKeyChanged(turn, turn.device());
  turn.Done();
}

}  // namespace trunkline::book

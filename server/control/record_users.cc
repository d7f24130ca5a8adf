#include "server/control/record_users.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "common/crypto/password.h"
#include "server/control/record_json.h"
#include "server/records/people.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using http::Answer;
using http::ErrorAnswer;
using http::JsonAnswer;

// The first word is what somebody is called, the rest their family's name.
records::NewPerson PersonOf(std::string number, const std::string& name) {
  const std::string trimmed(absl::StripAsciiWhitespace(name));
  const std::size_t blank = std::min(trimmed.find(' '), trimmed.size());
  return {std::move(number), trimmed.substr(0, blank), trimmed.substr(blank)};
}

bool IsEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  const bool blank = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte);
  });
  return text.size() <= records::kEmailBytesMax && at != 0 && at + 1 < text.size() &&
         at != std::string_view::npos && !blank;
}

Answer EmailTaken() {
  return ErrorAnswer(409, "taken", "another user has this e-mail");
}

// Log-ins go by it, so nobody may have another's. False: the answer says so.
absl::StatusOr<bool> EmailIsFree(Job& job, records::Reader& reader, const std::string& number) {
  const std::string email = job.members.Text("email");
  const auto users = reader.UsersWithEmail(email);
  if (!users.ok()) return users.status();
  const bool free = std::all_of(users->begin(), users->end(), [&number](const records::User& user) {
    return user.phone_e164 == number;
  });
  if (!free) job.answer = EmailTaken();
  return free;
}

// The password of `user` under what the user is now; `hash` absent: the password that there is, if
// there is one. Tokens of the old one are worthless from here on.
absl::Status Reissue(const RecordSources& sources, records::Ledger& ledger,
                     const records::User& user, std::optional<std::string> hash,
                     std::int64_t now_ms) {
  const auto credentials = ledger.reader().Credentials();
  if (!credentials.ok()) return credentials.status();
  for (const records::Credential& old : *credentials) {
    const bool passes = old.kind == records::CredentialKind::kPassword && !old.revoked;
    if (!passes || old.user != user.id) continue;
    if (!hash) hash = old.hash;
    const auto revoked = ledger.RevokeCredential(old.organization, old.id);
    if (!revoked.ok()) return revoked.status();
  }
  if (!hash) return absl::OkStatus();
  records::Credential made;
  made.organization = user.organization;
  made.kind = records::CredentialKind::kPassword;
  made.user = user.id;
  made.scopes = sources.scopes_of_role(user.role);
  made.hash = *std::move(hash);
  return ledger.AddCredential(std::move(made), now_ms).status();
}

// What can be said without looking anything up. False: the answer says what is wrong.
bool WordsAreGood(Job& job) {
  const auto role = job.members.TextIfAny("role");
  const std::string email = job.members.Text("email");
  if (role && !records::RoleNamed(*role)) {
    job.answer = Bad("\"role\" must be \"admin\" or \"member\"");
  } else if (!email.empty() && !IsEmail(email)) {
    job.answer = Bad("\"email\" must be an e-mail address of at most 254 bytes");
  } else {
    return true;
  }
  return false;
}

// Who has the number, with an account made for it if nobody has. nullopt: the answer says why not.
absl::StatusOr<std::optional<records::User>> FindOrMakeUser(const RecordSources& sources, Job& job,
                                                            records::Ledger& ledger,
                                                            records::Live& live) {
  const auto number = sources.number(job.members.Text("phone"));
  job.answer = Bad("\"phone\" must be a telephone number with its country, as +493012345678");
  if (!number) return std::nullopt;
  const auto free = EmailIsFree(job, ledger.reader(), *number);
  if (!free.ok()) return free.status();
  if (!*free) return std::nullopt;
  auto user = FindUser(ledger.reader(), *number);
  if (!user.ok() || *user || !number->starts_with('+')) return user;
  const auto added = live.AddPerson(PersonOf(*number, job.members.Text("name")));
  if (!added.ok()) return added.status();
  using Fault = records::AddedPerson::Fault;
  if (added->fault == Fault::kName) {
    job.answer = Bad("\"name\" needs a first name, and at most 64 letters for that and the rest");
  }
  if (added->fault != Fault::kNone) return std::nullopt;
  return FindUser(ledger.reader(), *number);
}

}  // namespace

absl::StatusOr<std::optional<records::User>> FindUser(records::Reader& reader,
                                                      const std::string& phone) {
  const auto users = reader.Users();
  if (!users.ok()) return users.status();
  const auto at = std::find_if(users->begin(), users->end(), [&](const records::User& user) {
    return !phone.empty() && user.phone_e164 == phone;
  });
  if (at == users->end()) return std::nullopt;
  return *at;
}

absl::Status ListUsers(const RecordSources&, Job& job, records::Reader& reader,
                       const records::Organization& organization) {
  const auto users = reader.Users();
  if (!users.ok()) return users.status();
  json::array list;
  for (const records::User& user : *users) {
    if (user.organization == organization.id) list.push_back(ToJson(user));
  }
  job.answer = JsonAnswer({{"users", std::move(list)}});
  return absl::OkStatus();
}

absl::Status AddUser(const RecordSources& sources, Job& job, records::Ledger& ledger,
                     records::Live& live, const records::Organization& organization) {
  if (!WordsAreGood(job)) return absl::OkStatus();
  auto user = FindOrMakeUser(sources, job, ledger, live);
  if (!user.ok()) return user.status();
  if (!*user) return absl::OkStatus();
  records::User& put = **user;
  const records::User before = put;
  put.organization = organization.id;
  put.full_name = job.members.Text("name");
  if (auto email = job.members.TextIfAny("email")) put.email = *std::move(email);
  if (const auto role = job.members.TextIfAny("role")) put.role = *records::RoleNamed(*role);
  const auto done = ledger.PutUser(put);
  if (!done.ok()) return done.status();
  job.answer = *done ? JsonAnswer(ToJson(put)) : Unknown("user with the number", put.phone_e164);
  if (before.organization == put.organization && before.role == put.role) return absl::OkStatus();
  return Reissue(sources, ledger, put, std::nullopt, job.now_ms);
}

absl::Status SetPassword(const RecordSources& sources, Job& job, records::Ledger& ledger) {
  const std::string email = job.members.Text("email");
  const Bytes hash = FromHex(job.members.Text("hash"));
  if (!crypto::IsPasswordHash(hash)) {
    job.answer = Bad("\"hash\" is not of a password");
    return absl::OkStatus();
  }
  const auto users = ledger.reader().UsersWithEmail(email);
  if (!users.ok()) return users.status();
  if (users->size() != 1) {
    job.answer = users->empty() ? Unknown("user with the e-mail", email) : EmailTaken();
    return absl::OkStatus();
  }
  const records::User& user = users->front();
  job.answer = JsonAnswer(ToJson(user));
  return Reissue(sources, ledger, user, std::string(AsText(hash)), job.now_ms);
}

}  // namespace trunkline::control

#include "server/control/record_users.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/control/record_json.h"

namespace trunkline::control {
namespace {

namespace json = boost::json;
using http::JsonAnswer;

// The first word is what somebody is called, the rest their family's name.
records::NewPerson PersonOf(std::string number, const std::string& name) {
  const std::string trimmed(absl::StripAsciiWhitespace(name));
  const std::size_t blank = std::min(trimmed.find(' '), trimmed.size());
  return {std::move(number), trimmed.substr(0, blank), trimmed.substr(blank)};
}

// Who has the number, with an account made for it if nobody has. nullopt: the answer says why not.
absl::StatusOr<std::optional<records::User>> FindOrMakeUser(const RecordSources& sources, Job& job,
                                                            records::Ledger& ledger,
                                                            records::Live& live) {
  const auto number = sources.number(job.members.Text("phone"));
  job.answer = Bad("\"phone\" must be a telephone number with its country, as +493012345678");
  if (!number) return std::nullopt;
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
  auto user = FindOrMakeUser(sources, job, ledger, live);
  if (!user.ok()) return user.status();
  if (!*user) return absl::OkStatus();
  (*user)->organization = organization.id;
  (*user)->full_name = job.members.Text("name");
  if (auto email = job.members.TextIfAny("email")) (*user)->email = *std::move(email);
  const auto put = ledger.PutUser(**user);
  if (!put.ok()) return put.status();
  job.answer =
      *put ? JsonAnswer(ToJson(**user)) : Unknown("user with the number", (*user)->phone_e164);
  return absl::OkStatus();
}
}  // namespace trunkline::control

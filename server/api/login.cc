#include "server/api/login.h"

#include <optional>
#include <utility>

#include "boost/json.hpp"
#include "common/crypto/password.h"
#include "common/secret.h"
#include "server/api/body.h"
#include "server/records/people.h"

namespace trunkline::api {
namespace {

constexpr Surface kHere = Surface::kDialpad;

struct Try {
  Try(const LogIn& of, std::string from, http::Responder to)
      : at(of), client(std::move(from)), respond(std::move(to)) {}
  ~Try() { Wipe(password.data(), password.size()); }
  Try(const Try&) = delete;
  Try& operator=(const Try&) = delete;

  const LogIn at;
  const std::string client;
  const http::Responder respond;
  std::string email, password;
  std::optional<records::User> user;  // who has the e-mail, if one has
};

http::Answer WrongPair() {
  return JsonAnswer({{"error", "Wrong e-mail or password"}}, 401);
}

boost::json::object UserJson(const records::User& user) {
  return {{"id", user.id.Hex()},
          {"email", user.email},
          {"fullName", user.full_name},
          {"organizationId", user.organization.Hex()},
          {"accessRole", std::string(records::NameOf(user.role))}};
}

// Takes its time. Tries are checked one at a time, so those that were let in together count before
// the next of them is looked at.
http::Answer Check(const Try& one) {
  const std::int64_t now_ms = one.at.config->now_ms();
  if (const auto wait = one.at.failed->Wait(one.client, now_ms)) {
    return TooManyRequests(kHere, *wait);
  }
  const auto kept = one.user ? one.at.keyring->PasswordOf(one.user->id, now_ms) : std::nullopt;
  const bool good = crypto::CheckPassword(one.password, AsBytes(kept ? kept->hash : ""));
  // Not of another time than the check: it may have been revoked or moved meanwhile.
  if (!good || kept->organization != one.user->organization) {
    one.at.failed->Take(one.client, now_ms);
    return WrongPair();
  }
  return JsonAnswer(
      {{"token", one.at.keyring->SessionToken(*kept, now_ms)}, {"user", UserJson(*one.user)}});
}

bool ReadTry(const http::Request& request, Try& one) {
  if (!IsJsonType(request.content_type)) return one.respond(WrongMediaType(kHere)), false;
  Fields fields(request.body);
  one.email = fields.Text("email", true).value_or("");
  one.password = fields.Text("password", true).value_or("");
  if (one.email.size() > records::kEmailBytesMax)
    fields.Blame("email", "expected at most 254 bytes");
  if (one.password.size() > crypto::kPasswordBytesMax) {
    fields.Blame("password", "expected at most 200 characters");
  }
  if (!fields.good()) one.respond(Invalid(kHere, fields.wrongs()));
  return fields.good();
}

}  // namespace

void LogIn::Handle(const http::Request& request, const http::Responder& respond) const {
  const auto one = std::make_shared<Try>(*this, ClientOf(request.peer), respond);
  if (const auto wait = failed->Wait(one->client, config->now_ms())) {
    return respond(TooManyRequests(kHere, *wait));
  }
  if (!ReadTry(request, *one)) return;
  backend->Read(
      [one](records::Reader& reader) {
        auto users = reader.UsersWithEmail(one->email);
        if (users.ok() && users->size() == 1) one->user = std::move(users->front());
        return users.status();
      },
      [one](const absl::Status& status) {
        if (!status.ok()) return one->respond(Failure(kHere, status));
        const bool room = one->at.config->aside([one] { one->respond(Check(*one)); });
        if (!room) one->respond(Failure(kHere, absl::UnavailableError("")));
      });
}

}  // namespace trunkline::api

// POST /api/auth/login: a token for an e-mail and its password.
#pragma once

#include <memory>

#include "server/api/exchange.h"

namespace trunkline::api {

// Who is wrong about the password hears what they hear who have none, after as long. Passwords are
// checked by Config::aside, and an address that failed too often isn't heard at all.
struct LogIn {
  Backend* backend = nullptr;
  std::shared_ptr<const Keyring> keyring;
  std::shared_ptr<const Config> config;
  std::shared_ptr<FailedTries> failed;

  void Handle(const http::Request& request, const http::Responder& respond) const;
};

}  // namespace trunkline::api

// Time-limited TURN credentials of the REST scheme: user name = expiry ":" name, password = base64
// of HMAC-SHA1(shared secret, user name). The server checks them when an allocation is made, not
// later.
#pragma once

#include <string>
#include <string_view>

#include "common/time.h"

namespace trunkline::picker {

struct TurnCredentials {
  std::string username, password;
};

// `name` goes into the relay's logs: a call and a side, never a user. Neither it nor the separator
// may be "reflector": clients take that user name for a reflector.
TurnCredentials MintTurnCredentials(std::string_view secret, std::string_view name, WallTime expiry,
                                    char separator = ':');

}  // namespace trunkline::picker

// Call records as the operator's tool gets them.
#pragma once

#include <string>

#include "boost/json.hpp"
#include "server/records/ledger.h"

namespace trunkline::control {

boost::json::object ToJson(const records::Organization& organization);
boost::json::object ToJson(const records::User& user);
// Without its scopes, whose names are another's business.
boost::json::object ToJson(const records::Credential& credential);
boost::json::object ToJson(const records::Call& call);
boost::json::object ToJson(const records::PurgeResult& result);

// 2026-11-22T04:18:22.123Z; null for 0.
boost::json::value TimeJson(std::int64_t unix_ms);

}  // namespace trunkline::control

// What the operator's tool asks of call records over the control socket. Every request is a POST
// with a JSON object, because ids and names of any form stand in it:
//
//   /control/v1/records/orgs/list       {}
//   /control/v1/records/orgs/add        {"name"}
//   /control/v1/records/users/list      {"org"}
//   /control/v1/records/users/add       {"org", "phone", "name", "email"?, "role"?}
//   /control/v1/records/users/password  {"email", "hash"}
//   /control/v1/records/keys/list       {"org"}
//   /control/v1/records/keys/create     {"org", "scopes", "ttl_s"?, "user"?}
//   /control/v1/records/keys/revoke     {"org", "id"}
//   /control/v1/records/calls/list      {"org", "search"?, "limit"?, "offset"?}
//   /control/v1/records/calls/show      {"org", "call"}
//   /control/v1/records/calls/discard   {"org", "call", "contact"?, "delete_contact"?}
//   /control/v1/records/calls/purge     {"org", "calls" | "sessions" | "number", "what_if"?}
//   /control/v1/records/jobs/show       {"org", "job"}
//
// "org" is a name, in either case, or an id; absent: "default". "role" is "admin" or "member";
// "hash" what crypto::HashPassword makes of a password, in hexadecimal.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/http/answer.h"
#include "server/records/ledger.h"

namespace trunkline::control {

// What `keys create` shows once; only hashes are kept.
struct MintedKeys {
  std::string jwt, api_key, client_id, client_secret;
};
struct KeyRequest {
  records::Oid organization;
  std::optional<records::Oid> user;
  std::uint32_t scopes = 0;
  std::int64_t ttl_s = 0;  // 0: no end of its own
};

// Where the answers come from; see control.h for threads.
struct RecordSources {
  using Done = std::function<void(absl::Status)>;
  using Read = std::function<absl::Status(records::Reader&)>;
  using Change = std::function<absl::Status(records::Ledger&, records::Live&)>;

  std::function<void(Read, Done)> read = nullptr;
  std::function<void(Change, Done)> change = nullptr;
  std::function<std::int64_t()> now_ms = nullptr;
  // A number as people write it, as "+..." or, when nothing can be made of it, digits. nullopt: it
  // isn't one.
  std::function<std::optional<std::string>(std::string_view)> number = nullptr;
  // Names between commas; nullopt: one of them is none.
  std::function<std::optional<std::uint32_t>(std::string_view)> scopes_of = nullptr;
  std::function<std::string(std::uint32_t)> scope_text = nullptr;
  // Of whoever logs in.
  std::function<std::uint32_t(records::Role)> scopes_of_role = nullptr;
  // Within a change: keeps new credentials and tells their secrets.
  std::function<absl::StatusOr<MintedKeys>(records::Ledger&, const KeyRequest&,
                                           std::int64_t now_ms)>
      mint = nullptr;
};

bool IsRecordTarget(std::string_view target);
http::Handler RecordRoutes(RecordSources sources);

}  // namespace trunkline::control

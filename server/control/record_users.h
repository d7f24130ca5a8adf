// Users of organizations, as the operator's tool lists and adds them. Private to this folder.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/record_job.h"
#include "server/control/record_routes.h"

namespace trunkline::control {

// Who has this number, normalised; nullopt: nobody.
absl::StatusOr<std::optional<records::User>> FindUser(records::Reader& reader,
                                                      const std::string& phone);

absl::Status ListUsers(const RecordSources& sources, Job& job, records::Reader& reader,
                       const records::Organization& organization);
absl::Status AddUser(const RecordSources& sources, Job& job, records::Ledger& ledger,
                     records::Live& live, const records::Organization& organization);
// A user without it can't log in; a new one makes tokens of the old one worthless.
absl::Status SetPassword(const RecordSources& sources, Job& job, records::Ledger& ledger);

}  // namespace trunkline::control

// The tables of trunkline.db and how a file comes to have them. A migration is a script that takes
// the file from one version (PRAGMA user_version) to the next; all that are missing run in one
// transaction. Columns named _ms are milliseconds since the Unix epoch, _seq are rows of the
// journal.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

// "TRNK": tells our files from other people's.
inline constexpr std::int64_t kApplicationId = 0x54524e4b;

// The newest version.
int SchemaVersion();

// FailedPrecondition, when the file belongs to another program or to a newer version of this one.
// From version 9 on the database has the functions of record_functions.h. `before_commit`: what
// they sealed has to be readable afterwards.
absl::Status Migrate(
    Database& database, int to = SchemaVersion(),
    absl::FunctionRef<absl::Status()> before_commit = [] { return absl::OkStatus(); });

}  // namespace trunkline::store

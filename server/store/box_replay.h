// Message boxes out of their table, for messages whose call the book isn't given.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "server/book/box_message.h"
#include "server/book/fact.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

// The messages that each box keeps, without those of the calls `given`, which bring theirs along.
absl::Status ReplayBoxes(Database& database, const absl::flat_hash_set<CallId>& given,
                         absl::FunctionRef<void(const book::BoxMessage&)> keep);

// What was deleted from each box, the newest in the order in which it happened: after the messages,
// as facts.
absl::Status ReplayDeletions(Database& database, absl::FunctionRef<void(const book::Fact&)> apply);

}  // namespace trunkline::store

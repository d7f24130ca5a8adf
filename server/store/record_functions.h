// What is sealed, in SQL. `place` names the column, so that no value can be moved to another; it
// begins with the table's name.
//   seal(owner, place, row, text)   RecordKeys::Seal
//   unseal(place, row, sealed)      RecordKeys::Open; NULL for what can't be opened
//   blind(organization, number)     RecordKeys::Blind
// NULL gives NULL, with each of the three.
//   phone_owner(call, user)         KeyOwner::OfPhone
#pragma once

#include "absl/status/status.h"
#include "server/store/record_keys.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

// The keys outlive the connection.
absl::Status UseKeys(Database& database, RecordKeys& keys);
// All but `seal`.
absl::Status UseKeysToRead(Database& database, const RecordKeys& keys);

}  // namespace trunkline::store

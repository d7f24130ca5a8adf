// What a customer's number selects of an organization: calls whose customer side has it, and
// sessions without calls. A call between users is found by the user who has the number, an ingested
// one by the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "server/records/ledger.h"
#include "server/records/oid.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

struct Customer {
  std::int64_t organization = 0;  // its row
  Bytes number_index;             // by which the number is found (RecordKeys::Blind)
  std::optional<UserId> user;     // who has it
};

// number: "+..." or, when nothing could be made of it, digits, which are compared as they are.
absl::StatusOr<Customer> FindCustomer(SqlCache& sql, std::int64_t organization,
                                      const std::string& number);

// Calls, and sessions without calls; also what is being purged already. Without upto_seq.
absl::StatusOr<records::CustomerCalls> CallsOf(SqlCache& sql, const Customer& customer,
                                               bool what_if);

// Of a job that selects what began before event upto_seq + 1, up to `max`: calls that have ended,
// and sessions.
absl::Status ErasableCalls(SqlCache& sql, const Customer& customer, std::int64_t upto_seq, int max,
                           absl::FunctionRef<void(const records::Oid&)> visit);
absl::Status ErasableSessions(SqlCache& sql, const Customer& customer, std::int64_t upto_seq,
                              int max, absl::FunctionRef<void(const records::Oid&)> visit);
// Whether the job still has calls, live ones too.
absl::StatusOr<bool> AnyCall(SqlCache& sql, const Customer& customer, std::int64_t upto_seq);

}  // namespace trunkline::store

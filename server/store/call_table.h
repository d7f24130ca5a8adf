// The calls table: one row per call, which is the call's facts so far laid out as columns. Reading
// a row gives those facts back; an ended call comes back without key material and protocols.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/book/fact.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

struct CallRow {
  std::int32_t version = 0;  // of the last fact folded in
  std::int64_t requested_seq = 0;
  std::int64_t ended_seq = 0;  // 0: live
  std::int32_t debugs = 0;     // CallDebugSaved so far
  book::fact::CallRequested requested;
  std::optional<book::fact::CallReceived> received;
  std::optional<book::fact::CallAccepted> accepted;
  std::optional<book::fact::CallConfirmed> confirmed;
  std::optional<book::fact::CallEnded> ended;
};

// The newest ended calls: at most so many, and of those the ones that ended since then.
struct EndedSince {
  std::int64_t calls_max = 0;
  std::int64_t at_ms = 0;
};

class CallTable {
 public:
  // `database` is borrowed and outlives the table.
  static absl::StatusOr<CallTable> Open(Database* database);

  // Nothing when there is no such call.
  absl::StatusOr<std::optional<CallRow>> Find(CallId id);
  // Inserts or overwrites. Wipes what an ended call needs no more.
  absl::Status Put(const CallRow& row);
  // One message per party, once, when the call has ended.
  absl::Status PutMessages(const CallRow& row);
  // Ended calls in the order they ended (which is the order of every box), then live ones in the
  // order they began.
  absl::Status ForEach(const EndedSince& since, absl::FunctionRef<void(const CallRow&)> visit);

 private:
  static absl::Status VisitAll(Statement& rows, absl::FunctionRef<void(const CallRow&)> visit);

  Statement find_, put_, put_message_, first_ended_, ended_, live_;
};

}  // namespace trunkline::store

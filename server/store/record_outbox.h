// Events of records, numbered without a gap within their organization: whoever changes a record
// writes its events in the same transaction. Events of one transaction meet in memory and share
// rows. One outbox for all writers of a file.
#pragma once

#include <cstdint>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"
#include "server/records/types.h"
#include "server/store/journal.pb.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

// Of an organization's row, up to `max` events after `after`, in order.
absl::Status ReadEvents(SqlCache& sql, std::int64_t organization, std::int64_t after, int max,
                        absl::FunctionRef<void(records::Event)> visit);

class RecordOutbox {
 public:
  // Both are borrowed and outlive the outbox.
  RecordOutbox(Database* database, records::OidSource* ids) : sql_(database), ids_(ids) {}

  // The number that the organization's next event gets.
  absl::StatusOr<std::int64_t> NextSeq(std::int64_t organization);
  // Fills in number and id.
  absl::Status Emit(std::int64_t organization, records::Event event);
  // An event about a call, which the record remembers; the record's row is the caller's to write.
  absl::Status Emit(RecordRow& record, records::EventType type, std::int64_t at_ms);
  absl::Status Emit(RecordRow& record, records::Event event);
  // Replaces what the events of a call say by the word that it was purged; gives their number.
  absl::StatusOr<int> Purge(const RecordRow& record);

  // Writes what came since the last time. Before the end of the transaction.
  absl::Status Flush();
  // After a transaction that was undone.
  void Forget();

 private:
  struct Tail {
    std::int64_t last_seq = 0;
    RecordEvents events;  // not yet written, the newest of them last_seq
  };
  using RowKey = std::pair<std::int64_t, std::int64_t>;  // organization and first seq

  absl::StatusOr<Tail*> TailOf(std::int64_t organization);
  absl::Status Write(std::int64_t organization, Tail& tail);
  absl::StatusOr<RecordEvent*> Find(std::int64_t organization, std::int64_t seq);

  SqlCache sql_;
  records::OidSource* ids_;
  absl::flat_hash_map<std::int64_t, Tail> tails_;
  absl::btree_map<RowKey, RecordEvents> purged_;  // rows to be written anew
};

}  // namespace trunkline::store

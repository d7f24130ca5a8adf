// Events of records, numbered without a gap within their organization: whoever changes a record
// writes its events in the same transaction.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"
#include "server/records/types.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

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

  // Writes where the numbers are. Before the end of the transaction, or of a part of it after which
  // another outbox goes on.
  absl::Status Flush();
  // After a transaction that was undone.
  void Forget() { last_seqs_.clear(); }

 private:
  SqlCache sql_;
  records::OidSource* ids_;
  absl::flat_hash_map<std::int64_t, std::int64_t> last_seqs_;
};

}  // namespace trunkline::store

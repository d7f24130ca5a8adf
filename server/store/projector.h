// Folds journal rows into the tables that the book restarts from and that readers see. A slice of
// rows goes through one Projector: transitions of one call meet in memory and are written once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/book/fact.h"
#include "server/store/call_table.h"
#include "server/store/entity_tables.h"
#include "server/store/record_feed.h"
#include "server/store/sqlite.h"

namespace trunkline::store {

class Projector {
 public:
  // Both are borrowed and outlive the projector.
  static absl::StatusOr<Projector> Open(Database* database, records::OidSource* ids);

  // Inside a transaction: rows in journal order, then Flush. Internal when a row doesn't continue
  // what the tables hold. After a failure: Forget, and roll back.
  absl::Status Fold(std::int64_t seq, book::Fact fact);
  absl::Status Flush();
  void Forget();
  RecordFeed& feed() { return *feed_; }

  // Every live call and the ended ones of `since` as facts, as the book needs them to go on.
  absl::Status ReplayCalls(const EndedSince& since,
                           absl::FunctionRef<void(const book::Fact&)> apply);

 private:
  absl::Status FoldCall(std::int64_t seq, book::Fact& fact);
  absl::Status FoldChange(std::int64_t seq, CallRow& row, book::Fact& fact);
  absl::Status PutTrace(std::int64_t seq, std::int64_t ended_ms, const Bytes& trace);
  absl::Status Rate(const CallRow& row, const book::fact::CallRated& fact);
  absl::Status SaveDebug(const CallRow& row, const book::fact::CallDebugSaved& fact);

  EntityTables entities_;
  CallTable call_table_;
  std::unique_ptr<RecordFeed> feed_;
  Statement rate_, save_debug_, put_trace_;
  absl::btree_map<CallId, CallRow> calls_;  // by id, as the table is
};

}  // namespace trunkline::store

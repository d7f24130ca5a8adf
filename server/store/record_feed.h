// Records out of what happens to live calls. The projector tells it each fact of a call in order;
// the rows of records meet in memory and are written at Flush, so that a call that passes within
// one slice is written once.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/call_table.h"
#include "server/store/record_links.h"
#include "server/store/record_outbox.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

class RecordFeed {
 public:
  // Both are borrowed and outlive the feed.
  RecordFeed(Database* database, records::OidSource* ids);
  RecordFeed(const RecordFeed&) = delete;
  RecordFeed& operator=(const RecordFeed&) = delete;

  // What has just been folded into `row`.
  absl::Status Requested(const CallRow& row);
  absl::Status Received(const CallRow& row);
  absl::Status Accepted(const CallRow& row);
  absl::Status Confirmed(const CallRow& row);
  absl::Status Ended(const CallRow& row);
  // False: the user's organization has no record of the call, or no longer, and keeps nothing.
  absl::StatusOr<bool> Rated(const CallRow& row, const book::fact::CallRated& fact);
  absl::StatusOr<bool> DebugSaved(const CallRow& row, const book::fact::CallDebugSaved& fact);

  absl::Status Flush();
  // After a transaction that was undone.
  void Forget();

  // Whether a call has ended since this was last forgotten.
  bool any_ended() const { return any_ended_; }
  void ForgetEnded() { any_ended_ = false; }

 private:
  struct Held {
    RecordRow row;
    bool stored = false, changed = false;
  };
  struct Party {
    UserId user;
    std::int64_t organization = 0;
    std::string number;
  };

  absl::StatusOr<Party> FindParty(UserId user);
  absl::Status Add(const book::fact::CallRequested& fact, const Party& owner, const Party& other,
                   records::Direction direction);
  absl::StatusOr<std::vector<Held>*> RecordsOf(CallId call);
  absl::StatusOr<Held*> RecordOf(CallId call, UserId party);
  absl::Status End(Held& held, const CallRow& row);
  // Moves forward to `phase`, at `at_ms`.
  template <class Change>
  absl::Status Move(const CallRow& row, records::Phase phase, std::int64_t at_ms, Change change);

  SqlCache sql_;
  records::OidSource* ids_;
  RecordTable table_;
  RecordOutbox outbox_;
  RecordLinks links_;
  absl::flat_hash_map<CallId, std::vector<Held>> held_;
  bool any_ended_ = false;
};

}  // namespace trunkline::store

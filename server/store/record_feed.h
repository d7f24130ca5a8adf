// Records out of what happens to live calls. The projector tells it each fact of a call in order;
// the rows of records meet in memory and are written at Flush, so that a call that passes within
// one slice is written once.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
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
  absl::Status Relayed(const CallRow& row, const book::fact::CallRelayed& fact);

  absl::Status Flush();
  // After a transaction that was undone.
  void Forget();

  // For all others who write records of the same file.
  RecordOutbox& outbox() { return outbox_; }
  RecordLinks& links() { return links_; }
  // After a user was put into another organization.
  void ForgetUsers() { organizations_.reset(); }

  // Whether a call has ended since this was last forgotten.
  bool any_ended() const { return any_ended_; }
  void ForgetEnded() { any_ended_ = false; }

 private:
  struct Held {
    RecordRow row;
    bool stored = false, changed = false;
  };
  // The newest held record of two parties, one of them calling.
  using Pair = std::tuple<UserId, UserId, records::Direction>;

  absl::StatusOr<std::int64_t> OrganizationOf(UserId user);
  absl::Status Add(const book::fact::CallRequested& fact, std::int64_t organization,
                   records::Direction direction, bool internal);
  absl::Status JoinSession(RecordRow& row);
  Held* NewestHeld(const RecordRow& row);
  void Hold(Held held);
  absl::StatusOr<std::vector<Held>*> RecordsOf(const CallRow& row);
  absl::StatusOr<Held*> RecordOf(const CallRow& row, UserId party);
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
  absl::flat_hash_map<Pair, CallId> newest_;  // of the held ones
  // Users of other organizations than the first; nullopt: to be read.
  std::optional<absl::flat_hash_map<UserId, std::int64_t>> organizations_;
  bool any_ended_ = false;
};

}  // namespace trunkline::store

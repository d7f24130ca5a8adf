// The table of call records: one row per call and organization.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/types.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

// One side's service message in its box.
struct Notice {
  std::int32_t id = 0, pts = 0;
};

// Which tables beside `records` have rows of a record; bits. Of what SelectRecord selects.
enum Details : std::int32_t {
  kHasNotes = 1,
  kHasRatings = 2,
  kHasViewers = 4,
  kHasFlows = 8,
  kHasAnswers = 16
};

struct RecordRow {
  records::Call call;             // without notes, ratings, viewers and what was ingested
  std::int64_t organization = 0;  // its row
  UserId owner;
  std::optional<UserId> other;  // the other party of a live call; an ingested one has but numbers
  bool internal = false;        // both parties are the organization's
  std::optional<Notice> owner_notice, peer_notice;
  std::int64_t seq = 0;      // of its first event
  Bytes events;              // seqs of all that name the call
  std::int32_t details = 0;  // Details
  std::optional<records::Oid> purge_job;

  // The other party, if it is the organization's too.
  std::optional<UserId> peer() const { return internal ? other : std::nullopt; }
  void AddEvent(std::int64_t seq);
  std::vector<std::int64_t> EventSeqs() const;
};

// The user that acts for an organization where nobody else does.
inline UserId ServiceUser(std::int64_t organization) {
  return UserId(-organization);
}

// A condition on a record `r`: it isn't being purged. What a customer's job selects is hidden from
// the moment the job is there, without a mark on each row.
inline constexpr char kVisible[] =
    "r.purge_job IS NULL AND NOT EXISTS(SELECT 1 FROM purge_jobs j WHERE j.number_index NOT NULL "
    "AND j.organization=r.organization AND r.seq<=j.upto_seq AND CASE "
    "WHEN r.other IS NOT NULL THEN j.user=r.other OR(r.internal AND j.user=r.owner) "
    "WHEN r.internal THEN j.number_index IN(r.from_index,r.to_index) "
    "WHEN r.direction=1 THEN j.number_index=r.to_index ELSE j.number_index=r.from_index END)";

// "SELECT ... FROM records r JOIN ...": what ReadRecord reads. A WHERE may follow. The numbers of a
// live call are its users'.
const std::string& SelectRecord();
RecordRow ReadRecord(const Statement& row);

// A call's name in a request: an id, or what its provider calls it.
struct CallName {
  explicit CallName(std::string_view text);
  std::optional<records::Oid> id;
  std::optional<CallId> mtproto_id;  // the text is a decimal number
  std::string text;
};

class RecordTable {
 public:
  explicit RecordTable(Database* database) : sql_(database) {}

  absl::Status Insert(const RecordRow& row);
  // All but what never changes.
  absl::Status Update(const RecordRow& row);
  // One per organization of its parties.
  absl::StatusOr<std::vector<RecordRow>> ByCall(CallId call, std::int64_t requested_ms);
  // For EraseRecord: without names and numbers.
  absl::StatusOr<std::optional<RecordRow>> ToErase(records::Oid id);
  // `hidden_too`: also what is being purged.
  absl::StatusOr<std::optional<RecordRow>> ById(records::Oid id, bool hidden_too);
  absl::StatusOr<std::optional<RecordRow>> Named(records::Oid organization, std::string_view name,
                                                 bool hidden_too);

 private:
  template <class... Args>
  absl::StatusOr<std::optional<RecordRow>> One(const std::string& sql, const Args&... args);
  absl::StatusOr<std::optional<RecordRow>> OfCall(records::Oid organization, CallId call,
                                                  bool hidden_too);

  SqlCache sql_;
};

// What lists filter by: a code for the words of a call's status.
std::int32_t StatusCode(const records::Call& call);
// Of words; those that no status has have no code.
std::vector<std::int32_t> DialpadCodes(const std::vector<std::string>& words);
std::vector<std::int32_t> NotesCodes(const std::vector<std::string>& words);

}  // namespace trunkline::store

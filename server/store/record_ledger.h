// Changes of call records, on the connection of the store, inside a transaction of its caller.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/ed25519.h"
#include "server/records/ledger.h"
#include "server/store/record_answers.h"
#include "server/store/record_erase.h"
#include "server/store/record_feed.h"
#include "server/store/record_keys.h"
#include "server/store/record_links.h"
#include "server/store/record_outbox.h"
#include "server/store/record_reader.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"
#include "server/store/record_webhooks.h"

namespace trunkline::store {

// How long a session without calls, which is purged at once, is said to be under way.
inline constexpr std::int64_t kPurgeDeadlineMs = 60'000;

class RecordLedger final : public records::Ledger {
 public:
  // All are borrowed and outlive the ledger.
  static absl::StatusOr<std::unique_ptr<RecordLedger>> Open(Database* database,
                                                            records::OidSource* ids,
                                                            RecordFeed* feed, RecordKeys* keys);
  // Writes what all changes of the transaction write together, before its end.
  absl::Status Flush() { return outbox_.Flush(); }
  // After a transaction. One that was undone may have been a slice of a purge.
  void Settle(bool done);

  records::Reader& reader() override { return reader_; }
  records::WebhookWriter& webhooks() override { return webhooks_; }
  records::AnswerKeeper& answers() override { return answers_; }

  absl::StatusOr<std::optional<records::Organization>> AddOrganization(
      std::string name, std::int64_t now_ms) override;
  absl::StatusOr<bool> PutUser(const records::User& user) override;
  absl::StatusOr<records::Credential> AddCredential(records::Credential credential,
                                                    std::int64_t now_ms) override;
  absl::StatusOr<bool> RevokeCredential(records::Oid organization,
                                        records::Oid credential) override;

  absl::StatusOr<bool> Discard(const records::Actor& actor, const records::DiscardRequest& request,
                               records::Live& live, std::int64_t now_ms) override;
  absl::StatusOr<records::PurgeResult> Purge(const records::Actor& actor,
                                             const records::PurgeRequest& request,
                                             std::int64_t now_ms) override;
  absl::StatusOr<bool> PurgeSlice(int calls_max, records::Live& live, std::int64_t now_ms) override;
  bool PurgeDue() const override { return due_ || (waiting_ && feed_->any_ended()); }

  absl::StatusOr<records::NoteChange> AddNote(const records::Actor& actor, std::string_view call,
                                              const records::NoteText& note,
                                              std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> UpdateNote(const records::Actor& actor, std::string_view call,
                                                 std::string_view note,
                                                 const records::NoteText& text,
                                                 std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> RemoveNote(const records::Actor& actor, std::string_view call,
                                                 std::string_view note,
                                                 std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> Rate(const records::Actor& actor, std::string_view call,
                                           std::int32_t stars, std::string_view comment,
                                           std::int64_t now_ms) override;
  absl::StatusOr<records::NoteChange> MarkViewed(const records::Actor& actor, std::string_view call,
                                                 std::string_view email,
                                                 std::int64_t now_ms) override;
  absl::StatusOr<records::IngestResult> Ingest(const records::Actor& actor,
                                               const records::IngestRequest& request,
                                               std::int64_t now_ms) override;

 private:
  struct Selection;  // what a purge is of (record_purge.cc)
  struct Job;        // a purge under way (record_purge_slice.cc)

  RecordLedger(Database* database, records::OidSource* ids, RecordFeed* feed, RecordKeys* keys);

  // What never changes of an organization.
  struct Tenant {
    std::int64_t row = 0;
    Bytes tombstone_key;
  };
  // Null: there is no such organization. Good until the next call.
  absl::StatusOr<const Tenant*> Find(const records::Oid& organization);
  absl::StatusOr<std::optional<std::int64_t>> RowOf(const records::Oid& organization);
  // From here to the end of the transaction, what is deleted is overwritten.
  void DeleteForGood();
  absl::Status Audit(const records::Actor& actor, std::string_view action,
                     std::string_view selector, std::int64_t count, std::int64_t now_ms);

  // record_notes.cc
  static records::Oid UserOf(const records::Actor& actor, std::int64_t organization);
  absl::StatusOr<records::NoteChange> Changed(RecordRow& record,
                                              std::optional<records::Event> event,
                                              std::int64_t now_ms);
  absl::StatusOr<records::NoteChange> ChangeNote(const records::Actor& actor, std::string_view call,
                                                 std::string_view note,
                                                 const records::NoteText* text,
                                                 std::int64_t now_ms);

  // record_discard.cc
  absl::Status DiscardPlaceholder(const RecordRow& record, std::string_view contact,
                                  std::int64_t now_ms);

  // record_purge.cc
  absl::Status SelectCalls(const records::PurgeRequest& request, Selection& selection);
  absl::Status SelectSessions(const records::PurgeRequest& request, Selection& selection);
  absl::Status SelectSession(std::string_view name, Selection& selection);
  absl::Status SelectCustomer(const records::PurgeRequest& request, Selection& selection);
  absl::Status SelectEmptySession(std::string_view name, Selection& selection);
  absl::Status Mark(RecordRow& record, Selection& selection);
  absl::StatusOr<std::optional<records::Oid>> HiddenBy(const RecordRow& record);

  // record_purge_slice.cc
  absl::StatusOr<std::vector<Job>> RunningJobs();
  // Erases what it can, up to `budget`, which it lowers.
  absl::Status Work(Job& job, records::Live& live, std::int64_t now_ms, int& budget);
  absl::Status DestroyKeys(const std::vector<records::Oid>& calls, std::vector<RecordRow>* rows);
  absl::Status DestroyKeysAhead(const Job& job, const std::vector<records::Oid>& calls);
  absl::StatusOr<std::vector<records::Oid>> ErasableCallsOf(const Job& job, int max);
  absl::Status PurgeCall(Job& job, RecordRow& record, records::Live& live, std::int64_t now_ms);
  absl::StatusOr<int> PurgeEmptySessions(Job& job, int max);
  absl::StatusOr<bool> AnythingLeft(const Job& job);
  absl::Status PurgeContacts(Job& job, std::int64_t now_ms);
  absl::Status Complete(Job& job, std::int64_t now_ms);

  // record_ingest.cc
  absl::StatusOr<std::optional<records::Oid>> FindIngested(std::int64_t organization,
                                                           const std::string& external_id);

  SqlCache sql_;
  records::OidSource* ids_;
  RecordFeed* feed_;
  RecordKeys* keys_;
  RecordTable table_;
  RecordOutbox& outbox_;  // the feed's, as are the links
  RecordLinks& links_;
  RecordReader reader_;
  RecordWebhooks webhooks_;
  RecordAnswers answers_;
  absl::flat_hash_map<records::Oid, Tenant> tenants_;
  std::optional<SecureDelete> secure_;  // in a transaction that needs it
  crypto::Ed25519Seed signing_key_;
  absl::flat_hash_set<records::Oid> keyless_;  // that are purged next, as far as is known
  bool due_ = true;                            // PurgeSlice has something to do, as far as is known
  bool waiting_ = false;                       // a job waits for the end of a live call
};

}  // namespace trunkline::store

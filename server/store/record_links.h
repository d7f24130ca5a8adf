// What calls hang on: sessions, contacts and their voice conversations. Found or made when a call
// begins, live or ingested.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"
#include "server/store/record_outbox.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

// Attempts this soon after an unanswered one belong to one session.
inline constexpr std::int64_t kRedialMs = 60'000;

// A call as the next one between the same two sees it.
struct Attempt {
  records::Oid record, session;
  std::optional<std::int64_t> ended_ms;
  bool answered = false, purged = false;
};
Attempt AttemptOf(const RecordRow& record);

class RecordLinks {
 public:
  // All are borrowed and outlive the links.
  RecordLinks(Database* database, records::OidSource* ids, RecordOutbox* outbox)
      : sql_(database), ids_(ids), outbox_(outbox) {}

  // The newest stored call of the record's two parties, the same of them calling.
  absl::StatusOr<std::optional<Attempt>> NewestBefore(const RecordRow& record);
  // Sets the record's session and parent: those of the attempt before, or a session of its own.
  void JoinSession(RecordRow& record, const std::optional<Attempt>& before);

  // Sets the record's contact and conversation. A contact is made for an outbound number that
  // neither a contact nor a user of the organization has.
  absl::Status ResolveContact(RecordRow& record);
  // The call has ended, and left its notices.
  absl::Status NoteMessage(const RecordRow& record);

  // After a transaction that was undone.
  void Forget() { has_contacts_.clear(); }

 private:
  absl::StatusOr<std::string> OtherNumber(const RecordRow& record);
  absl::StatusOr<bool> HasContacts(std::int64_t organization);
  absl::StatusOr<records::Oid> AddPlaceholder(RecordRow& record, const std::string& number);
  absl::StatusOr<records::Oid> VoiceConversation(const RecordRow& record);

  SqlCache sql_;
  records::OidSource* ids_;
  RecordOutbox* outbox_;
  absl::flat_hash_map<std::int64_t, bool> has_contacts_;  // of organizations
};

}  // namespace trunkline::store

// What calls hang on: sessions, contacts and their voice conversations. Found or made when a call
// begins, live or ingested.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"
#include "server/store/record_outbox.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

// Attempts this soon after an unanswered one belong to one session.
inline constexpr std::int64_t kRedialMs = 60'000;

class RecordLinks {
 public:
  // All are borrowed and outlive the links.
  RecordLinks(Database* database, records::OidSource* ids, RecordOutbox* outbox)
      : sql_(database), ids_(ids), outbox_(outbox) {}

  // Of a live call between two users; 0 and 0 for an ingested one.
  struct Users {
    UserId caller, callee;
  };
  // Sets the record's session and parent.
  absl::Status JoinSession(RecordRow& record, const Users& users);
  absl::Status EndSession(const records::Oid& session, std::int64_t ended_ms, bool answered);

  // Sets the record's contact and conversation. A contact is made for an outbound number that
  // neither a contact nor a user of the organization has.
  absl::Status ResolveContact(RecordRow& record);
  // The call has ended, and left its notices.
  absl::Status NoteMessage(const RecordRow& record);

 private:
  absl::StatusOr<records::Oid> AddPlaceholder(RecordRow& record, const std::string& number);
  absl::StatusOr<records::Oid> VoiceConversation(const RecordRow& record);
  absl::StatusOr<std::optional<records::Oid>> FindSession(const RecordRow& record,
                                                          const Users& users);

  SqlCache sql_;
  records::OidSource* ids_;
  RecordOutbox* outbox_;
};

}  // namespace trunkline::store

// A record is deleted because the call should not have been: a wrong number.
#include <utility>
#include <vector>

#include "server/store/record_ledger.h"

namespace trunkline::store {

using records::EventType;
using records::Oid;
using records::Phase;

absl::StatusOr<bool> RecordLedger::Discard(const records::Actor& actor,
                                           const records::DiscardRequest& request,
                                           records::Live& live, std::int64_t now_ms) {
  STORE_LET(std::optional<RecordRow> record, table_.Named(actor.organization, request.call, false));
  if (!record) return false;
  if (record->call.phase != Phase::kEnded) {
    STORE_TRY(live.HangUp(record->call.mtproto_id));
    STORE_LET(record, table_.ById(record->call.id, false));
    if (!record || record->call.phase != Phase::kEnded) {
      return absl::InternalError("a call that was hung up is still live");
    }
  }
  if (record->owner_notice && record->owner_notice->id != 0) {
    STORE_TRY(live.DeleteMessage(record->owner, record->owner_notice->id));
  }
  DeleteForGood();
  ErasedCounts counts;
  STORE_TRY(EraseRecord(sql_, *record, counts));
  STORE_TRY(KeepEmptySession(sql_, *record));
  std::vector<KeyOwner> keys;
  AddKeysOf(*record, keys);
  for (const KeyOwner& key : keys) keys_->DestroyLater(key);
  records::Event discarded;
  discarded.type = EventType::kCallDiscarded;
  discarded.at_ms = now_ms;
  discarded.call = record->call.id;
  STORE_TRY(outbox_.Emit(record->organization, std::move(discarded)));
  STORE_TRY(EraseSilentConversation(sql_, outbox_, *record, "discard", now_ms, counts));
  if (request.delete_contact && request.contact) {
    STORE_TRY(DiscardPlaceholder(*record, *request.contact, now_ms));
  }
  STORE_TRY(Audit(actor, "discard", record->call.id.Hex(), 1, now_ms));
  return true;
}

// Only what a call made for itself, and nothing else refers to. The call's own conversation is gone
// by now, or stays and keeps its contact.
absl::Status RecordLedger::DiscardPlaceholder(const RecordRow& record, std::string_view contact,
                                              std::int64_t now_ms) {
  const std::optional<Oid> id = Oid::Parse(contact);
  if (!id) return absl::OkStatus();
  STORE_LET(const int removed,
            sql_.Change("DELETE FROM record_contacts WHERE id=?1 AND organization=?2 "
                        "AND unseal('record_contacts.first_name',id,first_name)=?3 AND source=?4 "
                        "AND NOT EXISTS(SELECT 1 FROM records WHERE contact=?1) "
                        "AND NOT EXISTS(SELECT 1 FROM record_conversations WHERE contact=?1)",
                        *id, record.organization, std::string_view(records::kPlaceholderName),
                        std::string_view(records::kPlaceholderSource)));
  if (removed == 0) return absl::OkStatus();
  keys_->DestroyLater(KeyOwner(id->bytes()));
  records::Event event;
  event.type = EventType::kContactRemoved;
  event.at_ms = now_ms;
  event.call = record.call.id;
  event.contact = id;
  event.cause = "discard";
  return outbox_.Emit(record.organization, std::move(event));
}

}  // namespace trunkline::store

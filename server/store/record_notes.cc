// Notes, ratings and views of records.
#include <utility>

#include "server/book/rating.h"
#include "server/store/record_ledger.h"

namespace trunkline::store {

using records::EventType;
using records::NoteChange;
using records::NoteResult;
using records::Oid;

Oid RecordLedger::UserOf(const records::Actor& actor, std::int64_t organization) {
  return actor.user.value_or(Oid::OfUser(ServiceUser(organization)));
}

absl::StatusOr<NoteChange> RecordLedger::Changed(RecordRow& record,
                                                 std::optional<records::Event> event,
                                                 std::int64_t now_ms) {
  record.call.updated_ms = now_ms;
  if (event) {
    event->at_ms = now_ms;
    STORE_TRY(outbox_.Emit(record, *std::move(event)));
  }
  STORE_TRY(table_.Update(record));
  NoteChange change;
  STORE_LET(change.call, reader_.Find(record.call.organization, record.call.id.Hex()));
  return change;
}

absl::StatusOr<NoteChange> RecordLedger::AddNote(const records::Actor& actor, std::string_view call,
                                                 const records::NoteText& note,
                                                 std::int64_t now_ms) {
  STORE_LET(std::optional<RecordRow> record, table_.Named(actor.organization, call, false));
  if (!record) return NoteChange{NoteResult::kNoCall, std::nullopt};
  records::Event event;
  event.type = EventType::kCallNoteAdded;
  event.note = ids_->Next(now_ms);
  STORE_TRY(
      sql_.Run("INSERT INTO record_notes(id,record,user,content,flagged,created_ms) "
               "VALUES(?1,?2,?3,seal(?2,'record_notes.content',?1,?4),?5,?6)",
               *event.note, record->call.id, UserOf(actor, record->organization), note.content,
               note.flagged, now_ms));
  return Changed(*record, std::move(event), now_ms);
}

// `text` null: the note goes.
absl::StatusOr<NoteChange> RecordLedger::ChangeNote(const records::Actor& actor,
                                                    std::string_view call, std::string_view note,
                                                    const records::NoteText* text,
                                                    std::int64_t now_ms) {
  STORE_LET(std::optional<RecordRow> record, table_.Named(actor.organization, call, false));
  if (!record) return NoteChange{NoteResult::kNoCall, std::nullopt};
  const std::optional<Oid> id = Oid::Parse(note);
  if (!id) return NoteChange{NoteResult::kNoNote, std::nullopt};
  int changed = 0;
  if (text != nullptr) {
    STORE_LET(changed,
              sql_.Change("UPDATE record_notes SET content=seal(?4,'record_notes.content',?3,?1),"
                          "flagged=?2 WHERE id=?3 AND record=?4",
                          text->content, text->flagged, *id, record->call.id));
  } else {
    DeleteForGood();
    STORE_LET(changed, sql_.Change("DELETE FROM record_notes WHERE id=? AND record=?", *id,
                                   record->call.id));
  }
  if (changed == 0) return NoteChange{NoteResult::kNoNote, std::nullopt};
  records::Event event;
  event.type = text != nullptr ? EventType::kCallNoteUpdated : EventType::kCallNoteRemoved;
  event.note = id;
  return Changed(*record, std::move(event), now_ms);
}

absl::StatusOr<NoteChange> RecordLedger::UpdateNote(const records::Actor& actor,
                                                    std::string_view call, std::string_view note,
                                                    const records::NoteText& text,
                                                    std::int64_t now_ms) {
  return ChangeNote(actor, call, note, &text, now_ms);
}

absl::StatusOr<NoteChange> RecordLedger::RemoveNote(const records::Actor& actor,
                                                    std::string_view call, std::string_view note,
                                                    std::int64_t now_ms) {
  return ChangeNote(actor, call, note, nullptr, now_ms);
}

absl::StatusOr<NoteChange> RecordLedger::Rate(const records::Actor& actor, std::string_view call,
                                              std::int32_t stars, std::string_view comment,
                                              std::int64_t now_ms) {
  STORE_LET(std::optional<RecordRow> record, table_.Named(actor.organization, call, false));
  if (!record) return NoteChange{NoteResult::kNoCall, std::nullopt};
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO record_ratings(record,user,stars,comment,tags,"
               "user_initiative,created_ms) "
               "VALUES(?1,?2,?3,seal(?1,'record_ratings.comment',?1,?4),?5,1,?6)",
               record->call.id, UserOf(actor, record->organization), stars, comment,
               std::int64_t{book::RatingTags(comment)}, now_ms));
  records::Event event;
  event.type = EventType::kCallRated;
  return Changed(*record, std::move(event), now_ms);
}

absl::StatusOr<NoteChange> RecordLedger::MarkViewed(const records::Actor& actor,
                                                    std::string_view call, std::string_view email,
                                                    std::int64_t now_ms) {
  STORE_LET(std::optional<RecordRow> record, table_.Named(actor.organization, call, false));
  if (!record) return NoteChange{NoteResult::kNoCall, std::nullopt};
  STORE_TRY(
      sql_.Run("INSERT OR IGNORE INTO record_viewers(record,viewer,email) "
               "VALUES(?1,blind(?2,hex(?1)||?3),seal(?1,'record_viewers.email',?1,?3))",
               record->call.id, record->organization, email));
  return Changed(*record, std::nullopt, now_ms);
}

}  // namespace trunkline::store

#include "server/store/record_outbox.h"

#include <utility>

namespace trunkline::store {

absl::StatusOr<std::int64_t> RecordOutbox::NextSeq(std::int64_t organization) {
  const auto known = last_seqs_.find(organization);
  if (known != last_seqs_.end()) return known->second + 1;
  STORE_LET(const auto last,
            sql_.Int("SELECT last_seq FROM organizations WHERE no=?", organization));
  last_seqs_[organization] = last.value_or(0);
  return last.value_or(0) + 1;
}

absl::Status RecordOutbox::Emit(std::int64_t organization, records::Event event) {
  STORE_LET(event.seq, NextSeq(organization));
  ++last_seqs_[organization];
  return sql_.Run(
      "INSERT INTO outbox(organization,seq,id,type,at_ms,call,contact,note,conversation,cause,"
      "purged) VALUES(?,?,?,?,?,?,?,?,?,?,0)",
      organization, event.seq, ids_->Next(event.at_ms), static_cast<std::int32_t>(event.type),
      event.at_ms, event.call, event.contact, event.note, event.conversation, event.cause);
}

absl::Status RecordOutbox::Emit(RecordRow& record, records::EventType type, std::int64_t at_ms) {
  records::Event event;
  event.type = type;
  event.at_ms = at_ms;
  event.contact = record.call.contact;
  event.conversation = record.call.conversation;
  return Emit(record, std::move(event));
}

absl::Status RecordOutbox::Emit(RecordRow& record, records::Event event) {
  STORE_LET(const std::int64_t seq, NextSeq(record.organization));
  event.call = record.call.id;
  record.AddEvent(seq);
  return Emit(record.organization, std::move(event));
}

absl::StatusOr<int> RecordOutbox::Purge(const RecordRow& record) {
  int purged = 0;
  for (const std::int64_t seq : record.EventSeqs()) {
    STORE_LET(const int changed,
              sql_.Change("UPDATE outbox SET call=NULL,contact=NULL,note=NULL,conversation=NULL,"
                          "cause='',purged=1 WHERE organization=? AND seq=?",
                          record.organization, seq));
    purged += changed;
  }
  return purged;
}

absl::Status RecordOutbox::Flush() {
  for (const auto& [organization, last] : last_seqs_) {
    STORE_TRY(sql_.Run("UPDATE organizations SET last_seq=? WHERE no=?", last, organization));
  }
  last_seqs_.clear();
  return absl::OkStatus();
}

}  // namespace trunkline::store

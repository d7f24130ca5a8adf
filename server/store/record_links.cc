#include "server/store/record_links.h"

namespace trunkline::store {
namespace {

using records::Direction;
using records::Oid;

// record_sessions.customer
constexpr std::int32_t kCustomerA = 1, kCustomerB = 2;

std::int32_t CustomerOf(const RecordRow& record) {
  if (record.internal) return kCustomerA | kCustomerB;
  return record.call.direction == Direction::kOutbound ? kCustomerB : kCustomerA;
}

// Who the owner talked to.
const std::string& OtherNumber(const records::Call& call) {
  return call.direction == Direction::kOutbound ? call.to_e164 : call.from_e164;
}

}  // namespace

absl::StatusOr<std::optional<Oid>> RecordLinks::FindSession(const RecordRow& record,
                                                            const Users& users) {
  const records::Call& call = record.call;
  const std::int64_t since_ms = call.created_ms - kRedialMs;
  if (!users.caller) {
    return sql_.Id(
        "SELECT id FROM record_sessions WHERE organization=? AND party_a=? AND party_b=? "
        "AND answered=0 AND purge_job IS NULL AND ended_ms BETWEEN ? AND ? "
        "ORDER BY ended_ms DESC LIMIT 1",
        record.organization, call.from_e164, call.to_e164, since_ms, call.created_ms);
  }
  // The newest or none: two who often call each other cost no more than others.
  return sql_.Id(
      "SELECT id FROM (SELECT * FROM record_sessions WHERE organization=? AND party_a=? "
      "AND party_b=? ORDER BY id DESC LIMIT 1) WHERE answered=0 AND purge_job IS NULL "
      "AND caller=? AND callee=? AND ended_ms BETWEEN ? AND ?",
      record.organization, call.from_e164, call.to_e164, users.caller, users.callee, since_ms,
      call.created_ms);
}

absl::Status RecordLinks::JoinSession(RecordRow& record, const Users& users) {
  records::Call& call = record.call;
  STORE_LET(const std::optional<Oid> found, FindSession(record, users));
  if (found) {
    call.session = *found;
    STORE_LET(call.parent, sql_.Id("SELECT last_record FROM record_sessions WHERE id=?", *found));
    return sql_.Run("UPDATE record_sessions SET ended_ms=NULL,last_record=? WHERE id=?", call.id,
                    *found);
  }
  call.session = ids_->Next(call.created_ms);
  STORE_LET(const std::int64_t seq, outbox_->NextSeq(record.organization));
  return sql_.Run(
      "INSERT INTO record_sessions(id,organization,seq,started_ms,answered,caller,callee,party_a,"
      "party_b,customer,last_record) VALUES(?,?,?,?,0,?,?,?,?,?,?)",
      call.session, record.organization, seq, call.created_ms, users.caller, users.callee,
      call.from_e164, call.to_e164, CustomerOf(record), call.id);
}

absl::Status RecordLinks::EndSession(const Oid& session, std::int64_t ended_ms, bool answered) {
  return sql_.Run("UPDATE record_sessions SET ended_ms=?,answered=? WHERE id=?", ended_ms, answered,
                  session);
}

absl::Status RecordLinks::ResolveContact(RecordRow& record) {
  records::Call& call = record.call;
  const std::string& number = OtherNumber(call);
  if (number.empty()) return absl::OkStatus();
  STORE_LET(call.contact,
            sql_.Id("SELECT id FROM record_contacts WHERE organization=? AND phone_e164=? "
                    "ORDER BY id LIMIT 1",
                    record.organization, number));
  if (!call.contact) {
    if (record.internal || call.direction != Direction::kOutbound) return absl::OkStatus();
    STORE_LET(call.contact, AddPlaceholder(record, number));
  }
  STORE_LET(call.conversation, VoiceConversation(record));
  return absl::OkStatus();
}

absl::StatusOr<Oid> RecordLinks::AddPlaceholder(RecordRow& record, const std::string& number) {
  const std::int64_t now_ms = record.call.created_ms;
  const Oid contact = ids_->Next(now_ms);
  STORE_TRY(
      sql_.Run("INSERT INTO record_contacts(id,organization,first_name,last_name,phone_e164,source,"
               "created_by_call,created_ms,updated_ms) VALUES(?,?,?,'',?,?,?,?,?)",
               contact, record.organization, std::string_view(records::kPlaceholderName), number,
               std::string_view(records::kPlaceholderSource), record.call.id, now_ms, now_ms));
  records::Event event;
  event.type = records::EventType::kContactCreated;
  event.at_ms = now_ms;
  event.contact = contact;
  STORE_TRY(outbox_->Emit(record, std::move(event)));
  return contact;
}

absl::StatusOr<Oid> RecordLinks::VoiceConversation(const RecordRow& record) {
  const records::Call& call = record.call;
  STORE_LET(
      const std::optional<Oid> found,
      sql_.Id("SELECT id FROM record_conversations WHERE contact=? AND kind=1", *call.contact));
  if (found) return *found;
  const Oid conversation = ids_->Next(call.created_ms);
  STORE_TRY(
      sql_.Run("INSERT INTO record_conversations(id,organization,contact,kind,created_ms,"
               "last_message_ms) VALUES(?,?,?,1,?,0)",
               conversation, record.organization, *call.contact, call.created_ms));
  return conversation;
}

absl::Status RecordLinks::NoteMessage(const RecordRow& record) {
  if (!record.call.conversation) return absl::OkStatus();
  return sql_.Run(
      "UPDATE record_conversations SET last_message_ms=max(last_message_ms,?) WHERE id=?",
      record.call.ended_ms.value_or(0), *record.call.conversation);
}

}  // namespace trunkline::store

#include "server/store/record_links.h"

namespace trunkline::store {
namespace {

using records::Direction;
using records::Oid;

}  // namespace

Attempt AttemptOf(const RecordRow& record) {
  return {record.call.id, record.call.session, record.call.ended_ms,
          record.call.accepted_ms.has_value(), record.purge_job.has_value()};
}

absl::StatusOr<std::optional<Attempt>> RecordLinks::NewestBefore(const RecordRow& record) {
  std::optional<Attempt> attempt;
  const auto read = [&attempt](const Statement& row) {
    attempt = {OidOf(row, 0), OidOf(row, 1), OptionalInt(row, 2), !row.Null(3), !row.Null(4)};
  };
  if (record.other) {
    STORE_TRY(
        sql_.First("SELECT id,session,ended_ms,accepted_ms,purge_job FROM records WHERE owner=? "
                   "AND other=? AND direction=? ORDER BY id DESC LIMIT 1",
                   read, record.owner, *record.other,
                   static_cast<std::int32_t>(record.call.direction))
            .status());
    return attempt;
  }
  // Ingested calls come in any order.
  STORE_TRY(sql_.First("SELECT id,session,ended_ms,accepted_ms,purge_job FROM records WHERE "
                       "organization=?1 AND from_index=blind(?1,?2) AND to_index=blind(?1,?3) "
                       "AND created_ms<=?4 "
                       "ORDER BY created_ms DESC,id DESC LIMIT 1",
                       read, record.organization, record.call.from_e164, record.call.to_e164,
                       record.call.created_ms)
                .status());
  return attempt;
}

void RecordLinks::JoinSession(RecordRow& record, const std::optional<Attempt>& before) {
  records::Call& call = record.call;
  if (before && !before->answered && !before->purged && before->ended_ms &&
      *before->ended_ms <= call.created_ms && *before->ended_ms >= call.created_ms - kRedialMs) {
    call.session = before->session;
    call.parent = before->record;
  } else {
    call.session = ids_->Next(call.created_ms);
  }
}

// Who the owner talked to.
absl::StatusOr<std::string> RecordLinks::OtherNumber(const RecordRow& record) {
  if (!record.other) {
    return record.call.direction == Direction::kOutbound ? record.call.to_e164
                                                         : record.call.from_e164;
  }
  std::string number;
  STORE_TRY(sql_.First(
                    "SELECT phone FROM users WHERE id=?",
                    [&number](const Statement& row) { number = row.Text(0); }, *record.other)
                .status());
  return number.empty() ? number : "+" + number;
}

absl::StatusOr<bool> RecordLinks::HasContacts(std::int64_t organization) {
  const auto known = has_contacts_.find(organization);
  if (known != has_contacts_.end()) return known->second;
  STORE_LET(const auto any,
            sql_.Int("SELECT 1 FROM record_contacts WHERE organization=? LIMIT 1", organization));
  return has_contacts_[organization] = any.has_value();
}

absl::Status RecordLinks::ResolveContact(RecordRow& record) {
  records::Call& call = record.call;
  const bool may_add = !record.internal && call.direction == Direction::kOutbound;
  STORE_LET(const bool has_contacts, HasContacts(record.organization));
  if (!may_add && !has_contacts) return absl::OkStatus();
  STORE_LET(const std::string number, OtherNumber(record));
  if (number.empty()) return absl::OkStatus();
  STORE_LET(call.contact, sql_.Id("SELECT id FROM record_contacts WHERE organization=?1 "
                                  "AND phone_index=blind(?1,?2) ORDER BY id LIMIT 1",
                                  record.organization, number));
  if (!call.contact) {
    if (!may_add) return absl::OkStatus();
    STORE_LET(call.contact, AddPlaceholder(record, number));
  }
  STORE_LET(call.conversation, VoiceConversation(record));
  return absl::OkStatus();
}

absl::StatusOr<Oid> RecordLinks::AddPlaceholder(RecordRow& record, const std::string& number) {
  const std::int64_t now_ms = record.call.created_ms;
  const Oid contact = ids_->Next(now_ms);
  has_contacts_[record.organization] = true;
  STORE_TRY(
      sql_.Run("INSERT INTO record_contacts(id,organization,first_name,last_name,phone_e164,"
               "phone_index,source,created_by_call,created_ms,updated_ms) "
               "VALUES(?1,?2,seal(?1,'record_contacts.first_name',?1,?3),x'',"
               "seal(?1,'record_contacts.phone_e164',?1,?4),blind(?2,?4),?5,?6,?7,?8)",
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

#include "server/store/record_erase.h"

#include <array>
#include <tuple>
#include <utility>

#include "server/store/record_answers.h"

namespace trunkline::store {

using records::Oid;

absl::Status SeedRecords(Database& database, records::OidSource& ids, Entropy& entropy) {
  SqlCache sql(&database);
  STORE_LET(const auto organizations, sql.Int("SELECT count(*) FROM organizations"));
  if (organizations.value_or(0) != 0) return absl::OkStatus();
  std::array<std::uint8_t, 32> signing_key, tombstone_key;
  entropy.Fill(signing_key);
  entropy.Fill(tombstone_key);
  STORE_LET(const auto now_s, sql.Int("SELECT CAST(strftime('%s','now') AS INTEGER)"));
  const std::int64_t now_ms = now_s.value_or(0) * 1000;
  STORE_TRY(sql.Run("INSERT INTO record_secrets(name,value) VALUES('receipts',?)",
                    ByteView(signing_key)));
  return sql.Run(
      "INSERT INTO organizations(no,id,name,host_label,created_ms,tombstone_key) "
      "VALUES(1,?,'default','default',?,?)",
      ids.Next(now_ms), now_ms, ByteView(tombstone_key));
}

absl::StatusOr<Bytes> TombstoneKey(SqlCache& sql, const Oid& organization) {
  Bytes key;
  STORE_TRY(sql.First(
                   "SELECT tombstone_key FROM organizations WHERE id=?",
                   [&key](const Statement& row) { key = row.BytesOf(0); }, organization)
                .status());
  return key;
}

crypto::Sha256Digest TombstoneHash(const Bytes& key, const Oid& id) {
  return crypto::HmacSha256(key, id.bytes());
}

void AddKeysOf(const RecordRow& record, std::vector<KeyOwner>& keys) {
  const records::Call& call = record.call;
  keys.emplace_back(call.id.bytes());
  if (!call.mtproto_id) return;
  keys.emplace_back(KeyOwner::OfPhone(call.mtproto_id, record.owner));
  if (const auto peer = record.peer()) {
    keys.emplace_back(KeyOwner::OfPhone(call.mtproto_id, *peer));
  }
}

absl::Status EraseRecord(SqlCache& sql, const RecordRow& record, ErasedCounts& counts) {
  const Oid& id = record.call.id;
  const auto erase = [&](std::string_view statement, std::int64_t& count,
                         const auto&... args) -> absl::Status {
    STORE_LET(const int rows, sql.Change(statement, args...));
    count += rows;
    return absl::OkStatus();
  };
  for (const auto& [detail, statement, count] :
       {std::tuple(kHasNotes, "DELETE FROM record_notes WHERE record=?", &counts.notes),
        std::tuple(kHasRatings, "DELETE FROM record_ratings WHERE record=?", &counts.ratings),
        std::tuple(kHasViewers, "DELETE FROM record_viewers WHERE record=?", &counts.viewers),
        std::tuple(kHasFlows, "DELETE FROM record_flows WHERE record=?", &counts.flows)}) {
    if ((record.details & detail) != 0) STORE_TRY(erase(statement, *count, id));
  }
  if (!record.call.mtproto_id) {
    STORE_TRY(erase("DELETE FROM record_ingested WHERE record=?", counts.texts, id));
  } else {
    STORE_TRY(erase("DELETE FROM call_debug WHERE call=? AND by_user IN(?,?)", counts.debugs,
                    record.call.mtproto_id, record.owner, record.peer()));
    // The same ratings, as the journal's projection has them.
    STORE_TRY(sql.Run("DELETE FROM ratings WHERE call=? AND by_user IN(?,?)",
                      record.call.mtproto_id, record.owner, record.peer()));
  }
  if ((record.details & kHasAnswers) != 0) STORE_TRY(EraseAnswers(sql, id));
  STORE_TRY(sql.Run("UPDATE records SET parent=NULL WHERE session=? AND parent=?",
                    record.call.session, id));
  return erase("DELETE FROM records WHERE id=?", counts.calls, id);
}

absl::Status KeepEmptySession(SqlCache& sql, const RecordRow& record) {
  const records::Call& call = record.call;
  const bool outbound = call.direction == records::Direction::kOutbound;
  const std::int32_t of_caller = record.internal || !outbound ? kCustomerCaller : 0;
  const std::int32_t of_callee = record.internal || outbound ? kCustomerCallee : 0;
  const std::optional<UserId> caller = outbound ? record.owner : record.other;
  const std::optional<UserId> callee = outbound ? record.other : record.owner;
  const bool live = record.other.has_value();
  const auto number = [live](const std::string& e164) {
    return live ? std::nullopt : std::optional<std::string_view>(e164);
  };
  return sql.Run(
      "INSERT INTO record_sessions(id,organization,seq,started_ms,ended_ms,"
      "answered,caller,callee,from_index,to_index,customer) "
      "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,blind(?2,?9),blind(?2,?10),?11 "
      "WHERE NOT EXISTS(SELECT 1 FROM records WHERE session=?1)",
      call.session, record.organization, record.seq, call.created_ms,
      call.ended_ms.value_or(call.created_ms), call.accepted_ms.has_value(),
      live ? caller : std::nullopt, live ? callee : std::nullopt, number(call.from_e164),
      number(call.to_e164), of_caller | of_callee);
}

absl::Status EraseSilentConversation(SqlCache& sql, RecordOutbox& outbox, const RecordRow& record,
                                     std::string_view cause, std::int64_t now_ms,
                                     ErasedCounts& counts) {
  if (!record.call.conversation) return absl::OkStatus();
  STORE_LET(const int rows,
            sql.Change("DELETE FROM record_conversations WHERE id=?1 AND kind=1 "
                       "AND NOT EXISTS(SELECT 1 FROM record_texts WHERE conversation=?1) "
                       "AND NOT EXISTS(SELECT 1 FROM records r WHERE "
                       "r.contact=record_conversations.contact AND r.conversation=?1)",
                       *record.call.conversation));
  if (rows == 0) return absl::OkStatus();
  ++counts.conversations;
  records::Event event;
  event.type = records::EventType::kConversationRemoved;
  event.at_ms = now_ms;
  event.conversation = record.call.conversation;
  event.cause = cause;
  return outbox.Emit(record.organization, std::move(event));
}

}  // namespace trunkline::store

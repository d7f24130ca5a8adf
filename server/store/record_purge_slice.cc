// Purges do their work a few calls at a time, between other people's transactions. Where a job is
// can be seen by what is left of its selection, so it goes on after a restart as if nothing had
// been.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/record_customer.h"
#include "server/store/record_ledger.h"

namespace trunkline::store {
namespace {

using records::EventType;
using records::Oid;

constexpr int kCallsAhead = 128;
constexpr const char* kKinds[] = {"calls", "sessions", "customer"};

}  // namespace

struct RecordLedger::Job {
  Oid id;
  std::int64_t organization = 0;
  Oid organization_id;
  std::int32_t kind = 0;
  std::int64_t requested_ms = 0, upto_seq = 0;
  std::optional<Customer> customer;
  Bytes tombstone_key;
  ErasedCounts counts;  // before this slice and in it
};

absl::StatusOr<std::vector<RecordLedger::Job>> RecordLedger::RunningJobs() {
  std::vector<Job> jobs;
  STORE_TRY(sql_.ForEach(
      "SELECT j.id,j.organization,o.id,j.kind,j.requested_ms,j.upto_seq,j.number_index,"
      "o.tombstone_key,"
      "j.calls,j.sessions,j.notes,j.ratings,j.viewers,j.texts,j.debugs,j.traces,j.notices,"
      "j.events,j.conversations,j.contacts,j.user,j.flows FROM purge_jobs j JOIN organizations o "
      "ON o.no=j.organization WHERE j.completed_ms IS NULL ORDER BY j.requested_ms,j.id",
      [&jobs](const Statement& row) {
        Job job;
        job.id = OidOf(row, 0);
        job.organization = row.Int(1);
        job.organization_id = OidOf(row, 2);
        job.kind = row.Int32(3);
        job.requested_ms = row.Int(4);
        job.upto_seq = row.Int(5);
        if (!row.Null(6)) {
          job.customer = {job.organization, row.BytesOf(6), std::nullopt};
          if (!row.Null(20)) job.customer->user = row.IdOf<UserId>(20);
        }
        job.tombstone_key = row.BytesOf(7);
        job.counts = {row.Int(8),  row.Int(9),  row.Int(10), row.Int(11), row.Int(12),
                      row.Int(13), row.Int(14), row.Int(15), row.Int(16), row.Int(17),
                      row.Int(18), row.Int(19), row.Int(21)};
        jobs.push_back(std::move(job));
      }));
  return jobs;
}

absl::StatusOr<bool> RecordLedger::PurgeSlice(int calls_max, records::Live& live,
                                              std::int64_t now_ms) {
  // Until all of this is done, there is something to do.
  due_ = true;
  DeleteForGood();
  STORE_LET(std::vector<Job> jobs, RunningJobs());
  int budget = calls_max;
  bool waiting = false;
  for (Job& job : jobs) {
    STORE_TRY(Work(job, live, now_ms, budget));
    if (budget == 0) break;
    STORE_LET(const bool left, AnythingLeft(job));
    waiting |= left;
    if (!left) STORE_TRY(Complete(job, now_ms));
  }
  waiting_ = waiting;
  due_ = budget == 0;
  feed_->ForgetEnded();
  return due_;
}

absl::Status RecordLedger::Work(Job& job, records::Live& live, std::int64_t now_ms, int& budget) {
  STORE_LET(const std::vector<Oid> calls, ErasableCallsOf(job, budget));
  STORE_TRY(DestroyKeysAhead(job, calls));
  std::vector<RecordRow> records;
  STORE_TRY(DestroyKeys(calls, &records));
  for (RecordRow& record : records) STORE_TRY(PurgeCall(job, record, live, now_ms));
  budget -= static_cast<int>(calls.size());
  STORE_LET(const int sessions, PurgeEmptySessions(job, budget));
  budget -= sessions;
  const ErasedCounts& counts = job.counts;
  return sql_.Run(
      "UPDATE purge_jobs SET calls=?2,sessions=?3,notes=?4,ratings=?5,viewers=?6,texts=?7,"
      "debugs=?8,traces=?9,notices=?10,events=?11,conversations=?12,contacts=?13,flows=?14 "
      "WHERE id=?1",
      job.id, counts.calls, counts.sessions, counts.notes, counts.ratings, counts.viewers,
      counts.texts, counts.debugs, counts.traces, counts.notices, counts.events,
      counts.conversations, counts.contacts, counts.flows);
}

// Before the rows, and durable by itself: what a copy of the file or its log still holds can't be
// opened from here on. `rows`, unless null, gets those of the calls.
absl::Status RecordLedger::DestroyKeys(const std::vector<Oid>& calls,
                                       std::vector<RecordRow>* rows) {
  std::vector<KeyOwner> keys;
  for (const Oid& call : calls) {
    STORE_LET(std::optional<RecordRow> record, table_.ToErase(call));
    if (!record) continue;
    AddKeysOf(*record, keys);
    if (rows != nullptr) rows->push_back(*std::move(record));
  }
  return keys_->Destroy(keys);
}

// Each time that there are keys to destroy costs a flush, so those of the next slices go as well.
// Between slices a phone may still say something of its call, under a new key.
absl::Status RecordLedger::DestroyKeysAhead(const Job& job, const std::vector<Oid>& calls) {
  const auto has_none = [this](const Oid& call) { return keyless_.contains(call); };
  if (std::all_of(calls.begin(), calls.end(), has_none)) return absl::OkStatus();
  STORE_LET(const std::vector<Oid> next,
            ErasableCallsOf(job, std::max<int>(kCallsAhead, static_cast<int>(calls.size()))));
  STORE_TRY(DestroyKeys(next, nullptr));
  keyless_ = {next.begin(), next.end()};
  return absl::OkStatus();
}

// Calls that have ended; live ones are waited for.
absl::StatusOr<std::vector<Oid>> RecordLedger::ErasableCallsOf(const Job& job, int max) {
  std::vector<Oid> calls;
  const auto add = [&calls](const Oid& call) { calls.push_back(call); };
  if (job.customer) {
    STORE_TRY(ErasableCalls(sql_, *job.customer, job.upto_seq, max, add));
  } else {
    STORE_TRY(sql_.ForEach(
        "SELECT id FROM records WHERE purge_job=? AND phase=4 LIMIT ?",
        [&add](const Statement& row) { add(OidOf(row, 0)); }, job.id, max));
  }
  return calls;
}

// Sessions are erased as soon as they are selected.
absl::StatusOr<bool> RecordLedger::AnythingLeft(const Job& job) {
  if (job.customer) return AnyCall(sql_, *job.customer, job.upto_seq);
  STORE_LET(const auto left, sql_.Int("SELECT 1 FROM records WHERE purge_job=? LIMIT 1", job.id));
  return left.has_value();
}

absl::Status RecordLedger::PurgeCall(Job& job, RecordRow& record, records::Live& live,
                                     std::int64_t now_ms) {
  const records::Call& call = record.call;
  ErasedCounts& counts = job.counts;
  if (record.owner_notice && record.owner_notice->id != 0) {
    STORE_TRY(live.DeleteMessage(record.owner, record.owner_notice->id));
    ++counts.notices;
  }
  if (record.peer() && record.peer_notice && record.peer_notice->id != 0) {
    STORE_TRY(live.DeleteMessage(*record.peer(), record.peer_notice->id));
    ++counts.notices;
  }
  if (call.mtproto_id) {
    STORE_LET(const int traces,
              sql_.Change("DELETE FROM traces WHERE seq=(SELECT ended_seq FROM calls WHERE id=?)",
                          call.mtproto_id));
    counts.traces += traces;
  }
  STORE_LET(const int events, outbox_.Purge(record));
  counts.events += events;
  STORE_TRY(EraseRecord(sql_, record, counts));
  // What start reads of ended calls, once no organization has a record of this one.
  if (call.mtproto_id) {
    STORE_TRY(
        sql_.Run("DELETE FROM calls WHERE id=?1 AND ended_seq IS NOT NULL "
                 "AND NOT EXISTS(SELECT 1 FROM records WHERE id=?2) AND NOT EXISTS(SELECT 1 FROM "
                 "records WHERE mtproto_id=?1 AND mtproto_id<>0 AND direction=0)",
                 call.mtproto_id, Oid::OfCall(call.created_ms, call.mtproto_id)));
  }
  STORE_TRY(
      sql_.Run("INSERT INTO tombstones(call_hash,session_hash,purged_ms,job) "
               "VALUES(?,?,?,?)",
               ByteView(TombstoneHash(job.tombstone_key, call.id)),
               ByteView(TombstoneHash(job.tombstone_key, call.session)), now_ms, job.id));
  STORE_LET(const auto others,
            sql_.Int("SELECT 1 FROM records WHERE session=? LIMIT 1", call.session));
  counts.sessions += others ? 0 : 1;
  STORE_TRY(EraseSilentConversation(sql_, outbox_, record, "purge", now_ms, counts));
  records::Event event;
  event.type = EventType::kCallPurged;
  event.at_ms = now_ms;
  event.call = call.id;
  return outbox_.Emit(record.organization, std::move(event));
}

absl::StatusOr<int> RecordLedger::PurgeEmptySessions(Job& job, int max) {
  std::vector<Oid> sessions;
  const auto add = [&sessions](const Oid& session) { sessions.push_back(session); };
  if (max <= 0) return 0;
  if (job.customer) {
    STORE_TRY(ErasableSessions(sql_, *job.customer, job.upto_seq, max, add));
  } else {
    STORE_TRY(sql_.ForEach(
        "SELECT id FROM record_sessions WHERE purge_job=? LIMIT ?",
        [&add](const Statement& row) { add(OidOf(row, 0)); }, job.id, max));
  }
  for (const Oid& session : sessions) {
    STORE_TRY(sql_.Run("DELETE FROM record_sessions WHERE id=?", session));
    STORE_TRY(
        sql_.Run("INSERT INTO tombstones(call_hash,session_hash,purged_ms,job) "
                 "VALUES(NULL,?,?,?)",
                 ByteView(TombstoneHash(job.tombstone_key, session)), job.requested_ms, job.id));
    ++job.counts.sessions;
  }
  return static_cast<int>(sessions.size());
}

// A customer's contacts go with the calls, unless somebody wrote to them or called them meanwhile.
absl::Status RecordLedger::PurgeContacts(Job& job, std::int64_t now_ms) {
  std::vector<Oid> contacts;
  STORE_TRY(sql_.ForEach(
      "SELECT c.id FROM record_contacts c WHERE c.organization=? AND c.phone_index=? "
      "AND NOT EXISTS(SELECT 1 FROM records WHERE contact=c.id) AND NOT EXISTS(SELECT 1 FROM "
      "record_conversations v JOIN record_texts t ON t.conversation=v.id WHERE v.contact=c.id)",
      [&contacts](const Statement& row) { contacts.push_back(OidOf(row, 0)); }, job.organization,
      job.customer->number_index));
  std::vector<KeyOwner> keys;
  keys.reserve(contacts.size());
  for (const Oid& contact : contacts) keys.emplace_back(contact.bytes());
  STORE_TRY(keys_->Destroy(keys));
  for (const Oid& contact : contacts) {
    STORE_LET(const int conversations,
              sql_.Change("DELETE FROM record_conversations WHERE contact=?", contact));
    job.counts.conversations += conversations;
    STORE_TRY(sql_.Run("DELETE FROM record_contacts WHERE id=?", contact));
    ++job.counts.contacts;
    records::Event event;
    event.type = EventType::kContactRemoved;
    event.at_ms = now_ms;
    event.contact = contact;
    event.cause = "purge";
    STORE_TRY(outbox_.Emit(job.organization, std::move(event)));
  }
  return absl::OkStatus();
}

absl::Status RecordLedger::Complete(Job& job, std::int64_t now_ms) {
  if (job.customer) STORE_TRY(PurgeContacts(job, now_ms));
  const ErasedCounts& counts = job.counts;
  const std::string receipt = absl::StrCat(
      R"({"jobId":")", job.id.Hex(), R"(","kind":")", kKinds[job.kind], R"(","organizationId":")",
      job.organization_id.Hex(), R"(","requestedMs":)", job.requested_ms, R"(,"completedMs":)",
      now_ms, R"(,"counts":{"calls":)", counts.calls, R"(,"sessions":)", counts.sessions,
      R"(,"notes":)", counts.notes, R"(,"ratings":)", counts.ratings, R"(,"viewers":)",
      counts.viewers, R"(,"texts":)", counts.texts, R"(,"debugs":)", counts.debugs, R"(,"flows":)",
      counts.flows, R"(,"traces":)", counts.traces, R"(,"notices":)", counts.notices,
      R"(,"events":)", counts.events, R"(,"conversations":)", counts.conversations,
      R"(,"contacts":)", counts.contacts, "}}");
  const std::string signature = ToHex(crypto::Ed25519Sign(signing_key_, AsBytes(receipt)));
  const std::string signed_receipt = absl::StrCat(
      R"({"receipt":)", receipt, R"(,"algorithm":"Ed25519","publicKey":")",
      ToHex(crypto::PublicKeyOf(signing_key_)), R"(","signature":")", signature, R"("})");
  return sql_.Run(
      "UPDATE purge_jobs SET completed_ms=?,receipt=?,number_index=NULL,user=NULL,conversations=?,"
      "contacts=? WHERE id=?",
      now_ms, signed_receipt, counts.conversations, counts.contacts, job.id);
}

}  // namespace trunkline::store

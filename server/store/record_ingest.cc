// Calls that somebody else signalled, recorded here.
#include <algorithm>
#include <utility>

#include "server/store/record_ledger.h"

namespace trunkline::store {
namespace {

using records::Direction;
using records::EndReason;
using records::EventType;
using records::Oid;
using records::Phase;

constexpr char kProvider[] = "external";

EndReason ReasonOf(const std::string& status) {
  if (status == "completed") return EndReason::kHangup;
  if (status == "busy") return EndReason::kBusy;
  return status == "no-answer" ? EndReason::kMissed : EndReason::kDisconnect;
}

}  // namespace

// One that is being purged is as good as gone: it gives its name up.
absl::StatusOr<std::optional<Oid>> RecordLedger::FindIngested(std::int64_t organization,
                                                              const std::string& external_id) {
  if (external_id.empty()) return std::nullopt;
  STORE_LET(const std::optional<Oid> known,
            sql_.Id("SELECT id FROM records WHERE organization=?1 AND provider_call_id=?2 "
                    "AND external_id=?2",
                    organization, external_id));
  if (!known) return std::nullopt;
  STORE_LET(const auto visible, table_.ById(*known, false));
  if (visible) return known;
  STORE_TRY(sql_.Run("UPDATE records SET external_id=NULL WHERE id=?", *known));
  return std::nullopt;
}

absl::StatusOr<records::IngestResult> RecordLedger::Ingest(const records::Actor& actor,
                                                           const records::IngestRequest& request,
                                                           std::int64_t now_ms) {
  STORE_LET(const auto organization, RowOf(actor.organization));
  STORE_LET(const std::optional<Oid> known,
            FindIngested(organization.value_or(0), request.external_id));
  if (known) return records::IngestResult{*known, true};
  const bool outbound = request.direction == Direction::kOutbound;
  const bool completed = request.ingested.status == "completed";
  RecordRow row;
  records::Call& call = row.call;
  row.organization = organization.value_or(0);
  call.id = ids_->Next(now_ms);
  row.owner = request.user ? request.user->user() : UserOf(actor, row.organization).user();
  call.direction = request.direction;
  call.phase = Phase::kEnded;
  call.end_reason = ReasonOf(request.ingested.status);
  call.from_e164 = request.from_e164;
  call.to_e164 = request.to_e164;
  call.created_ms = request.start_ms;
  call.updated_ms = now_ms;
  call.ended_ms = request.start_ms + std::int64_t{request.duration_s} * 1000;
  if (completed) call.accepted_ms = call.confirmed_ms = request.start_ms;
  call.duration_s = call.reported_duration_s = request.duration_s;
  call.provider = kProvider;
  call.provider_call_id = call.external_id = request.external_id;
  call.ingested = request.ingested;
  const std::string& other = outbound ? call.to_e164 : call.from_e164;
  STORE_LET(const auto user,
            sql_.Int("SELECT 1 FROM users u LEFT JOIN record_users p ON p.user=u.id "
                     "WHERE u.phone=? AND coalesce(p.organization,1)=?",
                     std::string_view(other).substr(
                         std::min<std::size_t>(other.starts_with('+') ? 1 : 0, other.size())),
                     row.organization));
  row.internal = user.has_value() && !other.empty();
  STORE_LET(row.seq, outbox_.NextSeq(row.organization));
  STORE_LET(const std::optional<Attempt> before, links_.NewestBefore(row));
  links_.JoinSession(row, before);
  STORE_TRY(links_.ResolveContact(row));
  STORE_TRY(links_.NoteMessage(row));
  for (const EventType type : {EventType::kCallInitiated, EventType::kCallEnded,
                               EventType::kCallRecordingReady, EventType::kFetchMessages}) {
    if (type == EventType::kCallRecordingReady && request.ingested.recording.empty()) continue;
    STORE_TRY(outbox_.Emit(row, type, now_ms));
  }
  STORE_TRY(table_.Insert(row));
  STORE_TRY(
      sql_.Run("INSERT INTO record_ingested(record,status,transcript,summary,recording) "
               "VALUES(?1,?2,seal(?1,'record_ingested.transcript',?1,?3),"
               "seal(?1,'record_ingested.summary',?1,?4),"
               "seal(?1,'record_ingested.recording',?1,?5))",
               call.id, request.ingested.status, request.ingested.transcript,
               request.ingested.summary, request.ingested.recording));
  return records::IngestResult{call.id, false};
}

}  // namespace trunkline::store

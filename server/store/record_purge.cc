// What a purge selects: marked, and hidden from everybody, at once. The rows go later
// (record_purge_slice.cc). A dry run selects the same and marks nothing.
#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/record_customer.h"
#include "server/store/record_ledger.h"

namespace trunkline::store {

using records::EventType;
using records::Oid;
using records::PurgeItem;
using records::PurgeRequest;

struct RecordLedger::Selection {
  Oid organization;
  std::int64_t organization_row = 0;
  std::int64_t now_ms = 0;
  bool what_if = false;
  Oid job;                     // to be made, if anything is new
  bool any_new = false;        // not yet being purged
  std::optional<Oid> running;  // the job of something that is
  std::vector<PurgeItem> items;
  Customer customer;  // kCustomer: its items are the request's

  void Add(const std::optional<Oid>& call, const std::optional<Oid>& session) {
    PurgeItem item;
    if (call) item.call = call->Hex();
    if (session) item.session = session->Hex();
    item.status = what_if ? PurgeItem::Status::kWhatIf : PurgeItem::Status::kPurging;
    items.push_back(std::move(item));
  }
  void AddUnknown(std::optional<std::string> call, std::optional<std::string> session) {
    items.push_back({std::move(call), std::move(session), PurgeItem::Status::kNotFound, ""});
  }
};

absl::StatusOr<records::PurgeResult> RecordLedger::Purge(const records::Actor& actor,
                                                         const PurgeRequest& request,
                                                         std::int64_t now_ms) {
  STORE_LET(const auto organization, RowOf(actor.organization));
  Selection selection;
  selection.organization = actor.organization;
  selection.organization_row = organization.value_or(0);
  selection.now_ms = now_ms;
  selection.what_if = request.what_if;
  selection.job = ids_->Next(now_ms);
  switch (request.kind) {
    case PurgeRequest::Kind::kCalls:
      STORE_TRY(SelectCalls(request, selection));
      break;
    case PurgeRequest::Kind::kSessions:
      STORE_TRY(SelectSessions(request, selection));
      break;
    case PurgeRequest::Kind::kCustomer:
      STORE_TRY(SelectCustomer(request, selection));
      break;
  }
  records::PurgeResult result;
  const bool customer = request.kind == PurgeRequest::Kind::kCustomer;
  result.items = std::move(selection.items);
  result.customer = request.customer;
  const auto count = static_cast<std::int64_t>(result.shown().size());
  STORE_TRY(Audit(actor, request.what_if ? "purge what if" : "purge",
                  customer ? request.number_e164 : absl::StrJoin(request.ids, "\n"), count,
                  now_ms));
  if (request.what_if) return result;
  result.job = selection.running;
  if (selection.any_new) {
    std::int64_t upto_seq = 0;
    if (customer) {
      upto_seq = request.customer->upto_seq;
    } else {
      STORE_LET(upto_seq, outbox_.NextSeq(selection.organization_row));
    }
    // One event for all that a customer's number selects: the mark is one row whatever it is of.
    if (customer) {
      records::Event event;
      event.type = EventType::kCallPurging;
      event.at_ms = now_ms;
      event.cause = "customer";
      STORE_TRY(outbox_.Emit(selection.organization_row, std::move(event)));
    }
    const std::optional<ByteView> number =
        customer ? std::optional<ByteView>(selection.customer.number_index) : std::nullopt;
    STORE_TRY(
        sql_.Run("INSERT INTO purge_jobs(id,organization,kind,requested_ms,number_index,user,"
                 "upto_seq) VALUES(?,?,?,?,?,?,?)",
                 selection.job, selection.organization_row, static_cast<std::int32_t>(request.kind),
                 now_ms, number, selection.customer.user, upto_seq));
    result.job = selection.job;
    due_ = true;
  }
  return result;
}

// The job that hides a record already.
absl::StatusOr<std::optional<Oid>> RecordLedger::HiddenBy(const RecordRow& record) {
  if (record.purge_job) return record.purge_job;
  STORE_LET(const auto visible, table_.ById(record.call.id, false));
  if (visible) return std::nullopt;
  return sql_.Id(
      "SELECT j.id FROM purge_jobs j JOIN records r ON r.id=? WHERE j.number_index NOT NULL "
      "AND j.organization=r.organization AND j.upto_seq>=r.seq AND (j.user IN(r.owner,r.other) "
      "OR j.number_index IN(r.from_index,r.to_index)) ORDER BY j.requested_ms LIMIT 1",
      record.call.id);
}

absl::Status RecordLedger::Mark(RecordRow& record, Selection& selection) {
  STORE_LET(const std::optional<Oid> hidden_by, HiddenBy(record));
  if (hidden_by) {
    if (!selection.running) selection.running = hidden_by;
    return absl::OkStatus();
  }
  if (selection.what_if) return absl::OkStatus();
  selection.any_new = true;
  record.purge_job = selection.job;
  STORE_TRY(outbox_.Emit(record, EventType::kCallPurging, selection.now_ms));
  return table_.Update(record);
}

absl::Status RecordLedger::SelectCalls(const PurgeRequest& request, Selection& selection) {
  for (const std::string& name : request.ids) {
    STORE_LET(std::optional<RecordRow> record, table_.Named(selection.organization, name, true));
    if (!record) {
      selection.AddUnknown(name, std::nullopt);
      continue;
    }
    selection.Add(record->call.id, record->call.session);
    STORE_TRY(Mark(*record, selection));
  }
  return absl::OkStatus();
}

absl::Status RecordLedger::SelectSessions(const PurgeRequest& request, Selection& selection) {
  for (const std::string& name : request.ids) STORE_TRY(SelectSession(name, selection));
  return absl::OkStatus();
}

absl::Status RecordLedger::SelectSession(std::string_view name, Selection& selection) {
  const std::optional<Oid> id = Oid::Parse(name);
  std::vector<Oid> calls;
  if (id) {
    STORE_TRY(sql_.ForEach(
        "SELECT id FROM records WHERE session=? AND organization=? ORDER BY created_ms,id",
        [&calls](const Statement& row) { calls.push_back(OidOf(row, 0)); }, *id,
        selection.organization_row));
  }
  if (calls.empty()) return SelectEmptySession(name, selection);
  for (const Oid& call : calls) {
    STORE_LET(std::optional<RecordRow> record, table_.ById(call, true));
    selection.Add(call, id);
    STORE_TRY(Mark(*record, selection));
  }
  return absl::OkStatus();
}

absl::Status RecordLedger::SelectEmptySession(std::string_view name, Selection& selection) {
  const std::optional<Oid> id = Oid::Parse(name);
  std::optional<Oid> marked;
  bool found = false;
  // One without calls is purged at once, and is under way until the deadline all the same.
  std::optional<std::int64_t> recent;
  if (id) {
    STORE_LET(found, sql_.First(
                         "SELECT purge_job FROM record_sessions WHERE id=? AND organization=?",
                         [&marked](const Statement& row) { marked = OptionalOid(row, 0); }, *id,
                         selection.organization_row));
    STORE_LET(const Tenant* const organization, Find(selection.organization));
    if (organization == nullptr) return absl::InternalError("nobody's request");
    STORE_LET(recent, sql_.Int("SELECT 1 FROM tombstones WHERE call_hash IS NULL "
                               "AND session_hash=? AND purged_ms>?",
                               ByteView(TombstoneHash(organization->tombstone_key, *id)),
                               selection.now_ms - kPurgeDeadlineMs));
  }
  if (!found && !recent) {
    selection.AddUnknown(std::nullopt, std::string(name));
    return absl::OkStatus();
  }
  selection.Add(std::nullopt, id);
  if (marked && !selection.running) selection.running = marked;
  if (!found || marked || selection.what_if) return absl::OkStatus();
  selection.any_new = true;
  return sql_.Run("UPDATE record_sessions SET purge_job=? WHERE id=?", selection.job, *id);
}

absl::Status RecordLedger::SelectCustomer(const PurgeRequest& request, Selection& selection) {
  if (request.customer == nullptr) return absl::InternalError("nobody looked for the calls");
  STORE_LET(selection.customer,
            FindCustomer(sql_, selection.organization_row, request.number_e164));
  const Customer& customer = selection.customer;
  std::int64_t upto_seq = -1;
  STORE_TRY(sql_.First(
                    "SELECT id,upto_seq FROM purge_jobs WHERE organization=? AND number_index=? "
                    "ORDER BY upto_seq DESC LIMIT 1",
                    [&](const Statement& row) {
                      selection.running = OptionalOid(row, 0);
                      upto_seq = row.Int(1);
                    },
                    customer.organization, customer.number_index)
                .status());
  STORE_LET(const auto contact, sql_.Int("SELECT 1 FROM record_contacts WHERE organization=? "
                                         "AND phone_index=?",
                                         customer.organization, customer.number_index));
  const bool anything = !request.customer->items.empty() || contact;
  selection.any_new = anything && request.customer->newest_seq > upto_seq;
  return absl::OkStatus();
}

}  // namespace trunkline::store

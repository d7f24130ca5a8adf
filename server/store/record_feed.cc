#include "server/store/record_feed.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using records::Direction;
using records::EndedBy;
using records::EndReason;
using records::EventType;
using records::Oid;
using records::Phase;

EndReason ReasonOf(call::Reason reason) {
  switch (reason) {
    case call::Reason::kMissed:
      return EndReason::kMissed;
    case call::Reason::kDisconnect:
      return EndReason::kDisconnect;
    case call::Reason::kHangup:
      return EndReason::kHangup;
    case call::Reason::kBusy:
      return EndReason::kBusy;
    case call::Reason::kMigrateConferenceCall:
      return EndReason::kMigrate;
  }
  return EndReason::kSystem;
}

EndedBy EndedByOf(const CallRow& row) {
  switch (row.ended->ended_by) {
    case call::EndedBy::kCaller:
      return EndedBy::kCaller;
    case call::EndedBy::kCallee:
      return EndedBy::kCallee;
    case call::EndedBy::kServer:
      break;
  }
  return EndedBy::kServer;
}

}  // namespace

RecordFeed::RecordFeed(Database* database, records::OidSource* ids)
    : sql_(database),
      ids_(ids),
      table_(database),
      outbox_(database, ids),
      links_(database, ids, &outbox_) {}

absl::StatusOr<RecordFeed::Party> RecordFeed::FindParty(UserId user) {
  Party party{user, 1, ""};
  STORE_TRY(sql_.First(
                    "SELECT u.phone,p.organization FROM users u LEFT JOIN record_users p "
                    "ON p.user=u.id WHERE u.id=?",
                    [&party](const Statement& row) {
                      const std::string phone = row.Text(0);
                      if (!phone.empty()) party.number = absl::StrCat("+", phone);
                      if (!row.Null(1)) party.organization = row.Int(1);
                    },
                    user)
                .status());
  return party;
}

absl::Status RecordFeed::Requested(const CallRow& row) {
  const fact::CallRequested& requested = row.requested;
  STORE_LET(const Party caller, FindParty(requested.caller));
  STORE_LET(const Party callee, FindParty(requested.callee));
  STORE_TRY(Add(requested, caller, callee, Direction::kOutbound));
  if (caller.organization == callee.organization) return absl::OkStatus();
  return Add(requested, callee, caller, Direction::kInbound);
}

absl::Status RecordFeed::Add(const fact::CallRequested& requested, const Party& owner,
                             const Party& other, Direction direction) {
  const bool outbound = direction == Direction::kOutbound;
  Held held;
  RecordRow& row = held.row;
  records::Call& call = row.call;
  call.id = outbound ? Oid::OfCall(requested.at_ms, requested.id) : ids_->Next(requested.at_ms);
  call.mtproto_id = requested.id;
  call.direction = direction;
  call.video = requested.video;
  call.from_e164 = outbound ? owner.number : other.number;
  call.to_e164 = outbound ? other.number : owner.number;
  call.created_ms = call.updated_ms = requested.at_ms;
  row.organization = owner.organization;
  row.owner = owner.user;
  row.internal = owner.organization == other.organization;
  if (row.internal) row.peer = other.user;
  STORE_LET(row.seq, outbox_.NextSeq(row.organization));
  STORE_TRY(links_.JoinSession(row, {requested.caller, requested.callee}));
  STORE_TRY(links_.ResolveContact(row));
  STORE_TRY(outbox_.Emit(row, EventType::kCallInitiated, requested.at_ms));
  held_[requested.id].push_back(std::move(held));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RecordFeed::Held>*> RecordFeed::RecordsOf(CallId call) {
  const auto [at, inserted] = held_.try_emplace(call);
  if (inserted) {
    STORE_LET(std::vector<RecordRow> rows, table_.ByCall(call));
    for (RecordRow& row : rows) at->second.push_back({std::move(row), true, false});
  }
  return &at->second;
}

template <class Change>
absl::Status RecordFeed::Move(const CallRow& row, Phase phase, std::int64_t at_ms, Change change) {
  STORE_LET(std::vector<Held>* const records, RecordsOf(row.requested.id));
  for (Held& held : *records) {
    records::Call& call = held.row.call;
    if (call.phase >= phase) continue;
    call.phase = phase;
    call.updated_ms = at_ms;
    held.changed = true;
    STORE_TRY(change(held));
  }
  return absl::OkStatus();
}

absl::Status RecordFeed::Received(const CallRow& row) {
  const std::int64_t at_ms = row.received->at_ms;
  return Move(row, Phase::kRinging, at_ms, [this, at_ms](Held& held) {
    held.row.call.received_ms = at_ms;
    return outbox_.Emit(held.row, EventType::kCallRinging, at_ms);
  });
}

absl::Status RecordFeed::Accepted(const CallRow& row) {
  const std::int64_t at_ms = row.accepted->at_ms;
  return Move(row, Phase::kAccepted, at_ms, [this, at_ms](Held& held) {
    held.row.call.accepted_ms = at_ms;
    return outbox_.Emit(held.row, EventType::kCallAnswered, at_ms);
  });
}

absl::Status RecordFeed::Confirmed(const CallRow& row) {
  const std::int64_t at_ms = row.confirmed->at_ms;
  return Move(row, Phase::kConfirmed, at_ms, [at_ms](Held& held) {
    held.row.call.confirmed_ms = at_ms;
    return absl::OkStatus();
  });
}

absl::Status RecordFeed::Ended(const CallRow& row) {
  return Move(row, Phase::kEnded, row.ended->at_ms,
              [this, &row](Held& held) { return End(held, row); });
}

absl::Status RecordFeed::End(Held& held, const CallRow& row) {
  const fact::CallEnded& ended = *row.ended;
  records::Call& call = held.row.call;
  call.end_reason = ReasonOf(ended.reason);
  call.ended_by = EndedByOf(row);
  call.video = call.video || ended.video;
  call.ended_ms = ended.at_ms;
  call.duration_s = records::DurationOf(call);
  if (ended.established) call.reported_duration_s = ended.duration;
  if (ended.connection_id != 0) call.relay = ended.connection_id;
  const Notice of_caller{ended.caller_message_id, ended.caller_pts};
  const Notice of_callee{ended.callee_message_id, ended.callee_pts};
  const bool outbound = call.direction == Direction::kOutbound;
  held.row.owner_notice = outbound ? of_caller : of_callee;
  if (held.row.internal) held.row.peer_notice = outbound ? of_callee : of_caller;
  STORE_TRY(links_.EndSession(call.session, ended.at_ms, call.accepted_ms.has_value()));
  STORE_TRY(links_.NoteMessage(held.row));
  any_ended_ = true;
  STORE_TRY(outbox_.Emit(held.row, EventType::kCallEnded, ended.at_ms));
  return outbox_.Emit(held.row, EventType::kFetchMessages, ended.at_ms);
}

absl::StatusOr<RecordFeed::Held*> RecordFeed::RecordOf(CallId call, UserId party) {
  STORE_LET(std::vector<Held>* const records, RecordsOf(call));
  for (Held& held : *records) {
    if (held.row.owner == party || held.row.peer == party) return &held;
  }
  return nullptr;
}

// The fact has no time of its own; its call's end is what there is.
absl::StatusOr<bool> RecordFeed::Rated(const CallRow& row, const fact::CallRated& fact) {
  STORE_LET(Held* const held, RecordOf(fact.id, fact.by));
  if (held == nullptr) return false;
  const std::int64_t at_ms = row.ended ? row.ended->at_ms : row.requested.at_ms;
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO record_ratings(record,user,stars,comment,tags,"
               "user_initiative,created_ms) VALUES(?,?,?,?,?,?,?)",
               held->row.call.id, Oid::OfUser(fact.by), fact.rating, fact.comment,
               std::int64_t{fact.tags}, fact.user_initiative, at_ms));
  held->changed = true;
  STORE_TRY(outbox_.Emit(held->row, EventType::kCallRated, at_ms));
  return true;
}

absl::StatusOr<bool> RecordFeed::DebugSaved(const CallRow&, const fact::CallDebugSaved& fact) {
  STORE_LET(const Held* const held, RecordOf(fact.id, fact.by));
  return held != nullptr;
}

absl::Status RecordFeed::Flush() {
  for (auto& [call, records] : held_) {
    for (Held& held : records) {
      if (!held.stored) {
        STORE_TRY(table_.Insert(held.row));
      } else if (held.changed) {
        STORE_TRY(table_.Update(held.row));
      }
    }
  }
  held_.clear();
  return outbox_.Flush();
}

void RecordFeed::Forget() {
  held_.clear();
  outbox_.Forget();
}

}  // namespace trunkline::store

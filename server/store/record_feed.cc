#include "server/store/record_feed.h"

#include <utility>

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

absl::StatusOr<std::int64_t> RecordFeed::OrganizationOf(UserId user) {
  if (!organizations_) {
    organizations_.emplace();
    STORE_TRY(sql_.ForEach("SELECT user,organization FROM record_users WHERE organization<>1",
                           [this](const Statement& row) {
                             organizations_->emplace(row.IdOf<UserId>(0), row.Int(1));
                           }));
  }
  const auto other = organizations_->find(user);
  return other == organizations_->end() ? 1 : other->second;
}

absl::Status RecordFeed::Requested(const CallRow& row) {
  const fact::CallRequested& requested = row.requested;
  STORE_LET(const std::int64_t of_caller, OrganizationOf(requested.caller));
  STORE_LET(const std::int64_t of_callee, OrganizationOf(requested.callee));
  const bool internal = of_caller == of_callee;
  STORE_TRY(Add(requested, of_caller, Direction::kOutbound, internal));
  if (internal) return absl::OkStatus();
  return Add(requested, of_callee, Direction::kInbound, internal);
}

absl::Status RecordFeed::Add(const fact::CallRequested& requested, std::int64_t organization,
                             Direction direction, bool internal) {
  const bool outbound = direction == Direction::kOutbound;
  Held held;
  RecordRow& row = held.row;
  records::Call& call = row.call;
  call.id = outbound ? Oid::OfCall(requested.at_ms, requested.id) : ids_->Next(requested.at_ms);
  call.mtproto_id = requested.id;
  call.direction = direction;
  call.video = requested.video;
  call.created_ms = call.updated_ms = requested.at_ms;
  row.organization = organization;
  row.owner = outbound ? requested.caller : requested.callee;
  row.other = outbound ? requested.callee : requested.caller;
  row.internal = internal;
  STORE_LET(row.seq, outbox_.NextSeq(row.organization));
  STORE_TRY(JoinSession(row));
  STORE_TRY(links_.ResolveContact(row));
  STORE_TRY(outbox_.Emit(row, EventType::kCallInitiated, requested.at_ms));
  Hold(std::move(held));
  return absl::OkStatus();
}

absl::Status RecordFeed::JoinSession(RecordRow& row) {
  std::optional<Attempt> before;
  if (const Held* const held = NewestHeld(row)) {
    before = AttemptOf(held->row);
  } else {
    STORE_LET(before, links_.NewestBefore(row));
  }
  links_.JoinSession(row, before);
  return absl::OkStatus();
}

RecordFeed::Held* RecordFeed::NewestHeld(const RecordRow& row) {
  const auto newest = newest_.find({row.owner, *row.other, row.call.direction});
  if (newest == newest_.end()) return nullptr;
  for (Held& held : held_[newest->second]) {
    if (held.row.call.direction == row.call.direction) return &held;
  }
  return nullptr;
}

void RecordFeed::Hold(Held held) {
  const RecordRow& row = held.row;
  const Held* const before = NewestHeld(row);
  if (before == nullptr || before->row.call.created_ms <= row.call.created_ms) {
    newest_[{row.owner, *row.other, row.call.direction}] = row.call.mtproto_id;
  }
  held_[row.call.mtproto_id].push_back(std::move(held));
}

absl::StatusOr<std::vector<RecordFeed::Held>*> RecordFeed::RecordsOf(const CallRow& row) {
  const CallId call = row.requested.id;
  if (const auto held = held_.find(call); held != held_.end()) return &held->second;
  STORE_LET(std::vector<RecordRow> rows, table_.ByCall(call, row.requested.at_ms));
  for (RecordRow& record : rows) Hold({std::move(record), true, false});
  return &held_[call];
}

template <class Change>
absl::Status RecordFeed::Move(const CallRow& row, Phase phase, std::int64_t at_ms, Change change) {
  STORE_LET(std::vector<Held>* const records, RecordsOf(row));
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
  STORE_TRY(links_.NoteMessage(held.row));
  any_ended_ = true;
  STORE_TRY(outbox_.Emit(held.row, EventType::kCallEnded, ended.at_ms));
  return outbox_.Emit(held.row, EventType::kFetchMessages, ended.at_ms);
}

absl::StatusOr<RecordFeed::Held*> RecordFeed::RecordOf(const CallRow& row, UserId party) {
  STORE_LET(std::vector<Held>* const records, RecordsOf(row));
  for (Held& held : *records) {
    if (held.row.owner == party || held.row.peer() == party) return &held;
  }
  return nullptr;
}

// The fact has no time of its own; its call's end is what there is.
absl::StatusOr<bool> RecordFeed::Rated(const CallRow& row, const fact::CallRated& fact) {
  STORE_LET(Held* const held, RecordOf(row, fact.by));
  if (held == nullptr) return false;
  const std::int64_t at_ms = row.ended ? row.ended->at_ms : row.requested.at_ms;
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO record_ratings(record,user,stars,comment,tags,"
               "user_initiative,created_ms) VALUES(?1,?2,?3,"
               "seal(phone_owner(?8,?9),'record_ratings.comment',?1,?4),?5,?6,?7)",
               held->row.call.id, Oid::OfUser(fact.by), fact.rating, fact.comment,
               std::int64_t{fact.tags}, fact.user_initiative, at_ms, fact.id, fact.by));
  held->changed = true;
  STORE_TRY(outbox_.Emit(held->row, EventType::kCallRated, at_ms));
  return true;
}

absl::StatusOr<bool> RecordFeed::DebugSaved(const CallRow& row, const fact::CallDebugSaved& fact) {
  STORE_LET(const Held* const held, RecordOf(row, fact.by));
  return held != nullptr;
}

// Each organization's record has both sides, as it has the call's times.
absl::Status RecordFeed::Relayed(const CallRow& row, const fact::CallRelayed& fact) {
  const auto time = [](std::int64_t ms) { return ms == 0 ? std::nullopt : std::optional(ms); };
  STORE_LET(const std::vector<Held>* const records, RecordsOf(row));
  for (const Held& held : *records) {
    for (const bool callee : {false, true}) {
      const book::FlowSide& side = callee ? fact.callee : fact.caller;
      STORE_TRY(
          sql_.Run("INSERT OR REPLACE INTO record_flows(record,relay,side,packets,bytes,first_ms,"
                   "last_ms) VALUES(?,?,?,?,?,?,?)",
                   held.row.call.id, fact.relay, callee, side.packets, side.bytes,
                   time(side.first_ms), time(side.last_ms)));
    }
  }
  return absl::OkStatus();
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
  newest_.clear();
  return outbox_.Flush();
}

void RecordFeed::Forget() {
  held_.clear();
  newest_.clear();
  outbox_.Forget();
  links_.Forget();
}

}  // namespace trunkline::store

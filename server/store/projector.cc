#include "server/store/projector.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

absl::Status DoesNotContinue(std::int64_t seq, const book::Fact& fact) {
  return absl::InternalError(absl::StrCat("journal row ", seq, " (call ", fact.id, ", version ",
                                          fact.version, ") doesn't continue its call"));
}

void ReplayCall(const CallRow& row, absl::FunctionRef<void(const book::Fact&)> apply) {
  const auto of_call = [&row](book::FactBody body) {
    return book::Fact{book::Stream::kCall, row.requested.id.value(), row.version, std::move(body)};
  };
  apply(of_call(row.requested));
  if (row.received) apply(of_call(*row.received));
  if (row.accepted) apply(of_call(*row.accepted));
  if (row.confirmed) apply(of_call(*row.confirmed));
  if (row.ended) apply(of_call(*row.ended));
  for (int i = 0; i < row.debugs; ++i) {
    apply(of_call(fact::CallDebugSaved{row.requested.id, UserId(), ""}));
  }
}

}  // namespace

absl::StatusOr<Projector> Projector::Open(Database* database, records::OidSource* ids) {
  Projector projector;
  projector.feed_ = std::make_unique<RecordFeed>(database, ids);
  auto entities = EntityTables::Open(database);
  if (!entities.ok()) return entities.status();
  auto calls = CallTable::Open(database);
  if (!calls.ok()) return calls.status();
  auto rate = database->Prepare(
      "INSERT OR REPLACE INTO ratings(call,by_user,user_initiative,rating,comment,tags) "
      "VALUES(?1,?2,?3,?4,seal(phone_owner(?1,?2),'ratings.comment',phone_owner(?1,?2),?5),?6)");
  if (!rate.ok()) return rate.status();
  auto save_debug = database->Prepare(
      "INSERT INTO call_debug(call,by_user,version,json) VALUES(?1,?2,?3,"
      "seal(phone_owner(?1,?2),'call_debug.json',phone_owner(?1,?2),?4))");
  if (!save_debug.ok()) return save_debug.status();
  auto put_trace = database->Prepare("INSERT INTO traces(seq,ended_ms,body) VALUES(?,?,?)");
  if (!put_trace.ok()) return put_trace.status();
  projector.entities_ = *std::move(entities);
  projector.call_table_ = *std::move(calls);
  projector.rate_ = *std::move(rate);
  projector.save_debug_ = *std::move(save_debug);
  projector.put_trace_ = *std::move(put_trace);
  return projector;
}

namespace {

// A phone may rate a call after its purge, and a relay tell of it: the book knows ended calls a
// while longer.
bool IsOfPurged(const book::Fact& fact) {
  return std::holds_alternative<fact::CallRated>(fact.body) ||
         std::holds_alternative<fact::CallDebugSaved>(fact.body) ||
         std::holds_alternative<fact::CallRelayed>(fact.body);
}

}  // namespace

absl::Status Projector::Fold(std::int64_t seq, book::Fact fact) {
  return fact.stream == book::Stream::kCall ? FoldCall(seq, fact) : entities_.Fold(seq, fact);
}

absl::Status Projector::FoldCall(std::int64_t seq, book::Fact& fact) {
  const CallId id(fact.id);
  if (auto* requested = std::get_if<fact::CallRequested>(&fact.body)) {
    const auto [at, inserted] = calls_.try_emplace(id);
    if (!inserted) return DoesNotContinue(seq, fact);
    CallRow& row = at->second;
    row.version = fact.version;
    row.requested_seq = seq;
    row.requested = std::move(*requested);
    return feed_->Requested(row);
  }
  auto at = calls_.find(id);
  if (at == calls_.end()) {
    auto found = call_table_.Find(id);
    if (!found.ok()) return found.status();
    if (!*found) return IsOfPurged(fact) ? absl::OkStatus() : DoesNotContinue(seq, fact);
    at = calls_.try_emplace(id, **std::move(found)).first;
  }
  CallRow& row = at->second;
  if (fact.version <= row.version) return DoesNotContinue(seq, fact);
  row.version = fact.version;
  return FoldChange(seq, row, fact);
}

absl::Status Projector::FoldChange(std::int64_t seq, CallRow& row, book::Fact& fact) {
  if (auto* received = std::get_if<fact::CallReceived>(&fact.body)) {
    row.received = *received;
    return feed_->Received(row);
  }
  if (auto* accepted = std::get_if<fact::CallAccepted>(&fact.body)) {
    row.accepted = std::move(*accepted);
    return feed_->Accepted(row);
  }
  if (auto* confirmed = std::get_if<fact::CallConfirmed>(&fact.body)) {
    row.confirmed = std::move(*confirmed);
    return feed_->Confirmed(row);
  }
  if (auto* ended = std::get_if<fact::CallEnded>(&fact.body)) {
    const Bytes trace = std::exchange(ended->trace, {});
    row.ended = std::move(*ended);
    row.ended_seq = seq;
    STORE_TRY(call_table_.PutMessages(row));
    if (!trace.empty()) STORE_TRY(PutTrace(seq, row.ended->at_ms, trace));
    return feed_->Ended(row);
  }
  if (auto* rated = std::get_if<fact::CallRated>(&fact.body)) return Rate(row, *rated);
  if (auto* saved = std::get_if<fact::CallDebugSaved>(&fact.body)) {
    ++row.debugs;
    return SaveDebug(row, *saved);
  }
  if (auto* relayed = std::get_if<fact::CallRelayed>(&fact.body)) {
    return feed_->Relayed(row, *relayed);
  }
  return absl::InternalError("a fact of another stream in a call's");
}

absl::Status Projector::PutTrace(std::int64_t seq, std::int64_t ended_ms, const Bytes& trace) {
  put_trace_.Bind(seq, ended_ms, trace);
  return put_trace_.Run();
}

// Of a call whose record was discarded or purged nothing is kept.
absl::Status Projector::Rate(const CallRow& row, const fact::CallRated& fact) {
  STORE_LET(const bool kept, feed_->Rated(row, fact));
  if (!kept) return absl::OkStatus();
  rate_.Bind(fact.id, fact.by, fact.user_initiative, fact.rating, fact.comment,
             std::int64_t{fact.tags});
  return rate_.Run();
}

absl::Status Projector::SaveDebug(const CallRow& row, const fact::CallDebugSaved& fact) {
  STORE_LET(const bool kept, feed_->DebugSaved(row, fact));
  if (!kept) return absl::OkStatus();
  save_debug_.Bind(fact.id, fact.by, row.version, fact.json);
  return save_debug_.Run();
}

absl::Status Projector::Flush() {
  for (const auto& [id, row] : calls_) {
    if (absl::Status status = call_table_.Put(row); !status.ok()) return status;
  }
  calls_.clear();
  return feed_->Flush();
}

void Projector::Forget() {
  calls_.clear();
  feed_->Forget();
}

// Ratings and debug texts stay where they are: the book hands them on and forgets them, but
// counts the latter.
absl::Status Projector::ReplayCalls(const EndedSince& since,
                                    absl::FunctionRef<void(const book::Fact&)> apply) {
  return call_table_.ForEach(since, [apply](const CallRow& row) { ReplayCall(row, apply); });
}

}  // namespace trunkline::store

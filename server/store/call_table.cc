#include "server/store/call_table.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/call/machine.h"
#include "server/store/fact_codec.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

constexpr absl::string_view kColumns =
    "id,version,requested_seq,ended_seq,debugs,"
    "caller,callee,caller_hash,callee_hash,caller_device,random_id,video,requested_ms,deadline_ms,"
    "g_a_hash,protocol,received_ms,"
    "accepted_ms,callee_device,g_b,merged_protocol,"
    "started_ms,g_a,key_fingerprint,p2p_allowed,caller_connections,callee_connections,"
    "ended_ms,reason,established,duration,ended_video,connection_id,"
    "caller_message_id,caller_pts,callee_message_id,callee_pts,"
    "conference,need_rating,need_debug,callee_missed,slug,ended_by";
constexpr int kColumnCount = 43;

// A member of a fact that may not have happened.
template <class T, class M>
std::optional<M> If(const std::optional<T>& happened, M T::*member) {
  if (!happened) return std::nullopt;
  return (*happened).*member;
}

// Of the present state: a later fact's deadline replaces an earlier one's.
std::int64_t DeadlineOf(const CallRow& row) {
  if (row.ended) return 0;
  if (row.confirmed) return row.confirmed->deadline_ms;
  if (row.accepted) return row.accepted->deadline_ms;
  if (row.received) return row.received->deadline_ms;
  return row.requested.deadline_ms;
}

// The columns that only a live call has.
struct LiveColumns {
  std::optional<ByteView> g_a_hash, g_b, g_a;
  std::optional<std::string> protocol, merged_protocol, caller_connections, callee_connections;
};

LiveColumns LiveColumnsOf(const CallRow& row) {
  LiveColumns columns;
  if (row.ended) return columns;
  columns.g_a_hash = row.requested.g_a_hash;
  columns.protocol = EncodeProtocol(row.requested.protocol);
  if (row.accepted) {
    columns.g_b = row.accepted->g_b;
    columns.merged_protocol = EncodeProtocol(row.accepted->protocol);
  }
  if (row.confirmed) {
    columns.g_a = row.confirmed->g_a;
    columns.caller_connections = EncodeConnections(row.confirmed->caller_connections);
    columns.callee_connections = EncodeConnections(row.confirmed->callee_connections);
  }
  return columns;
}

std::optional<ByteView> AsBlob(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return AsBytes(*text);
}

// Reads the columns of a row from left to right.
class RowReader {
 public:
  explicit RowReader(const Statement& row) : row_(row) {}

  std::optional<CallRow> Read() {
    CallRow row;
    ReadRequested(row);
    ReadReceived(row);
    ReadAccepted(row);
    ReadConfirmed(row);
    ReadEnded(row);
    ReadRest(row);
    if (!good_) return std::nullopt;
    return row;
  }

 private:
  bool Null() const { return row_.Null(next_); }
  std::int64_t Int() { return row_.Int(next_++); }
  std::int32_t Int32() { return row_.Int32(next_++); }
  bool Bool() { return row_.Bool(next_++); }
  Bytes Blob() { return row_.BytesOf(next_++); }
  template <class T>
  void Part(std::optional<T> (*decode)(ByteView), T& to) {
    if (std::optional<T> part = decode(row_.Blob(next_++))) {
      to = *std::move(part);
    } else {
      good_ = false;
    }
  }

  void ReadRequested(CallRow& row) {
    fact::CallRequested& to = row.requested;
    to.id = CallId(Int());
    row.version = Int32();
    row.requested_seq = Int();
    row.ended_seq = Int();
    row.debugs = Int32();
    to.caller = UserId(Int());
    to.callee = UserId(Int());
    to.caller_hash = AccessHash(Int());
    to.callee_hash = AccessHash(Int());
    to.caller_device = DeviceId(Int());
    to.random_id = Int32();
    to.video = Bool();
    to.at_ms = Int();
    to.deadline_ms = Int();
    to.g_a_hash = Blob();
    Part(DecodeProtocol, to.protocol);
  }
  void ReadReceived(CallRow& row) {
    if (!Null()) row.received = {row.requested.id, row_.Int(next_), row.requested.deadline_ms};
    ++next_;
  }
  void ReadAccepted(CallRow& row) {
    if (Null()) {
      next_ += 4;
      return;
    }
    fact::CallAccepted& to = row.accepted.emplace();
    to.id = row.requested.id;
    to.deadline_ms = row.requested.deadline_ms;
    to.at_ms = Int();
    to.callee_device = DeviceId(Int());
    to.g_b = Blob();
    Part(DecodeProtocol, to.protocol);
  }
  void ReadConfirmed(CallRow& row) {
    if (Null()) {
      next_ += 6;
      return;
    }
    fact::CallConfirmed& to = row.confirmed.emplace();
    to.id = row.requested.id;
    to.deadline_ms = row.requested.deadline_ms;
    to.at_ms = Int();
    to.g_a = Blob();
    to.key_fingerprint = Int();
    to.p2p_allowed = Bool();
    Part(DecodeConnections, to.caller_connections);
    Part(DecodeConnections, to.callee_connections);
  }
  void ReadEnded(CallRow& row) {
    if (Null()) {
      next_ += 10;
      return;
    }
    fact::CallEnded& to = row.ended.emplace();
    to.id = row.requested.id;
    to.at_ms = Int();
    const std::int32_t reason = Int32();
    good_ = good_ && reason >= 0 &&
            reason <= static_cast<std::int32_t>(call::Reason::kMigrateConferenceCall);
    to.reason = static_cast<call::Reason>(reason);
    to.established = Bool();
    to.duration = Int32();
    to.video = Bool();
    to.connection_id = Int();
    to.caller_message_id = Int32();
    to.caller_pts = Int32();
    to.callee_message_id = Int32();
    to.callee_pts = Int32();
  }
  void ReadRest(CallRow& row) {
    const bool conference = Bool(), need_rating = Bool(), need_debug = Bool(),
               callee_missed = Bool();
    if (row.confirmed) row.confirmed->conference_supported = conference;
    if (!row.ended) return;
    row.ended->need_rating = need_rating;
    row.ended->need_debug = need_debug;
    row.ended->callee_missed = callee_missed;
    row.ended->slug = row_.Text(next_++);
    ReadEndedBy(*row.ended);
  }

  // Calls that ended under an earlier schema don't say.
  void ReadEndedBy(fact::CallEnded& ended) {
    if (Null()) {
      ended.ended_by = call::LikelyEndedBy(ended.reason);
      return;
    }
    const std::int32_t by = Int32();
    good_ = good_ && by >= 0 && by <= static_cast<std::int32_t>(call::EndedBy::kServer);
    ended.ended_by = static_cast<call::EndedBy>(by);
  }

  const Statement& row_;
  int next_ = 0;
  bool good_ = true;
};

absl::StatusOr<CallRow> ReadRow(const Statement& statement) {
  std::optional<CallRow> row = RowReader(statement).Read();
  if (!row) return absl::DataLossError(absl::StrCat("call ", statement.Int(0), ": bad columns"));
  return *std::move(row);
}

}  // namespace

absl::StatusOr<CallTable> CallTable::Open(Database* database) {
  std::string parameters = "?";
  for (int i = 1; i < kColumnCount; ++i) parameters += ",?";
  auto find = database->Prepare(absl::StrCat("SELECT ", kColumns, " FROM calls WHERE id=?"));
  if (!find.ok()) return find.status();
  auto put = database->Prepare(
      absl::StrCat("INSERT OR REPLACE INTO calls(", kColumns, ") VALUES(", parameters, ")"));
  if (!put.ok()) return put.status();
  auto put_message = database->Prepare(
      "INSERT INTO messages(owner,pts,id,call,peer,out,date_ms,video,reason,duration,slug) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?)");
  if (!put_message.ok()) return put_message.status();
  auto first_ended = database->Prepare(
      "SELECT min(ended_seq) FROM (SELECT ended_seq,ended_ms FROM calls WHERE ended_seq NOT NULL "
      "ORDER BY ended_seq DESC LIMIT ?) WHERE ended_ms>=?");
  if (!first_ended.ok()) return first_ended.status();
  auto ended = database->Prepare(
      absl::StrCat("SELECT ", kColumns, " FROM calls WHERE ended_seq>=? ORDER BY ended_seq"));
  if (!ended.ok()) return ended.status();
  auto live = database->Prepare(absl::StrCat(
      "SELECT ", kColumns, " FROM calls WHERE ended_seq IS NULL ORDER BY requested_seq"));
  if (!live.ok()) return live.status();
  CallTable table;
  table.find_ = *std::move(find);
  table.put_ = *std::move(put);
  table.put_message_ = *std::move(put_message);
  table.first_ended_ = *std::move(first_ended);
  table.ended_ = *std::move(ended);
  table.live_ = *std::move(live);
  return table;
}

absl::StatusOr<std::optional<CallRow>> CallTable::Find(CallId id) {
  find_.Bind(id);
  const absl::StatusOr<bool> found = find_.Step();
  if (!found.ok()) return found.status();
  if (!*found) return std::nullopt;
  absl::StatusOr<CallRow> row = ReadRow(find_);
  find_.Reset();
  if (!row.ok()) return row.status();
  return *std::move(row);
}

namespace {
std::optional<std::string> Slug(const CallRow& row) {
  if (!row.ended || row.ended->slug.empty()) return std::nullopt;
  return row.ended->slug;
}
std::optional<std::int32_t> EndedBy(const CallRow& row) {
  if (!row.ended) return std::nullopt;
  return static_cast<std::int32_t>(row.ended->ended_by);
}
}  // namespace

absl::Status CallTable::Put(const CallRow& row) {
  const LiveColumns live = LiveColumnsOf(row);
  const fact::CallRequested& requested = row.requested;
  const std::optional<std::int32_t> reason =
      row.ended ? std::optional(static_cast<std::int32_t>(row.ended->reason)) : std::nullopt;
  const std::optional<std::int64_t> ended_seq =
      row.ended ? std::optional(row.ended_seq) : std::nullopt;
  put_.Bind(requested.id, row.version, row.requested_seq, ended_seq, row.debugs, requested.caller,
            requested.callee, requested.caller_hash, requested.callee_hash, requested.caller_device,
            requested.random_id, requested.video, requested.at_ms, DeadlineOf(row), live.g_a_hash,
            AsBlob(live.protocol), If(row.received, &fact::CallReceived::at_ms),
            If(row.accepted, &fact::CallAccepted::at_ms),
            If(row.accepted, &fact::CallAccepted::callee_device), live.g_b,
            AsBlob(live.merged_protocol), If(row.confirmed, &fact::CallConfirmed::at_ms), live.g_a,
            row.ended ? std::nullopt : If(row.confirmed, &fact::CallConfirmed::key_fingerprint),
            If(row.confirmed, &fact::CallConfirmed::p2p_allowed), AsBlob(live.caller_connections),
            AsBlob(live.callee_connections), If(row.ended, &fact::CallEnded::at_ms), reason,
            If(row.ended, &fact::CallEnded::established), If(row.ended, &fact::CallEnded::duration),
            If(row.ended, &fact::CallEnded::video), If(row.ended, &fact::CallEnded::connection_id),
            If(row.ended, &fact::CallEnded::caller_message_id),
            If(row.ended, &fact::CallEnded::caller_pts),
            If(row.ended, &fact::CallEnded::callee_message_id),
            If(row.ended, &fact::CallEnded::callee_pts),
            row.confirmed && row.confirmed->conference_supported,
            row.ended && row.ended->need_rating, row.ended && row.ended->need_debug,
            row.ended && row.ended->callee_missed, Slug(row), EndedBy(row));
  return put_.Run();
}

absl::Status CallTable::PutMessages(const CallRow& row) {
  const fact::CallEnded& ended = *row.ended;
  const fact::CallRequested& requested = row.requested;
  const std::optional<std::int32_t> duration =
      ended.established ? std::optional(ended.duration) : std::nullopt;
  const auto reason = static_cast<std::int32_t>(ended.reason);
  const auto missed = static_cast<std::int32_t>(call::Reason::kMissed);
  put_message_.Bind(requested.caller, ended.caller_pts, ended.caller_message_id, ended.id,
                    requested.callee, true, ended.at_ms, ended.video, reason, duration, Slug(row));
  if (absl::Status status = put_message_.Run(); !status.ok()) return status;
  put_message_.Bind(requested.callee, ended.callee_pts, ended.callee_message_id, ended.id,
                    requested.caller, false, ended.at_ms, ended.video,
                    ended.callee_missed ? missed : reason, duration, Slug(row));
  return put_message_.Run();
}

absl::Status CallTable::ForEach(const EndedSince& since,
                                absl::FunctionRef<void(const CallRow&)> visit) {
  first_ended_.Bind(since.calls_max, since.at_ms);
  const absl::StatusOr<bool> found = first_ended_.Step();
  if (!found.ok()) return found.status();
  const bool any = *found && !first_ended_.Null(0);
  const std::int64_t first = any ? first_ended_.Int(0) : 0;
  first_ended_.Reset();
  if (any) {
    ended_.Bind(first);
    if (absl::Status status = VisitAll(ended_, visit); !status.ok()) return status;
  }
  live_.Bind();
  return VisitAll(live_, visit);
}

absl::Status CallTable::VisitAll(Statement& rows, absl::FunctionRef<void(const CallRow&)> visit) {
  for (;;) {
    const absl::StatusOr<bool> found = rows.Step();
    if (!found.ok()) return found.status();
    if (!*found) return absl::OkStatus();
    const absl::StatusOr<CallRow> row = ReadRow(rows);
    if (!row.ok()) {
      rows.Reset();
      return row.status();
    }
    visit(*row);
  }
}

}  // namespace trunkline::store

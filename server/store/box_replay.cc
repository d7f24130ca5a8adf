#include "server/store/box_replay.h"

#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/time.h"
#include "server/book/limits.h"

namespace trunkline::store {
namespace {

constexpr std::int64_t kReasonLast =
    static_cast<std::int64_t>(call::Reason::kMigrateConferenceCall);

absl::StatusOr<book::BoxMessage> ReadMessage(UserId owner, const Statement& row) {
  const std::int64_t reason = row.Int(6);
  if (reason < 0 || reason > kReasonLast) {
    return absl::DataLossError(
        absl::StrCat("message ", row.Int(0), " of user ", owner.value(), ": bad columns"));
  }
  book::BoxMessage kept{owner, row.Int32(0), {}};
  book::MessageView& message = kept.message;
  message.id = row.Int32(1);
  message.call_id = row.IdOf<CallId>(2);
  message.peer_id = row.IdOf<UserId>(3);
  message.out = row.Bool(4);
  message.from_id = message.out ? owner : message.peer_id;
  message.date = UnixDate(FromUnixMillis(row.Int(5)));
  message.reason = static_cast<call::Reason>(reason);
  message.video = row.Bool(7);
  if (!row.Null(8)) message.duration = row.Int32(8);
  message.slug = row.Text(9);
  return kept;
}

absl::Status ReplayBox(Statement& messages, UserId owner, const absl::flat_hash_set<CallId>& given,
                       absl::FunctionRef<void(const book::BoxMessage&)> keep) {
  messages.Bind(owner, book::kBoxMessagesMax);
  for (;;) {
    const absl::StatusOr<bool> row = messages.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    if (given.contains(messages.IdOf<CallId>(2))) continue;
    const absl::StatusOr<book::BoxMessage> message = ReadMessage(owner, messages);
    if (!message.ok()) return message.status();
    keep(*message);
  }
}

}  // namespace

namespace {

// From owner to owner by the key, past all their older rows.
absl::Status ForEachOwner(Database& database, std::string_view next_owner,
                          absl::FunctionRef<absl::Status(UserId)> visit) {
  auto next = database.Prepare(next_owner);
  if (!next.ok()) return next.status();
  for (std::int64_t owner = std::numeric_limits<std::int64_t>::min();;) {
    next->Bind(owner);
    const absl::StatusOr<bool> row = next->Step();
    if (!row.ok()) return row.status();
    if (!*row || next->Null(0)) return absl::OkStatus();
    owner = next->Int(0);
    next->Reset();
    if (absl::Status status = visit(UserId(owner)); !status.ok()) return status;
  }
}

absl::Status ReplayDeletionsOf(Statement& deletions, UserId owner,
                               absl::FunctionRef<void(const book::Fact&)> apply) {
  deletions.Bind(owner, book::kBoxMessagesMax);
  for (;;) {
    const absl::StatusOr<bool> row = deletions.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const book::fact::MessageDeleted deleted{owner, deletions.Int32(2), deletions.Int32(1),
                                             deletions.Int32(0)};
    // The versions of the owner's stream are in the user's own row.
    apply({book::Stream::kUser, owner.value(), 0, deleted});
  }
}

}  // namespace

absl::Status ReplayBoxes(Database& database, const absl::flat_hash_set<CallId>& given,
                         absl::FunctionRef<void(const book::BoxMessage&)> keep) {
  auto messages = database.Prepare(
      "SELECT pts,id,call,peer,out,date_ms,reason,video,duration,slug FROM messages WHERE owner=? "
      "ORDER BY pts DESC LIMIT ?");
  if (!messages.ok()) return messages.status();
  return ForEachOwner(database, "SELECT min(owner) FROM messages WHERE owner>?",
                      [&](UserId owner) { return ReplayBox(*messages, owner, given, keep); });
}

absl::Status ReplayDeletions(Database& database, absl::FunctionRef<void(const book::Fact&)> apply) {
  auto deletions = database.Prepare(
      "SELECT * FROM (SELECT newest_message_id,pts,message_id FROM message_deletions "
      "WHERE owner=? ORDER BY newest_message_id DESC,pts DESC LIMIT ?) ORDER BY pts");
  if (!deletions.ok()) return deletions.status();
  return ForEachOwner(database, "SELECT min(owner) FROM message_deletions WHERE owner>?",
                      [&](UserId owner) { return ReplayDeletionsOf(*deletions, owner, apply); });
}

}  // namespace trunkline::store

#include "server/store/entity_tables.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/store/fact_codec.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

// A code's row is kept this long after the code, for the limit of codes per phone number.
constexpr std::int64_t kCodeKeptMs = 60 * 60 * 1000;

// In the order of EntityTables::Sql. ?1 is the entity, ?2 its new version.
constexpr std::string_view kSql[] = {
    "INSERT INTO auth_keys(id,version,created_seq,key,created_ms,expires_ms,dc) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7)",
    "DELETE FROM auth_keys WHERE id=?1",
    "UPDATE auth_keys SET version=?2,layer=?3,api_id=?4,device_model=?5,system_version=?6,"
    "app_version=?7,system_lang_code=?8,lang_pack=?9,lang_code=?10 WHERE id=?1 AND version<?2",
    "UPDATE auth_keys SET version=?2,bound_seq=?3,bound_to=?4,"
    "bound_until_ms=min(?5,coalesce(bound_until_ms,?5)) "
    "WHERE id=?1 AND version<?2",
    "UPDATE auth_keys SET version=?2,signed_in_seq=?3,user=?4,signed_in_ms=?5,hash=?6,"
    "calls_disabled=0 "
    "WHERE id=?1 AND version<?2",
    "UPDATE auth_keys SET version=?2,signed_in_seq=NULL,user=NULL,signed_in_ms=NULL,hash=NULL,"
    "calls_disabled=0 WHERE id=?1 AND version<?2",
    "UPDATE auth_keys SET version=?2,calls_disabled=?3 WHERE id=?1 AND version<?2",
    "INSERT INTO codes(stream_id,issue,version,phone,hash,code,expires_ms) "
    "VALUES(?1,?2,?2,?3,?4,?5,?6)",
    "UPDATE codes SET hash='',code='' WHERE stream_id=?1 AND issue<?2",
    "DELETE FROM codes WHERE expires_ms<?1",
    "UPDATE codes SET version=?2,tries=tries+1 "
    "WHERE stream_id=?1 AND issue=(SELECT max(issue) FROM codes WHERE stream_id=?1)",
    "UPDATE codes SET version=?2,ended=1,hash='',code='' "
    "WHERE stream_id=?1 AND issue=(SELECT max(issue) FROM codes WHERE stream_id=?1)",
    "INSERT INTO users(id,version,access_hash,phone,first_name,last_name,bot,bot_token_hash,"
    "created_ms,seen_ms) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,0)",
    "UPDATE users SET version=?2,seen_ms=?3 WHERE id=?1 AND version<?2",
    "UPDATE users SET version=?2 WHERE id=?1 AND version<?2",
    "INSERT INTO contacts(owner,contact,added_seq,first_name,last_name) VALUES(?1,?2,?3,?4,?5) "
    "ON CONFLICT(owner,contact) DO UPDATE SET first_name=?4,last_name=?5",
    "DELETE FROM contacts WHERE owner=?1 AND contact=?2",
    "INSERT OR IGNORE INTO blocked(owner,user,added_seq) VALUES(?1,?2,?3)",
    "DELETE FROM blocked WHERE owner=?1 AND user=?2",
    "INSERT OR REPLACE INTO privacy(owner,key,rules) VALUES(?1,?2,?3)",
    // A message's pts is its id, plus one, plus the deletions that came before it: each of those
    // says how many there had been.
    "DELETE FROM messages WHERE owner=?1 AND id=?2 AND pts=?2+1+coalesce("
    "(SELECT pts-1-newest_message_id FROM message_deletions WHERE owner=?1 AND "
    "newest_message_id<?2 ORDER BY newest_message_id DESC,pts DESC LIMIT 1),0)",
    "INSERT INTO message_deletions(owner,newest_message_id,pts,message_id) VALUES(?1,?2,?3,?4)",
};

}  // namespace

absl::StatusOr<EntityTables> EntityTables::Open(Database* database) {
  static_assert(std::size(kSql) == kSqlCount);
  EntityTables tables;
  for (std::size_t i = 0; i < kSqlCount; ++i) {
    absl::StatusOr<Statement> statement = database->Prepare(kSql[i]);
    if (!statement.ok()) return statement.status();
    tables.statements_[i] = *std::move(statement);
  }
  return tables;
}

absl::Status EntityTables::Fold(std::int64_t seq, const book::Fact& fact) {
  return std::visit(Folding{*this, seq, fact}, fact.body);
}

template <class... Args>
absl::Status EntityTables::Folding::Run(Sql sql, const Args&... args) {
  tables.statements_[sql].Bind(args...);
  return tables.statements_[sql].Run();
}

template <class... Args>
absl::Status EntityTables::Folding::Change(Sql sql, const Args&... args) {
  if (absl::Status status = Run(sql, row.id, row.version, args...); !status.ok()) return status;
  if (tables.statements_[sql].changes() == 1) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("journal row ", seq, " (version ", row.version,
                                          ") doesn't continue its entity"));
}

absl::Status EntityTables::Folding::NextUserVersion() {
  return Change(kUserVersion);
}

absl::Status EntityTables::Folding::operator()(const fact::KeyCreated& fact) {
  return Change(kKeyCreated, seq, ByteView(fact.key.view()), fact.created_ms, fact.expires_ms,
                fact.dc);
}
absl::Status EntityTables::Folding::operator()(const fact::KeyDestroyed& fact) {
  return Run(kKeyDestroyed, fact.id);
}
absl::Status EntityTables::Folding::operator()(const fact::KeyInitialised& fact) {
  const book::ClientInfo& info = fact.info;
  return Change(kKeyInitialised, info.layer, info.api_id, info.device_model, info.system_version,
                info.app_version, info.system_lang_code, info.lang_pack, info.lang_code);
}
absl::Status EntityTables::Folding::operator()(const fact::KeyBound& fact) {
  return Change(kKeyBound, seq, fact.perm, fact.expires_ms);
}
absl::Status EntityTables::Folding::operator()(const fact::SignedIn& fact) {
  return Change(kSignedIn, seq, fact.user, fact.at_ms, fact.hash);
}
absl::Status EntityTables::Folding::operator()(const fact::SignedOut&) {
  return Change(kSignedOut);
}
absl::Status EntityTables::Folding::operator()(const fact::CallsDisabled& fact) {
  return Change(kCallsDisabled, fact.disabled);
}

absl::Status EntityTables::Folding::operator()(const fact::CodeIssued& fact) {
  absl::Status status = Run(kCodesTrim, fact.expires_ms - kCodeKeptMs);
  if (status.ok()) {
    status =
        Run(kCodeIssued, row.id, row.version, fact.phone, fact.hash, fact.code, fact.expires_ms);
  }
  if (status.ok()) status = Run(kCodesForget, row.id, row.version);
  return status;
}
// A code's rows may have been trimmed before its last facts came.
absl::Status EntityTables::Folding::operator()(const fact::CodeTried&) {
  return Run(kCodeTried, row.id, row.version);
}
absl::Status EntityTables::Folding::operator()(const fact::CodeEnded&) {
  return Run(kCodeEnded, row.id, row.version);
}

absl::Status EntityTables::Folding::operator()(const fact::UserCreated& fact) {
  return Change(kUserCreated, fact.access_hash, fact.phone, fact.first_name, fact.last_name,
                fact.bot, fact.bot_token_hash, fact.at_ms);
}
absl::Status EntityTables::Folding::operator()(const fact::UserSeen& fact) {
  return Change(kUserSeen, fact.at_ms);
}
absl::Status EntityTables::Folding::operator()(const fact::ContactAdded& fact) {
  const absl::Status status =
      Run(kContactAdded, fact.owner, fact.contact, seq, fact.first_name, fact.last_name);
  return status.ok() ? NextUserVersion() : status;
}
absl::Status EntityTables::Folding::operator()(const fact::ContactRemoved& fact) {
  const absl::Status status = Run(kContactRemoved, fact.owner, fact.contact);
  return status.ok() ? NextUserVersion() : status;
}
absl::Status EntityTables::Folding::operator()(const fact::BlockedChanged& fact) {
  const absl::Status status = fact.blocked ? Run(kBlocked, fact.owner, fact.user, seq)
                                           : Run(kUnblocked, fact.owner, fact.user);
  return status.ok() ? NextUserVersion() : status;
}
absl::Status EntityTables::Folding::operator()(const fact::PrivacySet& fact) {
  const std::string rules = EncodePrivacyRules(fact.rules);
  const absl::Status status =
      Run(kPrivacySet, fact.owner, static_cast<std::int32_t>(fact.key), AsBytes(rules));
  return status.ok() ? NextUserVersion() : status;
}

absl::Status EntityTables::Folding::operator()(const fact::MessageDeleted& fact) {
  absl::Status status = Run(kMessageGone, fact.owner, fact.message_id);
  if (status.ok()) {
    status = Run(kMessageDeleted, fact.owner, fact.newest_message_id, fact.pts, fact.message_id);
  }
  return status.ok() ? NextUserVersion() : status;
}

}  // namespace trunkline::store

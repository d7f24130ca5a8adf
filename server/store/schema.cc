#include "server/store/schema.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace trunkline::store {
namespace {

constexpr const char* kMigrations[] = {
    // 1: the journal, and the projections it is folded into.
    R"sql(
-- Facts not yet projected, in the order they became durable. Projecting a row deletes it.
CREATE TABLE journal(
  seq INTEGER PRIMARY KEY, stream INTEGER NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX journal_entity ON journal(id, version, stream);
-- One row: the last journal row that was projected, so that seq never starts again.
CREATE TABLE progress(projected_seq INTEGER NOT NULL) STRICT;
INSERT INTO progress VALUES(0);

CREATE TABLE users(
  id INTEGER PRIMARY KEY, version INTEGER NOT NULL, access_hash INTEGER NOT NULL,
  phone TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL, bot INTEGER NOT NULL,
  bot_token_hash TEXT NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE TABLE auth_keys(
  id INTEGER PRIMARY KEY, version INTEGER NOT NULL, created_seq INTEGER NOT NULL,
  key BLOB NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, dc INTEGER NOT NULL,
  bound_seq INTEGER, bound_to INTEGER, bound_until_ms INTEGER,
  signed_in_seq INTEGER, user INTEGER, signed_in_ms INTEGER, hash INTEGER,
  calls_disabled INTEGER NOT NULL DEFAULT 0,
  layer INTEGER, api_id INTEGER, device_model TEXT, system_version TEXT, app_version TEXT,
  system_lang_code TEXT, lang_pack TEXT, lang_code TEXT) STRICT;
CREATE TABLE contacts(
  owner INTEGER NOT NULL, contact INTEGER NOT NULL, added_seq INTEGER NOT NULL,
  first_name TEXT NOT NULL, last_name TEXT NOT NULL,
  PRIMARY KEY(owner, contact)) STRICT, WITHOUT ROWID;
CREATE TABLE blocked(
  owner INTEGER NOT NULL, user INTEGER NOT NULL, added_seq INTEGER NOT NULL,
  PRIMARY KEY(owner, user)) STRICT, WITHOUT ROWID;
CREATE TABLE privacy(
  owner INTEGER NOT NULL, key INTEGER NOT NULL, rules BLOB NOT NULL,
  PRIMARY KEY(owner, key)) STRICT, WITHOUT ROWID;
-- Login codes, the newest of a phone number and those before it that still count for its limit.
CREATE TABLE codes(
  stream_id INTEGER NOT NULL, issue INTEGER NOT NULL, version INTEGER NOT NULL,
  phone TEXT NOT NULL, hash TEXT NOT NULL, code TEXT NOT NULL, expires_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(stream_id, issue)) STRICT, WITHOUT ROWID;

-- Live calls (ended_seq is NULL) with their key material, and the records of ended ones without.
CREATE TABLE calls(
  id INTEGER PRIMARY KEY, version INTEGER NOT NULL, requested_seq INTEGER NOT NULL,
  ended_seq INTEGER, debugs INTEGER NOT NULL,
  caller INTEGER NOT NULL, callee INTEGER NOT NULL, caller_hash INTEGER NOT NULL,
  callee_hash INTEGER NOT NULL, caller_device INTEGER NOT NULL, random_id INTEGER NOT NULL,
  video INTEGER NOT NULL, requested_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,
  g_a_hash BLOB, protocol BLOB,
  received_ms INTEGER,
  accepted_ms INTEGER, callee_device INTEGER, g_b BLOB, merged_protocol BLOB,
  started_ms INTEGER, g_a BLOB, key_fingerprint INTEGER, p2p_allowed INTEGER,
  caller_connections BLOB, callee_connections BLOB,
  ended_ms INTEGER, reason INTEGER, established INTEGER, duration INTEGER, ended_video INTEGER,
  connection_id INTEGER, caller_message_id INTEGER, caller_pts INTEGER, callee_message_id INTEGER,
  callee_pts INTEGER) STRICT;
-- The service message of an ended call, once per party. Complete by itself: a party keeps it when
-- the record of the call is gone.
CREATE TABLE messages(
  owner INTEGER NOT NULL, pts INTEGER NOT NULL, id INTEGER NOT NULL, call INTEGER NOT NULL,
  peer INTEGER NOT NULL, out INTEGER NOT NULL, date_ms INTEGER NOT NULL, video INTEGER NOT NULL,
  reason INTEGER NOT NULL, duration INTEGER,
  PRIMARY KEY(owner, pts)) STRICT, WITHOUT ROWID;
CREATE VIEW boxes AS
  SELECT owner, max(pts) AS pts, max(id) AS last_message_id FROM messages GROUP BY owner;
CREATE TABLE ratings(
  call INTEGER NOT NULL, by_user INTEGER NOT NULL, user_initiative INTEGER NOT NULL,
  rating INTEGER NOT NULL, comment TEXT NOT NULL,
  PRIMARY KEY(call, by_user)) STRICT, WITHOUT ROWID;
CREATE TABLE call_debug(
  call INTEGER NOT NULL, by_user INTEGER NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(call, by_user, version)) STRICT;
)sql",
    // 2: traces of ended calls, found by the calls' ended_seq; what a call migrated to; tags of
    // ratings.
    R"sql(
CREATE TABLE traces(seq INTEGER PRIMARY KEY, ended_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
ALTER TABLE calls ADD COLUMN conference INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN need_rating INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN need_debug INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN slug TEXT;
ALTER TABLE calls ADD COLUMN callee_missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN slug TEXT;
ALTER TABLE ratings ADD COLUMN tags INTEGER NOT NULL DEFAULT 0;
)sql",
    // 3: a start that reads live calls and the newest ended ones, and a sign-in that forgets old
    // codes, without reading all the others.
    R"sql(
CREATE INDEX calls_ended ON calls(ended_seq, ended_ms);
CREATE INDEX codes_expiry ON codes(expires_ms);
)sql",
    // 4: the directory's one writer numbers the versions, and folding refuses one that doesn't
    // continue; an index that says so once more cost as much as the rows.
    R"sql(
DROP INDEX journal_entity;
)sql",
    // 5: service messages that were taken out of their owners' boxes, in the order of each box; who
    // ended a call.
    R"sql(
CREATE TABLE message_deletions(
  owner INTEGER NOT NULL, newest_message_id INTEGER NOT NULL, pts INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY(owner, newest_message_id, pts)) STRICT, WITHOUT ROWID;
DROP VIEW boxes;
CREATE VIEW boxes AS
  SELECT owner, max(pts) AS pts, max(id) AS last_message_id FROM (
    SELECT owner, pts, id FROM messages
    UNION ALL SELECT owner, pts, newest_message_id FROM message_deletions) GROUP BY owner;
ALTER TABLE calls ADD COLUMN ended_by INTEGER;
)sql",
};

absl::Status RunMigrations(Database& database, std::int64_t from, int to) {
  if (absl::Status begun = database.Begin(); !begun.ok()) return begun;
  absl::Status status;
  for (std::int64_t i = from; i < to && status.ok(); ++i) {
    status = database.Execute(kMigrations[i]);
  }
  if (status.ok()) {
    status = database.Execute(
        absl::StrCat("PRAGMA application_id=", kApplicationId, ";PRAGMA user_version=", to)
            .c_str());
  }
  return database.End(status);
}

}  // namespace

int SchemaVersion() {
  return static_cast<int>(std::size(kMigrations));
}

absl::Status Migrate(Database& database, int to) {
  const auto application = database.Number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto tables = database.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  const auto version = database.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*tables != 0 && *application != kApplicationId) {
    return absl::FailedPreconditionError("the database file belongs to another program");
  }
  if (*version < 0 || *version > SchemaVersion()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database has schema version ", *version,
                     ", made by a newer server; this one knows up to ", SchemaVersion()));
  }
  if (*version >= to) return absl::OkStatus();
  return RunMigrations(database, *version, to);
}

}  // namespace trunkline::store

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
    // 6, 7: earlier shapes of the call records, which no release had (Migrate refuses them).
    "",
    "",
    // 8: call records. Ids are blobs of twelve bytes, an organization is named by its row.
    R"sql(
CREATE INDEX users_phone ON users(phone);
-- last_seq: of its events.
CREATE TABLE organizations(
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL COLLATE NOCASE UNIQUE,
  host_label TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0, tombstone_key BLOB NOT NULL) STRICT;
-- Users of whom more is known than the book says. All others belong to organization 1.
CREATE TABLE record_users(
  user INTEGER PRIMARY KEY, organization INTEGER NOT NULL, full_name TEXT NOT NULL,
  email TEXT NOT NULL, lang_code TEXT NOT NULL, role INTEGER NOT NULL) STRICT;
CREATE TABLE record_contacts(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, first_name TEXT NOT NULL,
  last_name TEXT NOT NULL, phone_e164 TEXT NOT NULL, source TEXT NOT NULL, created_by_call BLOB,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX record_contacts_phone ON record_contacts(organization, phone_e164);
-- kind 1: voice, 2: chat
CREATE TABLE record_conversations(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, contact BLOB NOT NULL, kind INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, last_message_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX record_conversations_voice ON record_conversations(contact) WHERE kind=1;
CREATE INDEX record_conversations_contact ON record_conversations(contact);
CREATE TABLE record_texts(
  id BLOB PRIMARY KEY, conversation BLOB NOT NULL, owner INTEGER NOT NULL, body TEXT NOT NULL,
  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX record_texts_conversation ON record_texts(conversation);
-- Sessions that no call is left of; all others are what calls of one session say together. Between
-- two users (caller, callee) or, ingested, two numbers; the other kind of names is NULL. customer:
-- 1: the caller, 2: the callee, 3: either is the customer. seq: the organization's next event when
-- it began.
CREATE TABLE record_sessions(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, seq INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, answered INTEGER NOT NULL,
  caller INTEGER, callee INTEGER, from_e164 TEXT, to_e164 TEXT, customer INTEGER NOT NULL,
  purge_job BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX record_sessions_caller ON record_sessions(caller, callee) WHERE caller IS NOT NULL;
CREATE INDEX record_sessions_callee ON record_sessions(callee) WHERE callee IS NOT NULL;
CREATE INDEX record_sessions_from ON record_sessions(organization, from_e164, to_e164)
  WHERE from_e164 IS NOT NULL;
CREATE INDEX record_sessions_to ON record_sessions(organization, to_e164)
  WHERE to_e164 IS NOT NULL;
CREATE INDEX record_sessions_purge ON record_sessions(purge_job) WHERE purge_job IS NOT NULL;
-- A call as one organization sees it: between its user `owner` and `other`, a user too, who is its
-- own as well if the call is internal. Their numbers are in `users`; an ingested call has numbers
-- instead of `other`. status: server/store/record_rows.cc; events: their seqs, eight bytes each;
-- mtproto_id 0: ingested, and NULL where only an ingested call has a value.
CREATE TABLE records(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, mtproto_id INTEGER NOT NULL,
  seq INTEGER NOT NULL, session BLOB NOT NULL, conversation BLOB, contact BLOB, parent BLOB,
  owner INTEGER NOT NULL, other INTEGER, internal INTEGER NOT NULL, direction INTEGER NOT NULL,
  phase INTEGER NOT NULL, status INTEGER NOT NULL, reason INTEGER, ended_by INTEGER,
  video INTEGER NOT NULL, from_e164 TEXT, to_e164 TEXT,
  created_ms INTEGER NOT NULL, received_ms INTEGER, accepted_ms INTEGER, confirmed_ms INTEGER,
  ended_ms INTEGER, duration INTEGER NOT NULL, reported_duration INTEGER NOT NULL, relay INTEGER,
  owner_message_id INTEGER, owner_pts INTEGER, peer_message_id INTEGER, peer_pts INTEGER,
  provider TEXT, provider_call_id TEXT, external_id TEXT, updated_ms INTEGER NOT NULL,
  events BLOB NOT NULL, purge_job BLOB) STRICT, WITHOUT ROWID;
-- Each of these costs every call, so there are no more of them than must be. A record of the
-- caller's organization is found by the call's id, which its own id holds; records_call has the rest.
CREATE INDEX records_created ON records(organization, created_ms);
CREATE INDEX records_session ON records(session);
CREATE INDEX records_owner ON records(owner, other, direction);
CREATE INDEX records_other ON records(other) WHERE other IS NOT NULL;
CREATE INDEX records_call ON records(mtproto_id) WHERE direction=0 AND mtproto_id<>0;
CREATE INDEX records_from ON records(organization, from_e164, to_e164) WHERE from_e164 IS NOT NULL;
CREATE INDEX records_to ON records(organization, to_e164) WHERE to_e164 IS NOT NULL;
CREATE INDEX records_contact ON records(contact) WHERE contact IS NOT NULL;
CREATE INDEX records_conversation ON records(conversation) WHERE conversation IS NOT NULL;
CREATE INDEX records_provider ON records(organization, provider_call_id)
  WHERE provider_call_id IS NOT NULL;
CREATE UNIQUE INDEX records_external ON records(organization, external_id)
  WHERE external_id IS NOT NULL;
CREATE INDEX records_purge ON records(purge_job) WHERE purge_job IS NOT NULL;
-- A call's notices go with its record, so they are columns of it; this is how they read as messages.
CREATE VIEW record_messages AS
  SELECT conversation, owner, 'text' AS kind, NULL AS call, NULL AS mtproto_msg_id, NULL AS pts,
    body, created_ms FROM record_texts
  UNION ALL SELECT conversation, owner, 'call_notice', id, owner_message_id, owner_pts, '', ended_ms
    FROM records WHERE phase=4
  UNION ALL SELECT conversation, other, 'call_notice', id, peer_message_id, peer_pts, '', ended_ms
    FROM records WHERE phase=4 AND internal AND peer_message_id IS NOT NULL;
CREATE TABLE record_notes(
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, record BLOB NOT NULL, user BLOB NOT NULL,
  content TEXT NOT NULL, flagged INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;
CREATE INDEX record_notes_record ON record_notes(record);
CREATE TABLE record_ratings(
  record BLOB NOT NULL, user BLOB NOT NULL, stars INTEGER NOT NULL, comment TEXT NOT NULL,
  tags INTEGER NOT NULL, user_initiative INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY(record, user)) STRICT, WITHOUT ROWID;
CREATE TABLE record_viewers(
  record BLOB NOT NULL, email TEXT NOT NULL, PRIMARY KEY(record, email)) STRICT, WITHOUT ROWID;
CREATE TABLE record_ingested(
  record BLOB PRIMARY KEY, status TEXT NOT NULL, transcript TEXT NOT NULL, summary TEXT NOT NULL,
  recording TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Events, as many in a row as a transaction brought: `seq` is the first one's, `events` a
-- RecordEvents of journal.proto.
CREATE TABLE outbox(
  organization INTEGER NOT NULL, seq INTEGER NOT NULL, events BLOB NOT NULL,
  PRIMARY KEY(organization, seq)) STRICT, WITHOUT ROWID;
-- number and user: of a customer's job while it runs, the user if a user has the number; what it
-- selects began before event upto_seq + 1.
CREATE TABLE purge_jobs(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, kind INTEGER NOT NULL,
  requested_ms INTEGER NOT NULL, completed_ms INTEGER, number TEXT, user INTEGER,
  upto_seq INTEGER NOT NULL,
  calls INTEGER NOT NULL DEFAULT 0, sessions INTEGER NOT NULL DEFAULT 0,
  notes INTEGER NOT NULL DEFAULT 0, ratings INTEGER NOT NULL DEFAULT 0,
  viewers INTEGER NOT NULL DEFAULT 0, texts INTEGER NOT NULL DEFAULT 0,
  debugs INTEGER NOT NULL DEFAULT 0, traces INTEGER NOT NULL DEFAULT 0,
  notices INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
  conversations INTEGER NOT NULL DEFAULT 0, contacts INTEGER NOT NULL DEFAULT 0,
  receipt TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
CREATE INDEX purge_jobs_running ON purge_jobs(requested_ms) WHERE completed_ms IS NULL;
CREATE INDEX purge_jobs_customer ON purge_jobs(organization, number) WHERE number IS NOT NULL;
-- That something was purged, without saying what: hashes keyed by the organization's key.
-- call_hash NULL: a session without calls.
CREATE TABLE tombstones(
  no INTEGER PRIMARY KEY, call_hash BLOB, session_hash BLOB NOT NULL, purged_ms INTEGER NOT NULL,
  job BLOB NOT NULL) STRICT;
CREATE INDEX tombstones_call ON tombstones(call_hash) WHERE call_hash IS NOT NULL;
CREATE INDEX tombstones_session ON tombstones(session_hash) WHERE call_hash IS NULL;
CREATE TABLE credentials(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, kind INTEGER NOT NULL, user BLOB,
  scopes INTEGER NOT NULL, hash BLOB NOT NULL, created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit(
  no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, organization INTEGER NOT NULL,
  credential BLOB NOT NULL, user BLOB, action TEXT NOT NULL, selector BLOB NOT NULL,
  count INTEGER NOT NULL) STRICT;
CREATE TABLE record_secrets(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
-- Webhooks, and the events that one of them never took.
CREATE TABLE webhooks(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
  secret TEXT NOT NULL, after_seq INTEGER NOT NULL, failing_since_ms INTEGER NOT NULL,
  UNIQUE(organization, name)) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_dead(
  webhook BLOB NOT NULL, seq INTEGER NOT NULL, given_up_ms INTEGER NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY(webhook, seq)) STRICT, WITHOUT ROWID;
)sql",
    // 9: what is personal is sealed, under keys in another file (server/store/record_keys.h).
    // phone_index: the number, blinded. record_texts.body is empty, its text is in `sealed`.
    R"sql(
CREATE TABLE sealed_notes(
  no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, record BLOB NOT NULL, user BLOB NOT NULL,
  content BLOB NOT NULL, flagged INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;
INSERT INTO sealed_notes SELECT no,id,record,user,
  seal(record,'record_notes.content',id,content),flagged,created_ms FROM record_notes;
DROP TABLE record_notes;
ALTER TABLE sealed_notes RENAME TO record_notes;
CREATE INDEX record_notes_record ON record_notes(record);
CREATE TABLE sealed_ratings(
  record BLOB NOT NULL, user BLOB NOT NULL, stars INTEGER NOT NULL, comment BLOB NOT NULL,
  tags INTEGER NOT NULL, user_initiative INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  PRIMARY KEY(record, user)) STRICT, WITHOUT ROWID;
INSERT INTO sealed_ratings SELECT record,user,stars,
  seal(record,'record_ratings.comment',record,comment),tags,user_initiative,created_ms
  FROM record_ratings;
DROP TABLE record_ratings;
ALTER TABLE sealed_ratings RENAME TO record_ratings;
CREATE TABLE sealed_ingested(
  record BLOB PRIMARY KEY, status TEXT NOT NULL, transcript BLOB NOT NULL, summary BLOB NOT NULL,
  recording BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO sealed_ingested SELECT record,status,
  seal(record,'record_ingested.transcript',record,transcript),
  seal(record,'record_ingested.summary',record,summary),
  seal(record,'record_ingested.recording',record,recording) FROM record_ingested;
DROP TABLE record_ingested;
ALTER TABLE sealed_ingested RENAME TO record_ingested;
CREATE TABLE sealed_contacts(
  id BLOB PRIMARY KEY, organization INTEGER NOT NULL, first_name BLOB NOT NULL,
  last_name BLOB NOT NULL, phone_e164 BLOB NOT NULL, phone_index BLOB NOT NULL,
  source TEXT NOT NULL, created_by_call BLOB, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO sealed_contacts SELECT id,organization,
  seal(id,'record_contacts.first_name',id,first_name),
  seal(id,'record_contacts.last_name',id,last_name),
  seal(id,'record_contacts.phone_e164',id,phone_e164),
  blind(organization,phone_e164),source,created_by_call,created_ms,updated_ms
  FROM record_contacts;
DROP TABLE record_contacts;
ALTER TABLE sealed_contacts RENAME TO record_contacts;
CREATE INDEX record_contacts_phone ON record_contacts(organization, phone_index);
ALTER TABLE record_texts ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
UPDATE record_texts SET body='',sealed=seal(
  (SELECT contact FROM record_conversations v WHERE v.id=conversation),
  'record_texts.sealed',id,body);
CREATE TABLE sealed_call_ratings(
  call INTEGER NOT NULL, by_user INTEGER NOT NULL, user_initiative INTEGER NOT NULL,
  rating INTEGER NOT NULL, comment BLOB NOT NULL, tags INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(call, by_user)) STRICT, WITHOUT ROWID;
INSERT INTO sealed_call_ratings SELECT call,by_user,user_initiative,rating,
  seal(phone_owner(call,by_user),'ratings.comment',phone_owner(call,by_user),comment),tags
  FROM ratings;
DROP TABLE ratings;
ALTER TABLE sealed_call_ratings RENAME TO ratings;
CREATE TABLE sealed_debug(
  call INTEGER NOT NULL, by_user INTEGER NOT NULL, version INTEGER NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY(call, by_user, version)) STRICT;
INSERT INTO sealed_debug SELECT call,by_user,version,
  seal(phone_owner(call,by_user),'call_debug.json',phone_owner(call,by_user),json)
  FROM call_debug;
DROP TABLE call_debug;
ALTER TABLE sealed_debug RENAME TO call_debug;
)sql",
    // 10: answers to requests with an Idempotency-Key, for a day; keys and requests as
    // fingerprints.
    R"sql(
CREATE TABLE kept_answers(
  key BLOB PRIMARY KEY, credential BLOB NOT NULL, at_ms INTEGER NOT NULL, form INTEGER NOT NULL,
  request BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, call BLOB,
  purge_job BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answers_at ON kept_answers(at_ms);
CREATE INDEX kept_answers_credential ON kept_answers(credential);
CREATE INDEX kept_answers_call ON kept_answers(call) WHERE call IS NOT NULL;
)sql",
    // 11: numbers of ingested calls are sealed too, and found by what they are blinded to.
    R"sql(
ALTER TABLE records ADD COLUMN from_sealed BLOB;
ALTER TABLE records ADD COLUMN to_sealed BLOB;
ALTER TABLE records ADD COLUMN from_index BLOB;
ALTER TABLE records ADD COLUMN to_index BLOB;
UPDATE records SET from_sealed=seal(id,'records.from_sealed',id,from_e164),
  to_sealed=seal(id,'records.to_sealed',id,to_e164),
  from_index=blind(organization,from_e164),to_index=blind(organization,to_e164)
  WHERE from_e164 NOT NULL;
DROP INDEX records_from;
DROP INDEX records_to;
ALTER TABLE records DROP COLUMN from_e164;
ALTER TABLE records DROP COLUMN to_e164;
-- With the time: whoever looks for two parties' newest call would otherwise go by all calls' times.
CREATE INDEX records_from ON records(organization, from_index, to_index, created_ms)
  WHERE from_index IS NOT NULL;
CREATE INDEX records_to ON records(organization, to_index) WHERE to_index IS NOT NULL;
-- With the parent: a session may have any number of calls, and each that goes asks whose parent it was.
DROP INDEX records_session;
CREATE INDEX records_session ON records(session, parent);
ALTER TABLE record_sessions ADD COLUMN from_index BLOB;
ALTER TABLE record_sessions ADD COLUMN to_index BLOB;
UPDATE record_sessions SET from_index=blind(organization,from_e164),
  to_index=blind(organization,to_e164) WHERE from_e164 NOT NULL;
DROP INDEX record_sessions_from;
DROP INDEX record_sessions_to;
ALTER TABLE record_sessions DROP COLUMN from_e164;
ALTER TABLE record_sessions DROP COLUMN to_e164;
CREATE INDEX record_sessions_from ON record_sessions(organization, from_index, to_index)
  WHERE from_index IS NOT NULL;
CREATE INDEX record_sessions_to ON record_sessions(organization, to_index)
  WHERE to_index IS NOT NULL;
ALTER TABLE purge_jobs ADD COLUMN number_index BLOB;
UPDATE purge_jobs SET number_index=blind(organization,number) WHERE number NOT NULL;
DROP INDEX purge_jobs_customer;
ALTER TABLE purge_jobs DROP COLUMN number;
CREATE INDEX purge_jobs_customer ON purge_jobs(organization, number_index)
  WHERE number_index IS NOT NULL;
)sql",
    // 12: users are found by the e-mails that they log in with.
    R"sql(
CREATE INDEX record_users_email ON record_users(email COLLATE NOCASE) WHERE email<>'';
)sql",
    // 13: what relays counted for calls. side: 0 the caller's, 1 the callee's; times NULL: it was
    // silent.
    R"sql(
CREATE TABLE record_flows(
  record BLOB NOT NULL, relay INTEGER NOT NULL, side INTEGER NOT NULL, packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL, first_ms INTEGER, last_ms INTEGER,
  PRIMARY KEY(record, relay, side)) STRICT, WITHOUT ROWID;
ALTER TABLE purge_jobs ADD COLUMN flows INTEGER NOT NULL DEFAULT 0;
)sql",
    // 14: who viewed a call is sealed. viewer: the e-mail with its call, blinded, so that nobody is
    // there twice.
    R"sql(
CREATE TABLE sealed_viewers(
  record BLOB NOT NULL, viewer BLOB NOT NULL, email BLOB NOT NULL,
  PRIMARY KEY(record, viewer)) STRICT, WITHOUT ROWID;
INSERT INTO sealed_viewers SELECT v.record,blind(r.organization,hex(v.record)||v.email),
  seal(v.record,'record_viewers.email',v.record,v.email)
  FROM record_viewers v JOIN records r ON r.id=v.record;
DROP TABLE record_viewers;
ALTER TABLE sealed_viewers RENAME TO record_viewers;
)sql",
    // 15: fewer entries for each ingested call: its external id is what its provider calls it, a
    // conversation is a contact's, and nobody asks for it by its owner.
    R"sql(
DROP INDEX records_external;
DROP INDEX records_conversation;
DROP INDEX records_owner;
CREATE INDEX records_owner ON records(owner, other, direction) WHERE other IS NOT NULL;
)sql",
};

absl::Status RunMigrations(Database& database, std::int64_t from, int to,
                           absl::FunctionRef<absl::Status()> before_commit) {
  // What is sealed must not be left on pages that become free.
  if (absl::Status secure = database.Execute("PRAGMA secure_delete=ON"); !secure.ok()) {
    return secure;
  }
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
  if (status.ok()) status = before_commit();
  return database.End(status);
}

}  // namespace

int SchemaVersion() {
  return static_cast<int>(std::size(kMigrations));
}

absl::Status Migrate(Database& database, int to, absl::FunctionRef<absl::Status()> before_commit) {
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
  if (*version == 6 || *version == 7) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database has schema version ", *version,
                     ", which no release had; start with another"));
  }
  if (*version >= to) return absl::OkStatus();
  return RunMigrations(database, *version, to, before_commit);
}

}  // namespace trunkline::store

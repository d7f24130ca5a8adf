// What call records are made of, as every surface sees them. No HTTP, no JSON, no SQL: values only.
// Times are milliseconds of the server's Unix clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "server/records/oid.h"

namespace trunkline::records {

enum class Direction : std::uint8_t { kInbound, kOutbound };  // seen from the owner
// Only moves forward; any may be followed by kEnded, which is final.
enum class Phase : std::uint8_t { kRequested, kRinging, kAccepted, kConfirmed, kEnded };
enum class EndReason : std::uint8_t {
  kMissed,
  kBusy,
  kHangup,
  kDisconnect,
  kMigrate,
  kExpired,
  kSystem,
};
enum class EndedBy : std::uint8_t { kCaller, kCallee, kServer };
enum class Role : std::uint8_t { kAdmin, kMember, kService };

struct Organization {
  Oid id;
  std::string name;        // unique, case-insensitively
  std::string host_label;  // unique
  std::int64_t created_ms = 0;
};

struct User {
  Oid id;  // of mtproto_id
  Oid organization;
  UserId mtproto_id;
  std::string phone_e164;  // with '+'; empty: none
  std::string full_name, email, lang_code;
  Role role = Role::kMember;
};

// Of a contact, both together: a placeholder that a discarded call may take with it.
inline constexpr char kPlaceholderName[] = "New Contact";
inline constexpr char kPlaceholderSource[] = "Outgoing Call";

struct Note {
  Oid id, user;
  std::string content;
  bool flagged = false;
  std::int64_t created_ms = 0;
};

struct Rating {
  Oid user;
  std::int32_t stars = 0;  // 1..5
  std::string comment;
  std::uint32_t tags = 0;  // book::RatingTag bits
  bool user_initiative = false;
  std::int64_t created_ms = 0;
};

// What only an ingested call has. Texts are JSON where the surface takes JSON.
struct Ingested {
  std::string status;  // "completed", "no-answer", "busy", "failed"
  std::string transcript, summary, recording;
};

// What a relay forwarded from one side of a call, as it told when nobody spoke there any more.
enum class Side : std::uint8_t { kCaller, kCallee };
struct RelayFlow {
  std::int64_t relay = 0;
  Side side = Side::kCaller;
  std::int64_t packets = 0, bytes = 0;
  std::optional<std::int64_t> first_ms, last_ms;  // none: it was silent
};

struct Call {
  Oid id, organization, session, owner;
  std::optional<Oid> conversation, contact, parent;
  CallId mtproto_id;  // 0: ingested
  Direction direction = Direction::kOutbound;
  Phase phase = Phase::kRequested;
  std::optional<EndReason> end_reason;  // kEnded
  std::optional<EndedBy> ended_by;      // kEnded
  bool video = false;
  std::string from_e164, to_e164;  // empty: the party has no number
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> received_ms, accepted_ms, confirmed_ms, ended_ms;
  std::int32_t duration_s = 0;           // of the server's clock; 0 unless confirmed
  std::int32_t reported_duration_s = 0;  // as the client said
  std::optional<std::int64_t> relay;
  std::string provider = "mtproto", provider_call_id;
  std::string external_id;  // empty: none
  std::string owner_name, owner_lang_code;
  std::int64_t updated_ms = 0;
  std::vector<Note> notes;  // oldest first
  std::vector<Rating> ratings;
  std::vector<std::string> viewed_by;  // e-mails
  std::optional<Ingested> ingested;
  std::vector<RelayFlow> flows;  // of Find alone: by relay, the caller's first
};

// The words of each surface for where a call is (kEnded: how it ended).
std::string_view DialpadStatus(const Call& call);  // initiated, ringing, in-progress, completed ...
std::string_view NotesStatus(const Call& call);    // Initiated, Ringing, In progress, Completed ...
// The reason that HTTP shows: a confirmed call that ended as missed or busy was hung up.
EndReason ShownReason(const Call& call);
// Seconds between confirmation and end, rounded; 0 unless both are there.
std::int32_t DurationOf(const Call& call);

// Events, as the outbox keeps them.
enum class EventType : std::uint8_t {
  kCallInitiated = 1,
  kCallRinging,
  kCallAnswered,
  kCallEnded,
  kCallRecordingReady,
  kCallRated,
  kCallDiscarded,
  kCallPurging,
  kCallPurged,
  kCallNoteAdded,
  kCallNoteUpdated,
  kCallNoteRemoved,
  kContactCreated,
  kContactRemoved,
  kConversationRemoved,
  kFetchMessages,
};
std::string_view NameOf(EventType type);  // "call_initiated" ...

struct Event {
  std::int64_t seq = 0;  // gapless within the organization, from 1
  Oid id{}, organization{};
  EventType type = EventType::kCallInitiated;
  std::int64_t at_ms = 0;
  // The data's members, empty ones left out; `purged`: {"purged": true} instead of all.
  std::optional<Oid> call{}, contact{}, note{}, conversation{};
  std::string cause{};
  bool purged = false;
};

}  // namespace trunkline::records

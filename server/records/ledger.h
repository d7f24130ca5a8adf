// What the three surfaces do to call records, without HTTP and without SQL: Reader answers
// questions, Ledger changes things. Synchronous; implemented by server/store. A Reader belongs to
// the thread that made it; the Ledger lives on the book's thread and runs inside a transaction that
// its caller commits (store::Store::Change).
//
// Statuses are the store's alone (server/store/sqlite.h): ResourceExhausted and Unavailable mean
// that nothing was changed, DataLoss that the process has to end. What a client did wrong is part
// of each result.
//
// Every question names the organization that asks; rows of others don't exist for it. A call is
// named by a client's text: its id in either case, or its provider_call_id. Calls that are being
// purged don't exist either, except where purges are asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ids.h"
#include "server/records/answers.h"
#include "server/records/types.h"
#include "server/records/webhooks.h"

namespace trunkline::records {

// Filters of lists; an empty one lets everything pass.
struct CallFilter {
  std::optional<Oid> contact, user;
  std::vector<std::string> dialpad_statuses, notes_statuses;
  std::optional<Direction> direction;
  std::optional<std::int64_t> from_ms, until_ms;  // created
  std::string search;                             // in numbers and the owner's name
  bool ascending = false;                         // by creation
  std::int64_t limit = 50, offset = 0;
};
struct CallPage {
  std::vector<Call> calls;
  std::int64_t total = 0;
};

// Hash: SHA-256 of a secret that nobody keeps; of a password crypto::HashPassword.
enum class CredentialKind : std::uint8_t { kJwt = 1, kApiKey, kClient, kPassword };
struct Credential {
  Oid id, organization;
  CredentialKind kind = CredentialKind::kApiKey;
  std::optional<Oid> user;
  std::uint32_t scopes = 0;  // api::Scope bits
  std::string hash;          // of the API key, the client's secret or the password; kJwt: empty
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;  // 0: never
  bool revoked = false;
};

struct PurgeJob {
  Oid id, organization;
  std::int64_t requested_ms = 0, completed_ms = 0;  // completed 0: still running
  std::string receipt;            // JSON with its signature; empty until completed
  std::int64_t calls_erased = 0;  // so far
};
enum class PurgeState : std::uint8_t { kUnknown, kPurging, kPurged };
struct PurgeStatus {
  PurgeState state = PurgeState::kUnknown;
  std::string receipt;
};

struct CustomerCalls;

class Reader : public WebhookReader {
 public:
  virtual absl::StatusOr<std::vector<Organization>> Organizations() = 0;
  virtual absl::StatusOr<std::vector<User>> Users() = 0;  // of all organizations
  // Of all organizations, in either case; none for an empty one.
  virtual absl::StatusOr<std::vector<User>> UsersWithEmail(std::string_view email) = 0;
  virtual absl::StatusOr<std::vector<Credential>> Credentials() = 0;

  // With notes, ratings and viewers.
  virtual absl::StatusOr<std::optional<Call>> Find(Oid organization, std::string_view call) = 0;
  virtual absl::StatusOr<CallPage> List(Oid organization, const CallFilter& filter) = 0;

  virtual absl::StatusOr<std::optional<PurgeJob>> FindJob(Oid organization, Oid job) = 0;
  virtual absl::StatusOr<PurgeStatus> StatusOf(Oid organization, std::string_view call) = 0;
  // What a purge by the number (PurgeRequest) would erase; takes a while if that is much.
  virtual absl::StatusOr<std::shared_ptr<const CustomerCalls>> OfCustomer(
      Oid organization, const std::string& number_e164, bool what_if) = 0;

  // Up to `max` events after `after`, in order. `oldest` is the lowest seq that is still kept.
  struct Events {
    std::vector<Event> events;
    std::int64_t oldest = 1, newest = 0;
  };
  virtual absl::StatusOr<Events> EventsAfter(Oid organization, std::int64_t after, int max) = 0;
};

// Somebody who is to have an account before they sign in.
struct NewPerson {
  std::string phone_e164;  // "+..."
  std::string first_name, last_name;
};
struct AddedPerson {
  enum class Fault : std::uint8_t { kNone, kPhone, kName } fault = Fault::kNone;
  UserId user;  // kNone: who has the number now
};

// What a change does to live calls, message boxes and accounts, in the same transaction. Given by
// the book's thread.
class Live {
 public:
  virtual ~Live() = default;
  // Ends a live call as the server: hangup. Its record has ended when this returns ok.
  virtual absl::Status HangUp(CallId call) = 0;
  // Takes a service message out of a user's box; their devices get updateDeleteMessages once the
  // transaction is committed.
  virtual absl::Status DeleteMessage(UserId owner, std::int32_t message_id) = 0;
  // The account of a number, made if there is none; its row is there when this returns ok. One that
  // was there keeps its names. A fault: nothing happened.
  virtual absl::StatusOr<AddedPerson> AddPerson(const NewPerson& person) = 0;
};

struct Actor {
  Oid organization;
  std::optional<Oid> user;
  Oid credential;
};

struct DiscardRequest {
  std::string call;  // as sent
  std::optional<std::string> contact;
  bool delete_contact = false;
};
struct PurgeItem {
  std::optional<std::string> call, session;  // as they are to be shown; nullopt: null
  enum class Status : std::uint8_t {
    kPurging,
    kNotFound,
    kError,
    kWhatIf
  } status = Status::kPurging;
  std::string error;
};
// What a customer's number selects at one moment, in the order of answers.
struct CustomerCalls {
  std::vector<PurgeItem> items;
  std::int64_t upto_seq = 0;    // of the organization's newest event then
  std::int64_t newest_seq = 0;  // of the first event of the item that began last
};
struct PurgeRequest {
  enum class Kind : std::uint8_t { kCalls, kSessions, kCustomer } kind = Kind::kCalls;
  std::vector<std::string> ids;  // as sent; kCalls and kSessions
  std::string number_e164;       // kCustomer; "+..." or, when nothing could be made of it, digits
  bool what_if = false;
  // kCustomer: what Reader::OfCustomer found, so that calls don't wait while it is looked for.
  std::shared_ptr<const CustomerCalls> customer = nullptr;
};
struct PurgeResult {
  std::vector<PurgeItem> items;
  std::optional<Oid> job;  // none: nothing to be done, or a dry run
  std::shared_ptr<const CustomerCalls> customer = nullptr;  // kCustomer: has the items instead

  const std::vector<PurgeItem>& shown() const { return customer ? customer->items : items; }
};

struct NoteText {
  std::string content;
  bool flagged = false;
};
enum class NoteResult : std::uint8_t { kDone, kNoCall, kNoNote };
struct NoteChange {
  NoteResult result = NoteResult::kDone;
  std::optional<Call> call;  // kDone: after the change
};

struct IngestRequest {
  std::string external_id;  // empty: none
  std::optional<Oid> user;  // the owner; none: the key's, else the service user
  Direction direction = Direction::kOutbound;
  std::string from_e164, to_e164;
  std::int64_t start_ms = 0;
  std::int32_t duration_s = 0;
  Ingested ingested;
};
struct IngestResult {
  Oid call;
  bool deduplicated = false;
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  // Asked inside the transaction, it sees what the transaction did.
  virtual Reader& reader() = 0;
  virtual WebhookWriter& webhooks() = 0;
  virtual AnswerKeeper& answers() = 0;

  // nullopt: the name or the label is taken.
  virtual absl::StatusOr<std::optional<Organization>> AddOrganization(std::string name,
                                                                      std::int64_t now_ms) = 0;
  // Puts a user of the book into another organization, or says more of them. False: no such user.
  virtual absl::StatusOr<bool> PutUser(const User& user) = 0;
  virtual absl::StatusOr<Credential> AddCredential(Credential credential, std::int64_t now_ms) = 0;
  virtual absl::StatusOr<bool> RevokeCredential(Oid organization, Oid credential) = 0;

  // False: no such call, and nothing happened.
  virtual absl::StatusOr<bool> Discard(const Actor& actor, const DiscardRequest& request,
                                       Live& live, std::int64_t now_ms) = 0;
  // Marks; the rows themselves go by PurgeSlice.
  virtual absl::StatusOr<PurgeResult> Purge(const Actor& actor, const PurgeRequest& request,
                                            std::int64_t now_ms) = 0;
  // Erases up to so many calls of running jobs. False: none is left that can go now; what waits for
  // the end of a live call makes PurgeDue true when that end is projected.
  virtual absl::StatusOr<bool> PurgeSlice(int calls_max, Live& live, std::int64_t now_ms) = 0;
  // Whether PurgeSlice has something to do: also after a restart. Costs nothing.
  virtual bool PurgeDue() const { return false; }

  virtual absl::StatusOr<NoteChange> AddNote(const Actor& actor, std::string_view call,
                                             const NoteText& note, std::int64_t now_ms) = 0;
  virtual absl::StatusOr<NoteChange> UpdateNote(const Actor& actor, std::string_view call,
                                                std::string_view note, const NoteText& text,
                                                std::int64_t now_ms) = 0;
  virtual absl::StatusOr<NoteChange> RemoveNote(const Actor& actor, std::string_view call,
                                                std::string_view note, std::int64_t now_ms) = 0;
  virtual absl::StatusOr<NoteChange> Rate(const Actor& actor, std::string_view call,
                                          std::int32_t stars, std::string_view comment,
                                          std::int64_t now_ms) = 0;
  virtual absl::StatusOr<NoteChange> MarkViewed(const Actor& actor, std::string_view call,
                                                std::string_view email, std::int64_t now_ms) = 0;
  virtual absl::StatusOr<IngestResult> Ingest(const Actor& actor, const IngestRequest& request,
                                              std::int64_t now_ms) = 0;
};

}  // namespace trunkline::records

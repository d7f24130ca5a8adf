// What hangs on a record and goes with it, for whoever deletes records, each in their own way; and
// what is left to prove that something was there.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha.h"
#include "common/entropy.h"
#include "server/records/oid.h"
#include "server/store/record_keys.h"
#include "server/store/record_outbox.h"
#include "server/store/record_rows.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

// Rows that are gone.
struct ErasedCounts {
  std::int64_t calls = 0, sessions = 0, notes = 0, ratings = 0, viewers = 0, texts = 0, debugs = 0,
               traces = 0, notices = 0, events = 0, conversations = 0, contacts = 0, flows = 0;
};

// In a file without any: the organization `default`, and the key that signs receipts. Within a
// transaction.
absl::Status SeedRecords(Database& database, records::OidSource& ids, Entropy& entropy);

// A hash that only who has the organization's key can make.
absl::StatusOr<Bytes> TombstoneKey(SqlCache& sql, const records::Oid& organization);
crypto::Sha256Digest TombstoneHash(const Bytes& key, const records::Oid& id);

// The keys of what EraseRecord erases.
void AddKeysOf(const RecordRow& record, std::vector<KeyOwner>& keys);
// Notes, ratings, viewers, debug texts of the organization's users, flows of relays, what was
// ingested; and the row, which was read with its details.
absl::Status EraseRecord(SqlCache& sql, const RecordRow& record, ErasedCounts& counts);
// record_sessions.customer
inline constexpr std::int32_t kCustomerCaller = 1, kCustomerCallee = 2;
// After EraseRecord: a session that has no other call stays as a row of its own.
absl::Status KeepEmptySession(SqlCache& sql, const RecordRow& record);
// Deletes a voice conversation without messages: no texts, and no other call whose notices are in
// it or, as it is live, will be. Emits conversation_removed.
absl::Status EraseSilentConversation(SqlCache& sql, RecordOutbox& outbox, const RecordRow& record,
                                     std::string_view cause, std::int64_t now_ms,
                                     ErasedCounts& counts);

// While it lives, what is deleted is overwritten, also on pages that become free.
class SecureDelete {
 public:
  explicit SecureDelete(Database& database) : database_(database) {
    // A pragma of a connection: it can't fail, and gives a row that nobody reads.
    (void)database_.Execute("PRAGMA secure_delete=ON");
  }
  ~SecureDelete() { (void)database_.Execute("PRAGMA secure_delete=FAST"); }
  SecureDelete(const SecureDelete&) = delete;
  SecureDelete& operator=(const SecureDelete&) = delete;

 private:
  Database& database_;
};

}  // namespace trunkline::store

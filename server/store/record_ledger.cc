// Organizations, users and credentials; the rest of the ledger is in files of its own.
#include "server/store/record_ledger.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "common/crypto/sha.h"

namespace trunkline::store {
namespace {

using records::Oid;

constexpr std::size_t kLabelMax = 63;  // of a host name's part

// What of a name can stand in a host name.
std::string HostLabel(std::string_view name) {
  std::string label;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte)) {
      label += absl::ascii_tolower(byte);
    } else if (!label.empty() && label.back() != '-') {
      label += '-';
    }
    if (label.size() == kLabelMax) break;
  }
  while (!label.empty() && label.back() == '-') label.pop_back();
  return label;
}

}  // namespace

RecordLedger::RecordLedger(Database* database, records::OidSource* ids, RecordFeed* feed,
                           RecordKeys* keys)
    : sql_(database),
      ids_(ids),
      feed_(feed),
      keys_(keys),
      table_(database),
      outbox_(feed->outbox()),
      links_(feed->links()),
      reader_(database),
      webhooks_(database, ids),
      answers_(database) {}

absl::StatusOr<std::unique_ptr<RecordLedger>> RecordLedger::Open(Database* database,
                                                                 records::OidSource* ids,
                                                                 RecordFeed* feed,
                                                                 RecordKeys* keys) {
  std::unique_ptr<RecordLedger> ledger(new RecordLedger(database, ids, feed, keys));
  Bytes key;
  STORE_TRY(ledger->sql_
                .First("SELECT value FROM record_secrets WHERE name='receipts'",
                       [&key](const Statement& row) { key = row.BytesOf(0); })
                .status());
  if (key.size() != 32) return absl::DataLossError("the key of receipts can't be read");
  ledger->signing_key_ = crypto::Ed25519Seed(std::span(key).first<32>());
  Wipe(key.data(), key.size());
  return ledger;
}

void RecordLedger::Settle(bool done) {
  secure_.reset();
  if (done) return;
  feed_->ForgetUsers();
  answers_.Forget();
  tenants_.clear();
  due_ = true;
}

void RecordLedger::DeleteForGood() {
  if (!secure_) secure_.emplace(sql_.database());
}

absl::StatusOr<const RecordLedger::Tenant*> RecordLedger::Find(const Oid& organization) {
  const auto known = tenants_.find(organization);
  if (known != tenants_.end()) return &known->second;
  Tenant tenant;
  STORE_LET(const bool found, sql_.First(
                                  "SELECT no,tombstone_key FROM organizations WHERE id=?",
                                  [&tenant](const Statement& row) {
                                    tenant = {row.Int(0), row.BytesOf(1)};
                                  },
                                  organization));
  if (!found) return nullptr;
  return &(tenants_[organization] = std::move(tenant));
}

absl::StatusOr<std::optional<std::int64_t>> RecordLedger::RowOf(const Oid& organization) {
  STORE_LET(const Tenant* const tenant, Find(organization));
  if (tenant == nullptr) return std::nullopt;
  return tenant->row;
}

// The selector is hashed with the organization's key: numbers are too few for a plain hash.
absl::Status RecordLedger::Audit(const records::Actor& actor, std::string_view action,
                                 std::string_view selector, std::int64_t count,
                                 std::int64_t now_ms) {
  STORE_LET(const Tenant* const organization, Find(actor.organization));
  if (organization == nullptr) return absl::InternalError("nobody's request");
  return sql_.Run(
      "INSERT INTO audit(at_ms,organization,credential,user,action,selector,count) "
      "VALUES(?,?,?,?,?,?,?)",
      now_ms, organization->row, actor.credential, actor.user, action,
      ByteView(crypto::HmacSha256(organization->tombstone_key, AsBytes(selector))), count);
}

absl::StatusOr<std::optional<records::Organization>> RecordLedger::AddOrganization(
    std::string name, std::int64_t now_ms) {
  records::Organization organization;
  organization.id = ids_->Next(now_ms);
  organization.host_label = HostLabel(name);
  if (organization.host_label.empty()) organization.host_label = organization.id.Hex();
  organization.name = std::move(name);
  organization.created_ms = now_ms;
  STORE_LET(const auto taken,
            sql_.Int("SELECT count(*) FROM organizations WHERE name=? OR host_label=?",
                     organization.name, organization.host_label));
  if (taken.value_or(0) != 0) return std::nullopt;
  STORE_TRY(
      sql_.Run("INSERT INTO organizations(id,name,host_label,created_ms,tombstone_key) "
               "VALUES(?,?,?,?,randomblob(32))",
               organization.id, organization.name, organization.host_label, now_ms));
  return organization;
}

absl::StatusOr<bool> RecordLedger::PutUser(const records::User& user) {
  STORE_LET(const auto organization, RowOf(user.organization));
  STORE_LET(const auto known, sql_.Int("SELECT 1 FROM users WHERE id=?", user.mtproto_id));
  if (!organization || !known) return false;
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO record_users(user,organization,full_name,email,"
               "lang_code,role) VALUES(?,?,?,?,?,?)",
               user.mtproto_id, *organization, user.full_name, user.email, user.lang_code,
               static_cast<std::int32_t>(user.role)));
  feed_->ForgetUsers();
  return true;
}

absl::StatusOr<records::Credential> RecordLedger::AddCredential(records::Credential credential,
                                                                std::int64_t now_ms) {
  STORE_LET(const auto organization, RowOf(credential.organization));
  credential.id = ids_->Next(now_ms);
  credential.created_ms = now_ms;
  STORE_TRY(
      sql_.Run("INSERT INTO credentials(id,organization,kind,user,scopes,hash,created_ms,"
               "expires_ms,revoked) VALUES(?,?,?,?,?,?,?,?,?)",
               credential.id, organization.value_or(0), static_cast<std::int32_t>(credential.kind),
               credential.user, std::int64_t{credential.scopes}, AsBytes(credential.hash), now_ms,
               credential.expires_ms, credential.revoked));
  return credential;
}

absl::StatusOr<bool> RecordLedger::RevokeCredential(Oid organization, Oid credential) {
  STORE_LET(const int revoked,
            sql_.Change("UPDATE credentials SET revoked=1 WHERE id=? AND organization="
                        "(SELECT no FROM organizations WHERE id=?)",
                        credential, organization));
  return revoked == 1;
}

}  // namespace trunkline::store

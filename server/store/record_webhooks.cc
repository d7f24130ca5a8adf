#include "server/store/record_webhooks.h"

#include <algorithm>
#include <utility>

#include "server/store/record_outbox.h"

namespace trunkline::store {
namespace {

using records::Oid;

constexpr int kDeadLettersShown = 100;
constexpr std::size_t kErrorMax = 200;

}  // namespace

absl::StatusOr<std::vector<records::Webhook>> ReadWebhooks(SqlCache& sql) {
  std::vector<records::Webhook> webhooks;
  STORE_TRY(sql.ForEach(
      "SELECT w.id,o.id,w.name,w.url,w.secret,w.after_seq,w.failing_since_ms FROM webhooks w "
      "JOIN organizations o ON o.no=w.organization",
      [&webhooks](const Statement& row) {
        webhooks.push_back({OidOf(row, 0), OidOf(row, 1), row.Text(2), row.Text(3), row.Text(4),
                            row.Int(5), row.Int(6)});
      }));
  return webhooks;
}

absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> ReadDeadLetters(
    SqlCache& sql, records::Oid organization, std::string_view name) {
  Oid webhook;
  std::int64_t row = 0;
  STORE_LET(const bool known, sql.First(
                                  "SELECT w.id,w.organization FROM webhooks w JOIN organizations o "
                                  "ON o.no=w.organization WHERE o.id=? AND w.name=?",
                                  [&](const Statement& found) {
                                    webhook = OidOf(found, 0);
                                    row = found.Int(1);
                                  },
                                  organization.bytes(), name));
  if (!known) return std::nullopt;
  std::vector<records::DeadLetter> letters;
  STORE_TRY(sql.ForEach(
      "SELECT seq,given_up_ms,error FROM webhook_dead WHERE webhook=? ORDER BY seq DESC LIMIT ?",
      [&letters](const Statement& dead) {
        letters.push_back({{.seq = dead.Int(0)}, dead.Int(1), dead.Text(2)});
      },
      webhook.bytes(), kDeadLettersShown));
  for (records::DeadLetter& letter : letters) {
    STORE_TRY(ReadEvents(sql, row, letter.event.seq - 1, 1,
                         [&letter](records::Event event) { letter.event = std::move(event); }));
    letter.event.organization = organization;
  }
  return letters;
}

absl::StatusOr<bool> RecordWebhooks::PutWebhook(const records::Webhook& webhook, bool move,
                                                std::int64_t now_ms) {
  STORE_LET(const auto organization,
            sql_.Int("SELECT no FROM organizations WHERE id=?", webhook.organization.bytes()));
  if (!organization) return false;
  STORE_LET(const auto newest,
            sql_.Int("SELECT last_seq FROM organizations WHERE no=?", *organization));
  const std::int64_t after =
      webhook.after == kNewest ? newest.value_or(0) : std::min(webhook.after, newest.value_or(0));
  STORE_LET(const int changed,
            sql_.Change("UPDATE webhooks SET url=?,secret=?,after_seq=iif(?,?,after_seq),"
                        "failing_since_ms=0 WHERE organization=? AND name=?",
                        webhook.url, webhook.secret, move, after, *organization, webhook.name));
  if (changed > 0) return true;
  STORE_LET(const auto count, sql_.Int("SELECT count(*) FROM webhooks"));
  if (count.value_or(0) >= std::int64_t{records::kWebhooksMax}) return false;
  STORE_TRY(sql_.Run(
      "INSERT INTO webhooks(id,organization,name,url,secret,after_seq,"
      "failing_since_ms) VALUES(?,?,?,?,?,?,0)",
      ids_->Next(now_ms).bytes(), *organization, webhook.name, webhook.url, webhook.secret, after));
  return true;
}

absl::StatusOr<bool> RecordWebhooks::RemoveWebhook(records::Oid organization,
                                                   std::string_view name) {
  STORE_LET(const auto id,
            sql_.Id("SELECT w.id FROM webhooks w JOIN organizations o ON o.no=w.organization "
                    "WHERE o.id=? AND w.name=?",
                    organization.bytes(), name));
  if (!id) return false;
  STORE_TRY(sql_.Run("DELETE FROM webhook_dead WHERE webhook=?", id->bytes()));
  STORE_TRY(sql_.Run("DELETE FROM webhooks WHERE id=?", id->bytes()));
  return true;
}

absl::Status RecordWebhooks::Delivered(records::Oid webhook, std::int64_t before,
                                       std::int64_t after) {
  return sql_.Run("UPDATE webhooks SET after_seq=?,failing_since_ms=0 WHERE id=? AND after_seq=?",
                  after, webhook.bytes(), before);
}

absl::Status RecordWebhooks::Failing(records::Oid webhook, std::int64_t since_ms) {
  return sql_.Run("UPDATE webhooks SET failing_since_ms=? WHERE id=?", since_ms, webhook.bytes());
}

absl::Status RecordWebhooks::GiveUp(records::Oid webhook, std::int64_t before, std::int64_t seq,
                                    std::string_view error, std::int64_t now_ms) {
  STORE_TRY(
      sql_.Run("INSERT OR REPLACE INTO webhook_dead(webhook,seq,given_up_ms,error) "
               "SELECT id,?,?,? FROM webhooks WHERE id=?",
               seq, now_ms, error.substr(0, kErrorMax), webhook.bytes()));
  return Delivered(webhook, before, seq);
}

}  // namespace trunkline::store

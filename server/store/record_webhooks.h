// The table of webhooks, and that of the events that one of them never took.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/webhooks.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

absl::StatusOr<std::vector<records::Webhook>> ReadWebhooks(SqlCache& sql);
absl::StatusOr<std::optional<std::vector<records::DeadLetter>>> ReadDeadLetters(
    SqlCache& sql, records::Oid organization, std::string_view name);

class RecordWebhooks final : public records::WebhookWriter {
 public:
  // Both are borrowed and outlive this.
  RecordWebhooks(Database* database, records::OidSource* ids) : sql_(database), ids_(ids) {}

  absl::StatusOr<bool> PutWebhook(const records::Webhook& webhook, bool move,
                                  std::int64_t now_ms) override;
  absl::StatusOr<bool> RemoveWebhook(records::Oid organization, std::string_view name) override;
  absl::Status Delivered(records::Oid webhook, std::int64_t before, std::int64_t after) override;
  absl::Status Failing(records::Oid webhook, std::int64_t since_ms) override;
  absl::Status GiveUp(records::Oid webhook, std::int64_t before, std::int64_t seq,
                      std::string_view error, std::int64_t now_ms) override;

 private:
  SqlCache sql_;
  records::OidSource* ids_;
};

}  // namespace trunkline::store

// The table of answers to requests with an Idempotency-Key.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/answers.h"
#include "server/store/record_sql.h"

namespace trunkline::store {

class RecordAnswers final : public records::AnswerKeeper {
 public:
  // Borrowed, outlives this.
  explicit RecordAnswers(Database* database) : sql_(database) {}

  absl::StatusOr<std::optional<records::KeptAnswer>> Find(std::string_view key,
                                                          std::int64_t now_ms) override;
  absl::StatusOr<bool> HasRoom(records::Oid credential, std::int64_t now_ms) override;
  absl::Status Keep(records::Oid credential, std::string_view key,
                    const records::KeptAnswer& answer, std::int64_t now_ms) override;

  // After a transaction that was undone.
  void Forget() { counts_.clear(); }

 private:
  absl::Status Trim(std::int64_t now_ms);

  SqlCache sql_;
  // Counting again costs as much as there are.
  absl::flat_hash_map<records::Oid, std::int64_t> counts_;
};

// Leaves of answers about a call only that they were given.
absl::Status EraseAnswers(SqlCache& sql, const records::Oid& call);

}  // namespace trunkline::store

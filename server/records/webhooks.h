// Webhooks: where events go by themselves, and how far each has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/types.h"

namespace trunkline::records {

inline constexpr std::size_t kWebhooksMax = 64;  // of all organizations
inline constexpr std::size_t kWebhookNameMax = 64;
inline constexpr std::int64_t kWebhookTriesMs = 24 * 3'600'000;  // then the event is given up

struct Webhook {
  Oid id{}, organization{};
  std::string name{};                 // unique in the organization
  std::string url{};                  // http://HOST[:PORT][/PATH]
  std::string secret{};               // signs what is sent
  std::int64_t after = 0;             // the last seq that was delivered or given up
  std::int64_t failing_since_ms = 0;  // 0: the next event wasn't refused yet
};

struct DeadLetter {
  Event event;
  std::int64_t given_up_ms = 0;
  std::string error;  // of the last try
};

// How long to wait after so many tries in a row that failed (>= 1): a second, doubled each time,
// ten minutes at most.
std::int64_t WebhookPauseMs(int failed);

// The questions run on a Reader's connection, the changes within a Ledger's transaction.
class WebhookReader {
 public:
  virtual ~WebhookReader() = default;
  virtual absl::StatusOr<std::vector<Webhook>> Webhooks() = 0;  // of all organizations
  // Newest first, at most a hundred. nullopt: no such webhook.
  virtual absl::StatusOr<std::optional<std::vector<DeadLetter>>> DeadLetters(
      Oid organization, std::string_view name) = 0;
};

class WebhookWriter {
 public:
  virtual ~WebhookWriter() = default;
  // By name: made, or given another address and secret. `after` counts for a new one, or if `move`;
  // kNewest: from now on. False: there are kWebhooksMax already.
  static constexpr std::int64_t kNewest = -1;
  virtual absl::StatusOr<bool> PutWebhook(const Webhook& webhook, bool move,
                                          std::int64_t now_ms) = 0;
  virtual absl::StatusOr<bool> RemoveWebhook(Oid organization, std::string_view name) = 0;
  // From `before` to `after`; nothing happens if it isn't there any more: somebody has moved it.
  virtual absl::Status Delivered(Oid webhook, std::int64_t before, std::int64_t after) = 0;
  virtual absl::Status Failing(Oid webhook, std::int64_t since_ms) = 0;
  // As delivered, and on the list of dead letters.
  virtual absl::Status GiveUp(Oid webhook, std::int64_t before, std::int64_t seq,
                              std::string_view error, std::int64_t now_ms) = 0;
};

}  // namespace trunkline::records

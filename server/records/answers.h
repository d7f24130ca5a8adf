// What was answered to requests with an Idempotency-Key, so that the same request gets the same
// answer again instead of happening twice. Kept in the transaction that the answer is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/records/oid.h"

namespace trunkline::records {

inline constexpr std::int64_t kAnswersKeptMs = 24 * 3'600'000;
inline constexpr std::int64_t kAnswersPerCredentialMax = 100'000;
inline constexpr std::size_t kKeptBodyBytesMax = 64 * 1024;

struct KeptAnswer {
  enum class Form : std::uint8_t {
    kBody = 1,  // as `body` has it
    kCall,      // `call` as it is when it is asked for again
    kTooLong,   // the body wasn't kept
    kErased,    // the call it was about is gone, and all that was kept with it
  };
  Form form = Form::kBody;
  std::string request;  // a fingerprint of query and body
  std::int32_t status = 200;
  std::string body;
  std::optional<Oid> call, purge_job;
};

// `key` is a fingerprint of who asked for what under which key.
class AnswerKeeper {
 public:
  virtual ~AnswerKeeper() = default;
  // Of the last kAnswersKeptMs.
  virtual absl::StatusOr<std::optional<KeptAnswer>> Find(std::string_view key,
                                                         std::int64_t now_ms) = 0;
  // False: the credential has as many as it may.
  virtual absl::StatusOr<bool> HasRoom(Oid credential, std::int64_t now_ms) = 0;
  virtual absl::Status Keep(Oid credential, std::string_view key, const KeptAnswer& answer,
                            std::int64_t now_ms) = 0;
};

}  // namespace trunkline::records

#include "server/records/time_text.h"

#include "absl/time/time.h"

namespace trunkline::records {
namespace {

std::string Formatted(const char* format, std::int64_t unix_ms) {
  return absl::FormatTime(format, absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

}  // namespace

std::string TimeText(std::int64_t unix_ms) {
  return Formatted("%E4Y-%m-%dT%H:%M:%SZ", unix_ms);
}

std::string TimeTextWithMillis(std::int64_t unix_ms) {
  return Formatted("%E4Y-%m-%dT%H:%M:%E3SZ", unix_ms);
}

}  // namespace trunkline::records

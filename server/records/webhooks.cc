#include "server/records/webhooks.h"

#include <algorithm>

namespace trunkline::records {
namespace {

constexpr std::int64_t kFirstPauseMs = 1'000, kPauseMaxMs = 600'000;
constexpr int kDoublingsMax = 10;  // 1 s * 2^10 is over the longest pause

}  // namespace

std::int64_t WebhookPauseMs(int failed) {
  return std::min(kFirstPauseMs << std::clamp(failed - 1, 0, kDoublingsMax), kPauseMaxMs);
}

}  // namespace trunkline::records

#include "tests/e2e/crash_totals.h"

#include <utility>

namespace trunkline::e2e {
namespace {

constexpr std::size_t kFindingsMax = 20;

}  // namespace

void CrashTotals::Acknowledged(Told what) {
  {
    const std::lock_guard lock(mutex_);
    ++told_[static_cast<int>(what)];
  }
  changed_.notify_all();
}

bool CrashTotals::AwaitAcknowledged(std::uint64_t count, std::chrono::microseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return acknowledged() >= count; });
}

void CrashTotals::ConnectionLost(const std::string& who, const std::string& failure) {
  const auto says = [&failure](const char* text) { return failure.find(text) != failure.npos; };
  const bool ended = says("the server closed") || says("can't connect");
  if (!crash_expected_ || !ended) Wrong(who + " lost its connection: " + failure);
}

std::uint64_t CrashTotals::acknowledged() const {
  std::uint64_t sum = 0;
  for (const auto& count : told_) sum += count;
  return sum;
}

std::string CrashTotals::Findings() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& finding : findings_) text += finding + '\n';
  return text;
}

void CrashTotals::Note(std::atomic<std::uint64_t>& count, std::string finding) {
  ++count;
  const std::lock_guard lock(mutex_);
  if (findings_.size() < kFindingsMax) findings_.push_back(std::move(finding));
}

}  // namespace trunkline::e2e

#include "server/store/held_calls.h"

#include <algorithm>
#include <iterator>
#include <variant>

namespace trunkline::store {

absl::Status HeldCalls::Take(std::int64_t seq, book::Fact fact, Fold fold) {
  if (fact.stream != book::Stream::kCall) return fold(seq, std::move(fact));
  const CallId call(fact.id);
  auto held = calls_.find(call);
  if (held == calls_.end()) {
    if (!std::holds_alternative<book::fact::CallRequested>(fact.body)) {
      return fold(seq, std::move(fact));
    }
    held = calls_.try_emplace(call).first;
  }
  const bool ended = std::holds_alternative<book::fact::CallEnded>(fact.body);
  held->second.emplace_back(seq, std::move(fact));
  ++rows_;
  if (!ended) return absl::OkStatus();
  std::vector<Row> rows = std::move(held->second);
  calls_.erase(held);
  return FoldRows(std::move(rows), fold);
}

absl::Status HeldCalls::Release(Fold fold) {
  std::vector<Row> rows;
  rows.reserve(rows_);
  for (auto& [call, held] : calls_) std::move(held.begin(), held.end(), std::back_inserter(rows));
  calls_.clear();
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.first < b.first; });
  return FoldRows(std::move(rows), fold);
}

absl::Status HeldCalls::FoldRows(std::vector<Row> rows, Fold fold) {
  rows_ -= rows.size();
  for (auto& [seq, fact] : rows) {
    if (absl::Status status = fold(seq, std::move(fact)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::optional<std::int64_t> HeldCalls::oldest_seq() const {
  std::optional<std::int64_t> oldest;
  for (const auto& [call, rows] : calls_) {
    if (!oldest || rows.front().first < *oldest) oldest = rows.front().first;
  }
  return oldest;
}

void HeldCalls::Forget() {
  calls_.clear();
  rows_ = 0;
}

}  // namespace trunkline::store

// Journal rows of calls that are held back from projection until the call's end: most calls end
// soon, and one that is folded as a whole is read and written once instead of with each slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/ids.h"
#include "server/book/fact.h"

namespace trunkline::store {

class HeldCalls {
 public:
  using Fold = absl::FunctionRef<absl::Status(std::int64_t seq, book::Fact fact)>;

  // Rows come in journal order. One that begins a call is held, and those of a held call; its end
  // folds them all. Any other is folded at once. After an error: Forget.
  absl::Status Take(std::int64_t seq, book::Fact fact, Fold fold);
  // Folds what is held, in journal order.
  absl::Status Release(Fold fold);
  void Forget();
  std::size_t rows() const { return rows_; }
  // Takes a look at each held call.
  std::optional<std::int64_t> oldest_seq() const;

 private:
  using Row = std::pair<std::int64_t, book::Fact>;
  absl::Status FoldRows(std::vector<Row> rows, Fold fold);

  absl::flat_hash_map<CallId, std::vector<Row>> calls_;
  std::size_t rows_ = 0;
};

}  // namespace trunkline::store

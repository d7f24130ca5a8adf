// Changes of projected tables that don't come from the journal, which are those of call records.

#include <utility>

#include "common/check.h"
#include "server/store/store.h"

namespace trunkline::store {
namespace {

constexpr int kSliceRows = 2048;

}  // namespace

absl::Status Store::Change(absl::FunctionRef<absl::Status()> change) {
  while (unprojected_ > 0) {
    if (const auto rows = Project(kSliceRows); !rows.ok()) return rows.status();
  }
  if (absl::Status begun = database_.Begin(); !begun.ok()) return begun;
  added_ = 0;
  absl::Status status = change();
  if (status.ok()) status = ledger_->Flush();
  status = End(std::move(status));
  projector_.Forget();
  ledger_->Settle(status.ok());
  if (!status.ok()) return status;
  next_seq_ += added_;
  // Calls wait for it, however large their own groups are.
  return Checkpoint(options_.checkpoint_pages_busy);
}

// Their rows of the journal would go in the transaction that brings them.
absl::Status Store::AddFacts(std::span<const book::Fact> facts) {
  CHECK(unprojected_ == 0);
  for (const book::Fact& fact : facts) {
    if (absl::Status status = projector_.Fold(next_seq_ + added_, fact); !status.ok()) {
      return status;
    }
    ++added_;
  }
  if (absl::Status status = projector_.Flush(); !status.ok()) return status;
  progress_.Bind(next_seq_ + added_ - 1);
  return progress_.Run();
}

absl::Status Store::PrepareRecords() {
  SystemEntropy system;
  Entropy& entropy = options_.entropy != nullptr ? *options_.entropy : system;
  if (absl::Status begun = database_.Begin(); !begun.ok()) return begun;
  if (absl::Status status = database_.End(SeedRecords(database_, record_ids_, entropy));
      !status.ok()) {
    return status;
  }
  auto ledger = RecordLedger::Open(&database_, &record_ids_, &projector_.feed(), keys_.get());
  if (!ledger.ok()) return ledger.status();
  ledger_ = *std::move(ledger);
  return absl::OkStatus();
}

}  // namespace trunkline::store

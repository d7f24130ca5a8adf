// Requests with an Idempotency-Key happen once: whoever asks again hears what was answered. Two at
// the same time are two transactions, one after the other, so the second waits for the first.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/http/answer.h"
#include "server/records/ledger.h"

namespace trunkline::api {

struct Exchange;

// 1 to 255 visible characters; one that was sent twice has a blank in it.
bool IsIdempotencyKey(std::string_view key);

// What an answer is about, and so goes with.
struct About {
  std::optional<records::Oid> call{};
  bool shows_call = false;  // the body is the whole call
};
template <class Found>
About AboutOf(const Found&) {
  return {};
}
inline About AboutOf(const records::NoteChange& change) {
  if (!change.call) return {};
  return {change.call->id, true};
}
inline About AboutOf(const std::optional<records::IngestResult>& result) {
  if (!result) return {};
  return {result->call, false};
}

struct Made {
  http::Answer answer;
  About about;
};
// Runs in the transaction.
using Make = std::function<absl::StatusOr<Made>(records::Ledger&, records::Live&)>;
// `after` runs when it is committed, before the answer leaves, unless the answer was there already.
void ChangeOnce(const std::shared_ptr<const Exchange>& exchange, Make make,
                std::function<void()> after);

}  // namespace trunkline::api

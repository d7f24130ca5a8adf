#include "server/store/sealed_facts.h"

#include <string>
#include <utility>
#include <variant>

#include "server/store/sqlite.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

constexpr std::string_view kRating = "journal.comment", kDebug = "journal.json";

absl::Status Seal(RecordKeys& keys, std::string_view place, CallId call, UserId user,
                  std::string& text) {
  const auto owner = KeyOwner::OfPhone(call, user);
  Bytes sealed;
  const int code = keys.Seal(owner, place, owner, text, sealed);
  text = AsText(sealed);
  return ToStatus(nullptr, code, "seal");
}

void Open(const RecordKeys& keys, std::string_view place, CallId call, UserId user,
          std::string& text) {
  if (!RecordKeys::IsSealed(AsBytes(text))) return;
  text = keys.Open(place, KeyOwner::OfPhone(call, user), AsBytes(text)).value_or("");
}

}  // namespace

absl::StatusOr<std::optional<book::FactBody>> SealTexts(RecordKeys& keys,
                                                        const book::FactBody& body) {
  absl::Status status;
  std::optional<book::FactBody> sealed;
  if (const auto* rated = std::get_if<fact::CallRated>(&body); rated && !rated->comment.empty()) {
    fact::CallRated copy = *rated;
    status = Seal(keys, kRating, copy.id, copy.by, copy.comment);
    sealed = std::move(copy);
  } else if (const auto* saved = std::get_if<fact::CallDebugSaved>(&body);
             saved && !saved->json.empty()) {
    fact::CallDebugSaved copy = *saved;
    status = Seal(keys, kDebug, copy.id, copy.by, copy.json);
    sealed = std::move(copy);
  }
  if (!status.ok()) return status;
  return sealed;
}

void OpenTexts(const RecordKeys& keys, book::FactBody& body) {
  if (auto* rated = std::get_if<fact::CallRated>(&body)) {
    Open(keys, kRating, rated->id, rated->by, rated->comment);
  } else if (auto* saved = std::get_if<fact::CallDebugSaved>(&body)) {
    Open(keys, kDebug, saved->id, saved->by, saved->json);
  }
}

}  // namespace trunkline::store

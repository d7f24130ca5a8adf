// What phones say of their call in words, sealed before it is written anywhere: the journal is part
// of backups, and its rows outlive their deletion in the log.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "server/book/fact.h"
#include "server/store/record_keys.h"

namespace trunkline::store {

// nullopt: there is nothing to seal.
absl::StatusOr<std::optional<book::FactBody>> SealTexts(RecordKeys& keys,
                                                        const book::FactBody& body);
// A text whose key is destroyed reads as empty. One of a row that was written before texts were
// sealed stays as it is.
void OpenTexts(const RecordKeys& keys, book::FactBody& body);

}  // namespace trunkline::store

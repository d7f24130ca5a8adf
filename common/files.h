// Small files that must be whole: read with a bound, written so that a power cut leaves the old
// content or the new. Errors name the path.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace trunkline {

// To its end, also of a pipe. nullopt: there is no such file. DATA_LOSS: it is longer than
// `bytes_max`.
absl::StatusOr<std::optional<std::string>> ReadIfThere(const std::string& path,
                                                       std::size_t bytes_max);

// Takes the place of what is at `directory`/`name`; `mode` as for open(2).
absl::Status WriteAtomically(const std::string& directory, const std::string& name,
                             const std::string& text, mode_t mode);

}  // namespace trunkline

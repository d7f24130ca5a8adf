// Files that a configuration names, read whole with a bound.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/bytes.h"

namespace trunkline {

inline constexpr std::size_t kConfigFileBytesMax = 1 << 20;

// Up to one byte more than the maximum, so that a larger file shows; nothing if it can't be read.
std::optional<std::string> ReadSmallFile(const std::string& path);

// A shared secret of 16 to 4096 bytes, without the blanks at its end. The error names the file,
// without the key.
absl::Status ReadSecretFile(const std::string& path, Bytes& out);

}  // namespace trunkline

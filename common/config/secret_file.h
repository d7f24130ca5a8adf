// Secrets that a configuration names by file.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/bytes.h"

namespace trunkline {

// A shared secret of 16 to 4096 bytes, without the blanks at its end. The error names the file,
// without the key.
absl::Status ReadSecretFile(const std::string& path, Bytes& out);

}  // namespace trunkline

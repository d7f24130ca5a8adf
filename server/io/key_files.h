// The server's RSA key in its data directory: server_key.pem (0600), and server_public.pem for
// clients.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/crypto/rsa.h"

namespace trunkline::io {

// Reads the key, or makes one at the first start. The caller holds the directory's lock. Errors
// name the file; a key that is there is never replaced.
absl::StatusOr<crypto::RsaPrivateKey> LoadOrMakeServerKey(const std::string& data_dir);

}  // namespace trunkline::io

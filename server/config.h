// The server's configuration: a TOML file, and every option of it as a flag; flags win. Unknown
// keys, values out of range and unreadable files are refused with one line that names the key and
// what is wrong.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/config/command_line.h"
#include "common/crypto/tls.h"
#include "server/io/node_config.h"
#include "server/record_service.h"

namespace trunkline {

struct Config {
  Config();  // the defaults

  io::NodeConfig node;
  HostPort http{"127.0.0.1", 0};
  RecordLimits record_limits;
  std::string log_level = "info";
  // Where secrets were read from; their content is in `node`.
  std::string bot_tokens_file;
  // Where relays register; empty host: nowhere. The secret is that of the file.
  HostPort relay_control;
  std::string relay_secret_file;
  Bytes relay_secret;
  // The files of TLS, and what was made of them; none: HTTP is plain.
  std::string http_tls_certificate, http_tls_key, webhook_ca_file;
  std::shared_ptr<const crypto::TlsServer> http_tls;
  std::shared_ptr<const crypto::TlsClient> webhook_trust;
  // One TURN server without a [[relay]] table.
  HostPort turn;
  std::string turn_secret_file, turn_secret;
};

struct CommandLine : ParsedLine {
  Config config;
};

// Reads flags and the file they name. Errors are one line without a program name.
absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv);

// `name` is what errors call the file.
absl::Status ApplyToml(std::string_view toml, const std::string& name, Config& config);

// The configuration as a TOML file, with every default; secrets are left out.
std::string EffectiveToml(Config config);

}  // namespace trunkline

#include "relay/io/config.h"

#include "common/config/file.h"

namespace trunkline::relay {
namespace {

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

// What only the whole configuration shows.
absl::Status CheckWhole(Config& config) {
  if (config.id == 0) return Wrong("id: is missing");
  if (config.listen.empty()) return Wrong("listen: is missing");
  if (config.secret_file.empty()) return Wrong("secret_file: is missing");
  const absl::Status status = ReadSecretFile(config.secret_file, config.secret);
  return status.ok() ? status : Wrong("secret_file: " + std::string(status.message()));
}

}  // namespace

absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  const Program program{"trunkline-relay", "The Trunkline relay", SettingsOf(line.config),
                        [&line] { return CheckWhole(line.config); },
                        [&line] { return SettingsToml(SettingsOf(line.config)); }};
  const absl::Status status = ReadCommandLine(argc, argv, program, line);
  if (!status.ok()) return status;
  return line;
}

}  // namespace trunkline::relay

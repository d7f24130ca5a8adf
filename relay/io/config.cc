#include "relay/io/config.h"

#include "common/config/secret_file.h"
#include "relay/io/addresses.h"

namespace trunkline::relay {
namespace {

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

bool IsIpv6(const HostPort& at) {
  return at.host.find(':') != std::string::npos;
}

// Two addresses are one of each family at one port, and with a server clients are told of them.
absl::Status CheckAdvertised(const Config& config) {
  const HostPort& second = config.advertise_ipv6;
  const HostPort& first = config.advertise.host.empty() ? config.listen.front() : config.advertise;
  if (!second.host.empty() && (!IsIpv6(second) || IsIpv6(first))) {
    return Wrong("advertise_ipv6: must be an IPv6 address beside an IPv4 one");
  }
  if (!second.host.empty() && second.port != first.port) {
    return Wrong("advertise_ipv6: must have the port of advertise");
  }
  if (!config.server.host.empty() && IsAnyAddress(EndpointOf(AddressOf(first).name).ip)) {
    return Wrong("advertise: is missing, clients can't be told " + first.host);
  }
  return absl::OkStatus();
}

// What only the whole configuration shows.
absl::Status CheckWhole(Config& config) {
  if (config.id == 0) return Wrong("id: is missing");
  if (config.listen.empty()) return Wrong("listen: is missing");
  if (config.secret_file.empty()) return Wrong("secret_file: is missing");
  absl::Status addresses = CheckAdvertised(config);
  if (!addresses.ok()) return addresses;
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

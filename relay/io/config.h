// The relay's configuration: a TOML file, and every key of it as a flag; flags win. Errors are one
// line that names the key, and the line of the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/config/command_line.h"
#include "common/time.h"
#include "relay/limits.h"

namespace trunkline::relay {

struct Config {
  std::uint32_t id = 0;
  std::vector<HostPort> listen;  // UDP and TCP each
  HostPort advertise;            // what clients are told; default: the first of `listen`
  HostPort advertise_ipv6;       // beside an IPv4 one, with the same port; empty: none
  HostPort server;               // empty: standalone
  HostPort http;                 // empty: none
  // For the picker. What fails together is one domain; empty: nobody knows.
  std::string region, domain;
  std::vector<std::string> labels;
  std::uint64_t capacity_packets = 0, capacity_bits = 0, capacity_calls = 0;  // 0: not said
  std::string secret_file;
  Bytes secret;  // of that file, without blanks at its end
  std::string log_level = "info";

  Limits limits;
  std::uint32_t threads = 1;
  // When packets came and none is left, the next may gather so long; 0: no naps. A voice doesn't
  // notice half a millisecond; bench/results says how much CPU that saves.
  std::uint32_t nap_us = 500;
  std::uint32_t receive_buffer = 4 << 20;
  std::uint32_t tcp_connections_max = 4096;
  Duration drain_timeout{5'000};  // SIGTERM waits so long for calls to end
};

struct CommandLine : ParsedLine {
  Config config;
};
absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv);

// Bound to `config`, which must outlive them.
Settings SettingsOf(Config& config);

}  // namespace trunkline::relay

// The keys of the configuration: one row each, for the file, the flags, the help and
// --print-effective.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/config.h"

namespace trunkline {

struct ConfigKey {
  enum class Type { kText, kNumber, kBool };  // kBool: a flag without a value
  std::string_view name;                      // in the file: section.key
  Type type;
  bool repeatable;  // an array in the file, several flags on the command line
  std::string_view help;
  // As many values as were given, at least one; exactly one when not repeatable.
  absl::Status (*set)(Config& config, const std::vector<std::string>& values);
  // Written forms, unquoted; none: left out of --print-effective.
  std::vector<std::string> (*get)(const Config& config);
};

std::span<const ConfigKey> ConfigKeys();
// --calls-ring-timeout for calls.ring_timeout
std::string FlagOf(std::string_view key);

// One relay: a [[relay]] table, or --relay id=1,kind=reflector,ip=192.0.2.1,port=4431.
using RelayFields = std::map<std::string, std::string>;
std::span<const std::string> RelayFieldNames();
// The error names the field.
absl::Status AddRelay(const RelayFields& fields, Config& config);

// What only the whole configuration shows, after file and flags.
absl::Status CheckWhole(Config& config);

}  // namespace trunkline

// The keys of the relay's configuration, one row each, for the file, the flags and the help.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "relay/io/config.h"

namespace trunkline::relay {

struct ConfigKey {
  std::string_view name;
  bool repeatable;  // an array in the file, several flags on the command line
  std::string_view help;
  // As many values as were given, at least one; exactly one when not repeatable. The error says
  // what is wrong, without the key.
  absl::Status (*set)(Config& config, const std::vector<std::string>& values);
};

std::span<const ConfigKey> ConfigKeys();

}  // namespace trunkline::relay

// The settings of the server: one row each, for the file, the flags, the help and
// --print-effective.
#pragma once

#include "absl/status/status.h"
#include "common/config/reader.h"
#include "server/config.h"

namespace trunkline {

// Bound to `config`, which must outlive them.
Settings SettingsOf(Config& config);

// One relay: a [[relay]] table, or --relay id=1,kind=reflector,ip=192.0.2.1,port=4431. The error
// names the field.
absl::Status AddRelay(const TableList::Fields& fields, Config& config);

// What only the whole configuration shows, after file and flags.
absl::Status CheckWhole(Config& config);

}  // namespace trunkline

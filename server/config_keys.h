// The settings of the server: one row each, for the file, the flags, the help and
// --print-effective.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/config/reader.h"
#include "common/config/setting.h"
#include "server/config.h"

namespace trunkline {

// Bound to `config`, which must outlive them.
Settings SettingsOf(Config& config);

// One relay: a [[relay]] table, or --relay id=1,kind=reflector,ip=192.0.2.1,port=4431. The error
// names the field.
absl::Status AddRelay(const TableList::Fields& fields, const std::string& where, Config& config);

// Of a TURN server: at most 1 KiB, without the line breaks at its end.
absl::Status ReadTurnSecret(const std::string& path, std::string& out);
// Two more relays, for `config.turn`: TURN under kTurnFlagId, STUN under the next.
inline constexpr std::int64_t kTurnFlagId = book::kRelayIdMax + 1;
absl::Status AddTurnFlag(Config& config);

// http_tls_certificate, http_tls_key, webhook_ca_file.
std::vector<Setting> TlsSettings(Config& config);
// Reads their files; the error names setting and file.
absl::Status ReadTlsFiles(Config& config);

// What only the whole configuration shows, after file and flags.
absl::Status CheckWhole(Config& config);

}  // namespace trunkline

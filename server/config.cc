#include "server/config.h"

#include "absl/strings/str_cat.h"
#include "server/config_keys.h"

namespace trunkline {
namespace {

std::string RelayToml(const book::RelayConfig& relay) {
  const char* const kind = relay.turn ? "turn" : relay.stun ? "stun" : "reflector";
  std::string text = absl::StrCat("\n[[relay]]\nid = ", relay.id, "\nkind = \"", kind, "\"\n");
  if (!relay.ip.empty()) absl::StrAppend(&text, "ip = ", QuotedToml(relay.ip), "\n");
  if (!relay.ipv6.empty()) absl::StrAppend(&text, "ipv6 = ", QuotedToml(relay.ipv6), "\n");
  absl::StrAppend(&text, "port = ", relay.port, "\ntcp = ", relay.tcp ? "true" : "false", "\n");
  if (!relay.region.empty()) absl::StrAppend(&text, "region = ", QuotedToml(relay.region), "\n");
  if (!relay.domain.empty()) absl::StrAppend(&text, "domain = ", QuotedToml(relay.domain), "\n");
  if (relay.turn || !relay.tag_secret.empty()) text += "# secret_file: set, not shown\n";
  return text;
}

}  // namespace

Config::Config() {
  node.data_dir = "trunkline-data";
  node.listen = {{"127.0.0.1", 4430}};
}

absl::Status ApplyToml(std::string_view text, const std::string& name, Config& config) {
  return ApplyToml(text, name, SettingsOf(config));
}

absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  const Program program{"trunkline-server", "The Trunkline server", SettingsOf(line.config),
                        [&line] { return CheckWhole(line.config); },
                        [&line] { return EffectiveToml(line.config); }};
  const absl::Status status = ReadCommandLine(argc, argv, program, line);
  if (!status.ok()) return status;
  return line;
}

std::string EffectiveToml(Config config) {
  std::string text;
  if (!config.node.book.test_code.empty()) text += "# test_code: set, not shown\n";
  text += SettingsToml(SettingsOf(config));
  for (const book::RelayConfig& relay : config.node.book.relays) {
    if (relay.id <= book::kRelayIdMax) text += RelayToml(relay);
  }
  return text;
}

}  // namespace trunkline

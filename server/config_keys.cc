#include "server/config_keys.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/config/secret_file.h"
#include "common/config/setting.h"
#include "server/http/post.h"
#include "server/io/code_delivery.h"
#include "server/io/switchboard.h"

namespace trunkline {
namespace {

using Values = Setting::Values;

constexpr DurationRange kCallTimeouts{Duration(1'000), Duration(600'000)};
constexpr DurationRange kLinkTimeouts{Duration(100), Duration(86'400'000)};
constexpr DurationRange kTraceTimes{Duration(0), Duration(365LL * 86'400'000)};
constexpr std::size_t kAddressesMax = 16;

absl::Status CheckDataDir(const std::string& path) {
  return path.empty() ? absl::InvalidArgumentError("must not be empty") : absl::OkStatus();
}

absl::Status CheckCommand(const std::string& path) {
  if (path.starts_with('/')) return absl::OkStatus();
  return absl::InvalidArgumentError("must be the absolute path of a program");
}

absl::Status CheckWebhook(const std::string& url) {
  return http::ParseTarget(url).status();
}

absl::Status CheckTestCode(const std::string& code) {
  const bool digits =
      std::all_of(code.begin(), code.end(), [](char d) { return d >= '0' && d <= '9'; });
  if (digits && code.size() >= 3 && code.size() <= 8) return absl::OkStatus();
  return absl::InvalidArgumentError("must be 3 to 8 digits");
}

// A secret: it isn't printed.
Setting TestCodeSetting(std::string& target) {
  Setting setting =
      TextSetting("test_code", "login code of test numbers +99966...; without, they are refused",
                  target, CheckTestCode);
  setting.get = {};
  return setting;
}

Setting DcSetting(DcId& dc) {
  const auto set = [&dc](const Values& values) {
    std::int64_t number = 0;
    const absl::Status status = ReadNumber(values[0], {1, 1000}, number);
    if (status.ok()) dc = DcId(static_cast<std::int32_t>(number));
    return status;
  };
  const auto get = [&dc] { return Values{absl::StrCat(dc.value())}; };
  return {
      "dc", "number of this data centre, as clients are told", Setting::Type::kNumber, false, set,
      get};
}

Setting DurabilitySetting(io::Durability& durability) {
  static constexpr std::string_view kNames[] = {"fsync", "os", "none"};
  const auto set = [&durability](const Values& values) {
    const absl::Status status = CheckOneOf(values[0], kNames);
    const auto* found = std::find(std::begin(kNames), std::end(kNames), values[0]);
    if (status.ok()) durability = static_cast<io::Durability>(found - kNames);
    return status;
  };
  const auto get = [&durability] {
    return Values{std::string(kNames[static_cast<int>(durability)])};
  };
  return {"store.durability", "fsync, os or none", Setting::Type::kText, false, set, get};
}

absl::Status ReadTokens(const std::string& path, Config& c) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(path, " can't be read"));
  c.bot_tokens_file = path;
  c.node.book.bot_tokens.clear();
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (line.size() > 256)
      return absl::InvalidArgumentError(absl::StrCat(path, ": a token is longer than 256 bytes"));
    c.node.book.bot_tokens.push_back(line);
  }
  return absl::OkStatus();
}

bool IsLoopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1";
}

std::vector<Setting> ProcessSettings(Config& c) {
  io::NodeConfig& node = c.node;
  return {
      TextSetting("data_dir", "directory of the database and the server's key", node.data_dir,
                  CheckDataDir),
      AddressesSetting("listen", "HOST:PORT for clients; port 0 lets the system choose",
                       node.listen, kAddressesMax),
      AddressesSetting("advertise", "HOST:PORT as clients reach it, for their configuration",
                       node.advertise, kAddressesMax),
      AddressSetting("http", "HOST:PORT of health pages and metrics", c.http),
      NumberSetting("threads", "link threads", node.threads, {1, io::kThreadsMax}),
      DcSetting(node.dc),
      TestCodeSetting(node.book.test_code),
      LogLevelSetting(c.log_level),
      BoolSetting("test_clock",
                  "for tests: call deadlines go by a clock that POST /test/v1/clock moves",
                  node.test_clock),
  };
}

std::vector<Setting> CallSettings(Config& c) {
  book::BookConfig& book = c.node.book;
  return {
      DurabilitySetting(c.node.durability),
      DurationSetting("calls.receive_timeout", "until a device of the callee answers",
                      book.receive_timeout, kCallTimeouts),
      DurationSetting("calls.ring_timeout", "until somebody accepts", book.ring_timeout,
                      kCallTimeouts),
      DurationSetting("calls.connect_timeout", "until media flows", book.connect_timeout,
                      kCallTimeouts),
      NumberSetting("calls.ask_rating", "of 100 established calls, how many to have rated",
                    book.ask_rating_percent, {0, 100}),
      NumberSetting("calls.ask_debug", "of 100 established calls, how many to ask debug data of",
                    book.ask_debug_percent, {0, 100}),
      BoolSetting("calls.conference_supported",
                  "let calls migrate to conferences, which run elsewhere",
                  book.conference_supported),
      DurationSetting("calls.keep_traces", "how long traces of ended calls are kept",
                      c.node.keep_traces, kTraceTimes),
  };
}

std::vector<Setting> SignInSettings(Config& c) {
  return {
      TextSetting("code.command", "program that delivers login codes; gets PHONE CODE on stdin",
                  c.node.code.command, CheckCommand),
      TextSetting("code.webhook", "http:// or https://HOST:PORT/PATH that delivers login codes",
                  c.node.code.webhook, CheckWebhook),
      TextSetting("bots.tokens_file", "file with one bot token per line", c.bot_tokens_file,
                  [&c](const std::string& path) { return ReadTokens(path, c); }),
  };
}

std::vector<Setting> LimitSettings(Config& c) {
  io::LinkLimits& limits = c.node.limits;
  return {
      NumberSetting("limits.connections", "connections in all", limits.connections_max,
                    {1, 1'000'000}),
      NumberSetting("limits.connections_per_address", "connections from one address",
                    limits.connections_per_address_max, {1, 1'000'000}),
      DurationSetting("limits.first_packet_timeout", "until a connection has sent one packet",
                      limits.first_packet_timeout, kLinkTimeouts),
      DurationSetting("limits.idle_timeout", "between two packets of a connection",
                      limits.idle_timeout, kLinkTimeouts),
      SizeSetting("limits.outbox", "bytes that may wait for one slow connection",
                  limits.outbox_bytes_max, {64 << 10, 64 << 20}),
      NumberSetting("limits.crypto_threads", "threads for key exchanges", c.node.crypto_threads,
                    {1, io::kThreadsMax}),
  };
}

std::vector<Setting> HttpSettings(Config& c) {
  constexpr Range kRates{0, 1'000'000}, kBursts{1, 10'000'000};
  RecordLimits& limits = c.record_limits;
  return {
      NumberSetting("http_rate", "requests a second of one credential; 0: no limit",
                    limits.rate.per_second, kRates),
      NumberSetting("http_burst", "requests that it may send at once", limits.rate.burst, kBursts),
      NumberSetting("http_failed_rate", "wrong tokens a second of one address; 0: no limit",
                    limits.failed_rate.per_second, kRates),
      NumberSetting("http_failed_burst", "wrong tokens that it may send at once",
                    limits.failed_rate.burst, kBursts),
  };
}

std::vector<Setting> RelaySettings(Config& c) {
  return {
      AddressSetting("relay_control", "HOST:PORT where relays register", c.relay_control),
      TextSetting("relay_secret_file", "file with the secret that relays register with",
                  c.relay_secret_file,
                  [&c](const std::string& path) { return ReadSecretFile(path, c.relay_secret); }),
      AddressSetting("turn", "HOST:PORT of a TURN server to offer, beside those of [[relay]]",
                     c.turn),
      TextSetting("turn_secret_file", "file with that server's static-auth-secret",
                  c.turn_secret_file,
                  [&c](const std::string& path) { return ReadTurnSecret(path, c.turn_secret); }),
  };
}

TableList RelayTables(Config& c) {
  return {"relay", "id=N,kind=reflector|turn|stun,ip=A,port=P[,...]",
          [&c] { c.node.book.relays.clear(); },
          [&c](const TableList::Fields& fields, const std::string& where) {
            return AddRelay(fields, where, c);
          }};
}

}  // namespace

Settings SettingsOf(Config& config) {
  Settings settings;
  for (const auto& group :
       {ProcessSettings(config), HttpSettings(config), TlsSettings(config), RelaySettings(config),
        CallSettings(config), SignInSettings(config), LimitSettings(config)}) {
    settings.values.insert(settings.values.end(), group.begin(), group.end());
  }
  settings.tables = {RelayTables(config)};
  return settings;
}

absl::Status CheckWhole(Config& config) {
  if (!config.node.code.command.empty() && !config.node.code.webhook.empty()) {
    return absl::InvalidArgumentError("code.webhook: can't be set beside code.command");
  }
  if (config.node.book.receive_timeout > config.node.book.ring_timeout) {
    return absl::InvalidArgumentError(
        "calls.receive_timeout: must not be longer than calls.ring_timeout");
  }
  if (config.node.test_clock && !IsLoopback(config.http.host)) {
    return absl::InvalidArgumentError("test_clock: only with http on a loopback address");
  }
  if (config.relay_control.host.empty() != config.relay_secret_file.empty()) {
    return absl::InvalidArgumentError(
        config.relay_control.host.empty()
            ? "relay_control: is missing, relay_secret_file is for it"
            : "relay_secret_file: is missing, relay_control needs one");
  }
  if (config.turn.host.empty() != config.turn_secret_file.empty()) {
    return absl::InvalidArgumentError(config.turn.host.empty()
                                          ? "turn: is missing, turn_secret_file is for it"
                                          : "turn_secret_file: is missing, turn needs one");
  }
  if (!config.turn.host.empty()) {
    const absl::Status status = AddTurnFlag(config);
    if (!status.ok()) return status;
  }
  if (config.node.listen.empty())
    return absl::InvalidArgumentError("listen: at least one address is needed");
  return ReadTlsFiles(config);
}

}  // namespace trunkline

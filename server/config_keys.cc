#include "server/config_keys.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "server/config_values.h"
#include "server/io/code_delivery.h"
#include "server/io/switchboard.h"

namespace trunkline {
namespace {

using Values = std::vector<std::string>;
using Type = ConfigKey::Type;

constexpr DurationRange kCallTimeouts{Duration(1'000), Duration(600'000)};
constexpr DurationRange kLinkTimeouts{Duration(100), Duration(86'400'000)};
constexpr DurationRange kTraceTimes{Duration(0), Duration(365LL * 86'400'000)};
constexpr std::size_t kAddressesMax = 16;

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

template <class T>
absl::Status Number(const Values& values, Range range, T& out) {
  std::int64_t number = 0;
  const absl::Status status = ReadNumber(values[0], range, number);
  if (status.ok()) out = static_cast<T>(number);
  return status;
}

absl::Status Addresses(const Values& values, std::vector<io::HostPort>& out) {
  if (values.size() > kAddressesMax) return Wrong(absl::StrCat("at most ", kAddressesMax));
  out.clear();
  for (const std::string& value : values) {
    const absl::Status status = ReadHostPort(value, out.emplace_back());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

Values AddressTexts(const std::vector<io::HostPort>& addresses) {
  Values texts;
  for (const io::HostPort& address : addresses) texts.push_back(HostPortText(address));
  return texts;
}

absl::Status OneOf(const std::string& value, std::span<const std::string> names) {
  if (std::find(names.begin(), names.end(), value) != names.end()) return absl::OkStatus();
  std::string all;
  for (const std::string& name : names) absl::StrAppend(&all, all.empty() ? "" : ", ", name);
  return Wrong(absl::StrCat("\"", value, "\" is none of ", all));
}

absl::Status SetLogLevel(Config& c, const Values& v) {
  static const std::string kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
  c.log_level = v[0];
  return OneOf(v[0], kLevels);
}

const std::string kDurabilities[] = {"fsync", "os", "none"};

absl::Status SetDurability(Config& c, const Values& v) {
  const absl::Status status = OneOf(v[0], kDurabilities);
  const auto* it = std::find(std::begin(kDurabilities), std::end(kDurabilities), v[0]);
  if (status.ok()) c.node.durability = static_cast<io::Durability>(it - kDurabilities);
  return status;
}

absl::Status SetTestCode(Config& c, const Values& v) {
  const std::string& code = v[0];
  const bool digits =
      std::all_of(code.begin(), code.end(), [](char d) { return d >= '0' && d <= '9'; });
  if (!digits || code.size() < 3 || code.size() > 8) return Wrong("must be 3 to 8 digits");
  c.node.book.test_code = code;
  return absl::OkStatus();
}

absl::Status SetCommand(Config& c, const Values& v) {
  if (!v[0].starts_with('/')) return Wrong("must be the absolute path of a program");
  c.node.code.command = v[0];
  return absl::OkStatus();
}

absl::Status SetWebhook(Config& c, const Values& v) {
  const auto target = io::ParseWebhook(v[0]);
  if (target.ok()) c.node.code.webhook = v[0];
  return target.status();
}

absl::Status SetTokensFile(Config& c, const Values& v) {
  std::ifstream file(v[0]);
  if (!file) return Wrong(absl::StrCat(v[0], " can't be read"));
  c.bot_tokens_file = v[0];
  c.node.book.bot_tokens.clear();
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (line.size() > 256) return Wrong(absl::StrCat(v[0], ": a token is longer than 256 bytes"));
    c.node.book.bot_tokens.push_back(line);
  }
  return absl::OkStatus();
}

absl::Status SetDataDir(Config& c, const Values& v) {
  if (v[0].empty()) return Wrong("must not be empty");
  c.node.data_dir = v[0];
  return absl::OkStatus();
}

Values IfSet(const std::string& text) {
  return text.empty() ? Values{} : Values{text};
}

Values BoolText(bool value) {
  return Values{value ? "true" : "false"};
}

bool IsLoopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1";
}

const ConfigKey kKeys[] = {
    {"data_dir", Type::kText, false, "directory of the database and the server's key", SetDataDir,
     [](const Config& c) { return Values{c.node.data_dir}; }},
    {"listen", Type::kText, true, "HOST:PORT for clients; port 0 lets the system choose",
     [](Config& c, const Values& v) { return Addresses(v, c.node.listen); },
     [](const Config& c) { return AddressTexts(c.node.listen); }},
    {"advertise", Type::kText, true, "HOST:PORT as clients reach it, for their configuration",
     [](Config& c, const Values& v) { return Addresses(v, c.node.advertise); },
     [](const Config& c) { return AddressTexts(c.node.advertise); }},
    {"http", Type::kText, false, "HOST:PORT of health pages and metrics",
     [](Config& c, const Values& v) { return ReadHostPort(v[0], c.http); },
     [](const Config& c) { return Values{HostPortText(c.http)}; }},
    {"threads", Type::kNumber, false, "link threads",
     [](Config& c, const Values& v) {
       return Number(v, {1, io::kThreadsMax}, c.node.threads);
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.threads)}; }},
    {"dc", Type::kNumber, false, "number of this data centre, as clients are told",
     [](Config& c, const Values& v) {
       std::int32_t dc = 0;
       const absl::Status status = Number(v, {1, 1000}, dc);
       if (status.ok()) c.node.dc = DcId(dc);
       return status;
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.dc.value())}; }},
    {"test_code", Type::kText, false,
     "login code of test numbers +99966...; without, they are refused", SetTestCode,
     [](const Config&) { return Values{}; }},
    {"log_level", Type::kText, false, "trace, debug, info, warn, error or off", SetLogLevel,
     [](const Config& c) { return Values{c.log_level}; }},
    {"test_clock", Type::kBool, false,
     "for tests: call deadlines go by a clock that POST /test/v1/clock moves",
     [](Config& c, const Values& v) { return ReadBool(v[0], c.node.test_clock); },
     [](const Config& c) { return BoolText(c.node.test_clock); }},
    {"store.durability", Type::kText, false, "fsync, os or none", SetDurability,
     [](const Config& c) { return Values{kDurabilities[static_cast<int>(c.node.durability)]}; }},
    {"calls.receive_timeout", Type::kText, false, "until a device of the callee answers",
     [](Config& c, const Values& v) {
       return ReadDuration(v[0], kCallTimeouts, c.node.book.receive_timeout);
     },
     [](const Config& c) { return Values{DurationText(c.node.book.receive_timeout)}; }},
    {"calls.ring_timeout", Type::kText, false, "until somebody accepts",
     [](Config& c, const Values& v) {
       return ReadDuration(v[0], kCallTimeouts, c.node.book.ring_timeout);
     },
     [](const Config& c) { return Values{DurationText(c.node.book.ring_timeout)}; }},
    {"calls.connect_timeout", Type::kText, false, "until media flows",
     [](Config& c, const Values& v) {
       return ReadDuration(v[0], kCallTimeouts, c.node.book.connect_timeout);
     },
     [](const Config& c) { return Values{DurationText(c.node.book.connect_timeout)}; }},
    {"calls.ask_rating", Type::kNumber, false, "of 100 established calls, how many to have rated",
     [](Config& c, const Values& v) {
       return Number(v, {0, 100}, c.node.book.ask_rating_percent);
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.book.ask_rating_percent)}; }},
    {"calls.ask_debug", Type::kNumber, false,
     "of 100 established calls, how many to ask debug data of",
     [](Config& c, const Values& v) {
       return Number(v, {0, 100}, c.node.book.ask_debug_percent);
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.book.ask_debug_percent)}; }},
    {"calls.conference_supported", Type::kBool, false,
     "let calls migrate to conferences, which run elsewhere",
     [](Config& c, const Values& v) { return ReadBool(v[0], c.node.book.conference_supported); },
     [](const Config& c) { return BoolText(c.node.book.conference_supported); }},
    {"calls.keep_traces", Type::kText, false, "how long traces of ended calls are kept",
     [](Config& c, const Values& v) { return ReadDuration(v[0], kTraceTimes, c.node.keep_traces); },
     [](const Config& c) { return Values{DurationText(c.node.keep_traces)}; }},
    {"code.command", Type::kText, false,
     "program that delivers login codes; gets PHONE CODE on stdin", SetCommand,
     [](const Config& c) { return IfSet(c.node.code.command); }},
    {"code.webhook", Type::kText, false, "http://HOST:PORT/PATH that delivers login codes",
     SetWebhook, [](const Config& c) { return IfSet(c.node.code.webhook); }},
    {"bots.tokens_file", Type::kText, false, "file with one bot token per line", SetTokensFile,
     [](const Config& c) { return IfSet(c.bot_tokens_file); }},
    {"limits.connections", Type::kNumber, false, "connections in all",
     [](Config& c, const Values& v) {
       return Number(v, {1, 1'000'000}, c.node.limits.connections_max);
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.limits.connections_max)}; }},
    {"limits.connections_per_address", Type::kNumber, false, "connections from one address",
     [](Config& c, const Values& v) {
       return Number(v, {1, 1'000'000}, c.node.limits.connections_per_address_max);
     },
     [](const Config& c) {
       return Values{absl::StrCat(c.node.limits.connections_per_address_max)};
     }},
    {"limits.first_packet_timeout", Type::kText, false, "until a connection has sent one packet",
     [](Config& c, const Values& v) {
       return ReadDuration(v[0], kLinkTimeouts, c.node.limits.first_packet_timeout);
     },
     [](const Config& c) { return Values{DurationText(c.node.limits.first_packet_timeout)}; }},
    {"limits.idle_timeout", Type::kText, false, "between two packets of a connection",
     [](Config& c, const Values& v) {
       return ReadDuration(v[0], kLinkTimeouts, c.node.limits.idle_timeout);
     },
     [](const Config& c) { return Values{DurationText(c.node.limits.idle_timeout)}; }},
    {"limits.outbox", Type::kText, false, "bytes that may wait for one slow connection",
     [](Config& c, const Values& v) {
       return ReadSize(v[0], {64 << 10, 64 << 20}, c.node.limits.outbox_bytes_max);
     },
     [](const Config& c) { return Values{SizeText(c.node.limits.outbox_bytes_max)}; }},
    {"limits.crypto_threads", Type::kNumber, false, "threads for key exchanges",
     [](Config& c, const Values& v) {
       return Number(v, {1, io::kThreadsMax}, c.node.crypto_threads);
     },
     [](const Config& c) { return Values{absl::StrCat(c.node.crypto_threads)}; }},
};

}  // namespace

std::span<const ConfigKey> ConfigKeys() {
  return kKeys;
}

std::string FlagOf(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::replace(flag.begin(), flag.end(), '.', '-');
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

absl::Status CheckWhole(Config& config) {
  if (!config.node.code.command.empty() && !config.node.code.webhook.empty()) {
    return Wrong("code.webhook: can't be set beside code.command");
  }
  if (config.node.book.receive_timeout > config.node.book.ring_timeout) {
    return Wrong("calls.receive_timeout: must not be longer than calls.ring_timeout");
  }
  if (config.node.test_clock && !IsLoopback(config.http.host)) {
    return Wrong("test_clock: only with http on a loopback address");
  }
  if (config.node.listen.empty()) return Wrong("listen: at least one address is needed");
  return absl::OkStatus();
}

}  // namespace trunkline

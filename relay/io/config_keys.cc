#include "relay/io/config_keys.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace trunkline::relay {
namespace {

using Values = std::vector<std::string>;

constexpr std::size_t kListenMax = 4;
constexpr std::size_t kRegionBytesMax = 64;

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kNone[] = {{"", 1}};
constexpr Unit kMicros[] = {{"us", 1}, {"ms", 1'000}};
constexpr Unit kMillis[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kBytes[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

struct Form {
  std::span<const Unit> units;
  std::uint64_t min, max;  // in the smallest unit
  std::string_view example;
};

template <class T>
absl::Status Number(const std::string& text, const Form& form, T& out) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const auto found = std::find_if(form.units.begin(), form.units.end(),
                                  [unit](const Unit& one) { return one.name == unit; });
  if (parsed.ec != std::errc() || found == form.units.end() ||
      __builtin_mul_overflow(number, found->factor, &number)) {
    return Wrong(absl::StrCat("\"", text, "\" is not of the form ", std::string(form.example)));
  }
  if (number < form.min || number > form.max) {
    const std::string smallest(form.units[0].name);
    return Wrong(
        absl::StrCat(text, " is out of range, ", form.min, smallest, " to ", form.max, smallest));
  }
  out = static_cast<T>(number);
  return absl::OkStatus();
}

absl::Status Address(const std::string& text, HostPort& out) {
  const absl::Status form = Wrong("\"" + text + "\" is not HOST:PORT with a numeric host");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return form;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  std::uint8_t ignored[16];
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, host.c_str(), ignored) != 1) return form;
  const absl::Status status = Number(text.substr(colon + 1), {kNone, 0, 65535, "4431"}, out.port);
  if (status.ok()) out.host = host;
  return status.ok() ? status : Wrong("port " + std::string(status.message()));
}

absl::Status Listen(Config& config, const Values& values) {
  if (values.size() > kListenMax) return Wrong(absl::StrCat("at most ", kListenMax));
  config.listen.clear();
  for (const std::string& value : values) {
    const absl::Status status = Address(value, config.listen.emplace_back());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LogLevel(Config& config, const Values& values) {
  config.log_level = values[0];
  for (const char* level : {"trace", "debug", "info", "warn", "error", "off"}) {
    if (values[0] == level) return absl::OkStatus();
  }
  return Wrong("\"" + values[0] + "\" is none of trace, debug, info, warn, error, off");
}

absl::Status Region(Config& config, const Values& values) {
  config.region = values[0];
  const bool plain = std::all_of(values[0].begin(), values[0].end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (plain && !values[0].empty() && values[0].size() <= kRegionBytesMax) return absl::OkStatus();
  return Wrong("must be 1 to 64 of a-z, 0-9 and -");
}

absl::Status Stun(Config& config, const Values& values) {
  if (values[0] != "true" && values[0] != "false") return Wrong("must be true or false");
  config.limits.answer_stun = values[0] == "true";
  return absl::OkStatus();
}

// A burst of one second.
absl::Status PerSecond(const std::string& text, const Form& form, Rate& out) {
  const absl::Status status = Number(text, form, out.per_second);
  out.burst = out.per_second;
  return status;
}

constexpr std::uint64_t kGiB = 1 << 30;

const ConfigKey kKeys[] = {
    {"id", false, "number of this relay, the same in the server's offers",
     [](Config& c, const Values& v) {
       return Number(v[0], {kNone, 1, 0xffffffff, "7"}, c.id);
     }},
    {"listen", true, "HOST:PORT for UDP and TCP; [::] takes both families", Listen},
    {"advertise", false, "HOST:PORT that clients are told; default: the first of listen",
     [](Config& c, const Values& v) { return Address(v[0], c.advertise); }},
    {"server", false, "HOST:PORT of the server's relay control; none: standalone",
     [](Config& c, const Values& v) { return Address(v[0], c.server); }},
    {"secret_file", false, "file with the secret shared with the server",
     [](Config& c, const Values& v) {
       c.secret_file = v[0];
       return absl::OkStatus();
     }},
    {"region", false, "where this relay is, for the picker", Region},
    {"http", false, "HOST:PORT for health pages and metrics; none: off",
     [](Config& c, const Values& v) { return Address(v[0], c.http); }},
    {"threads", false, "forwarding threads",
     [](Config& c, const Values& v) {
       return Number(v[0], {kNone, 1, 64, "2"}, c.threads);
     }},
    {"nap", false, "let packets gather so long: less CPU a packet, more latency",
     [](Config& c, const Values& v) {
       return Number(v[0], {kMicros, 0, 10'000, "500us"}, c.nap_us);
     }},
    {"receive_buffer", false, "of each UDP socket",
     [](Config& c, const Values& v) {
       return Number(v[0], {kBytes, 64 << 10, kGiB, "4MiB"}, c.receive_buffer);
     }},
    {"tcp_connections_max", false, "all together",
     [](Config& c, const Values& v) {
       return Number(v[0], {kNone, 1, 1'000'000, "4096"}, c.tcp_connections_max);
     }},
    {"drain_timeout", false, "how long SIGTERM waits for calls to end",
     [](Config& c, const Values& v) {
       std::uint64_t millis = 0;
       const absl::Status status = Number(v[0], {kMillis, 0, 86'400'000, "5s"}, millis);
       c.drain_timeout = Duration(millis);
       return status;
     }},
    {"sessions_max", false, "calls at a time, of each thread",
     [](Config& c, const Values& v) {
       return Number(v[0], {kNone, 1, 2'000'000, "20000"}, c.limits.sessions_max);
     }},
    {"packets_per_second", false, "of one side of a call",
     [](Config& c, const Values& v) {
       return PerSecond(v[0], {kNone, 10, 10'000'000, "1000"}, c.limits.packets);
     }},
    {"bytes_per_second", false, "of one side of a call",
     [](Config& c, const Values& v) {
       return PerSecond(v[0], {kBytes, 2'000, 16 * kGiB, "512KiB"}, c.limits.bytes);
     }},
    {"session_bytes", false, "of one call, both ways",
     [](Config& c, const Values& v) {
       return Number(v[0], {kBytes, 1 << 20, 1024 * kGiB, "4GiB"}, c.limits.session_bytes);
     }},
    {"relay_bytes_per_second", false, "received by one thread; above it no new calls; 0B: any",
     [](Config& c, const Values& v) {
       return Number(v[0], {kBytes, 0, 1024 * kGiB, "100MiB"}, c.limits.relay_bytes_per_second);
     }},
    {"idle", false, "a call in which nobody has spoken for so long is over",
     [](Config& c, const Values& v) {
       return Number(v[0], {kMillis, 30'000, 600'000, "60s"}, c.limits.idle_ms);
     }},
    {"call_time_max", false, "longest call",
     [](Config& c, const Values& v) {
       return Number(v[0], {kMillis, 60'000, 7 * 86'400'000, "24h"}, c.limits.session_ms_max);
     }},
    {"stun", false, "answer STUN Binding: true or false", Stun},
    {"log_level", false, "trace, debug, info, warn, error, off", LogLevel},
};

}  // namespace

std::span<const ConfigKey> ConfigKeys() {
  return kKeys;
}

}  // namespace trunkline::relay

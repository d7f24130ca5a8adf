// The settings of the relay: one row each.
#include <algorithm>

#include "common/config/setting.h"
#include "relay/io/config.h"

namespace trunkline::relay {
namespace {

constexpr std::size_t kListenMax = 4;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kLabelsMax = 16;
constexpr std::int64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30;

absl::Status CheckName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (plain && !name.empty() && name.size() <= kNameBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError("must be 1 to 64 of a-z, 0-9 and -");
}

// A burst of one second.
Setting RateSetting(std::string_view name, Rate& rate, const Form& form) {
  Setting setting = QuantitySetting(name, "of one side of a call", rate.per_second, form);
  setting.set = [&rate, set = setting.set](const Setting::Values& values) {
    absl::Status status = set(values);
    if (status.ok()) rate.burst = rate.per_second;
    return status;
  };
  return setting;
}

std::vector<Setting> DaemonSettings(Config& c) {
  return {
      QuantitySetting("id", "number of this relay, the same in the server's offers", c.id,
                      {kNoUnits, {1, 0xffffffff}, "of the form 7"}),
      AddressesSetting("listen", "HOST:PORT for UDP and TCP; [::] takes both families", c.listen,
                       kListenMax),
      AddressSetting("advertise", "HOST:PORT that clients are told; default: the first of listen",
                     c.advertise),
      AddressSetting("advertise_ipv6", "[HOST]:PORT beside an IPv4 advertise, with its port",
                     c.advertise_ipv6),
      AddressSetting("server", "HOST:PORT of the server's relay control; none: standalone",
                     c.server),
      TextSetting("secret_file", "file with the secret shared with the server", c.secret_file),
      TextSetting("region", "where this relay is, for the picker", c.region, CheckName),
      TextSetting("domain", "what fails together with it: a rack, a provider", c.domain, CheckName),
      TextsSetting("label", "what the server's rules ask for", c.labels, kLabelsMax, CheckName),
      AddressSetting("http", "HOST:PORT for health pages and metrics; none: off", c.http),
      QuantitySetting("threads", "forwarding threads", c.threads,
                      {kNoUnits, {1, 64}, "of the form 2"}),
      QuantitySetting("nap", "let packets gather so long: less CPU a packet, more latency",
                      c.nap_us, {kMicroUnits, {0, 10'000}, "of the form 500us"}),
      QuantitySetting("receive_buffer", "of each UDP socket", c.receive_buffer,
                      {kByteUnits, {64 * kKiB, kGiB}, "of the form 4MiB"}),
      QuantitySetting("tcp_connections_max", "all together", c.tcp_connections_max,
                      {kNoUnits, {1, 1'000'000}, "of the form 4096"}),
      DurationSetting("drain_timeout", "how long SIGTERM waits for calls to end", c.drain_timeout,
                      {Duration(0), Duration(86'400'000)}),
      LogLevelSetting(c.log_level),
  };
}

// What the picker gives it; the limits below are what it takes.
std::vector<Setting> CapacitySettings(Config& c) {
  return {
      QuantitySetting("capacity_calls", "calls that it bears; 0: not said", c.capacity_calls,
                      {kNoUnits, {0, 100'000'000}, "of the form 2000"}),
      QuantitySetting("capacity_packets", "packets a second that it bears; 0: not said",
                      c.capacity_packets, {kNoUnits, {0, 1'000'000'000}, "of the form 200000"}),
      QuantitySetting("capacity_bits", "bits a second that it bears; 0: not said", c.capacity_bits,
                      {kNoUnits, {0, 10'000'000'000'000}, "of the form 1000000000"}),
  };
}

std::vector<Setting> LimitSettings(Limits& limits) {
  return {
      QuantitySetting("sessions_max", "calls at a time, of each thread", limits.sessions_max,
                      {kNoUnits, {1, 2'000'000}, "of the form 20000"}),
      RateSetting("packets_per_second", limits.packets,
                  {kNoUnits, {10, 10'000'000}, "of the form 1000"}),
      RateSetting("bytes_per_second", limits.bytes,
                  {kByteUnits, {2'000, 16 * kGiB}, "of the form 512KiB"}),
      QuantitySetting("session_bytes", "of one call, both ways", limits.session_bytes,
                      {kByteUnits, {kMiB, 1024 * kGiB}, "of the form 4GiB"}),
      QuantitySetting(
          "relay_bytes_per_second", "received by one thread; above it no new calls; 0B: any",
          limits.relay_bytes_per_second, {kByteUnits, {0, 1024 * kGiB}, "of the form 100MiB"}),
      QuantitySetting("idle", "a call in which nobody has spoken for so long is over",
                      limits.idle_ms, {kMilliUnits, {30'000, 600'000}, "of the form 60s"}),
      QuantitySetting("call_time_max", "longest call", limits.session_ms_max,
                      {kMilliUnits, {60'000, 7 * 86'400'000}, "of the form 24h"}),
      BoolSetting("stun", "answer STUN Binding: true or false", limits.answer_stun),
  };
}

}  // namespace

Settings SettingsOf(Config& config) {
  Settings settings{DaemonSettings(config)};
  for (const auto& more : {CapacitySettings(config), LimitSettings(config.limits)}) {
    settings.values.insert(settings.values.end(), more.begin(), more.end());
  }
  // Whatever the quotes in the file, and flags all take a value: --stun false.
  for (Setting& setting : settings.values) setting.type = Setting::Type::kAny;
  return settings;
}

}  // namespace trunkline::relay

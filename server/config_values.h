// Values of the configuration in their written form: numbers with bounds, durations and sizes with
// units, numeric addresses. Errors say what is wrong, without the key.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/time.h"
#include "server/io/node_config.h"

namespace trunkline {

struct Range {
  std::int64_t min, max;
};
struct DurationRange {
  Duration min, max;
};

absl::Status ReadNumber(const std::string& text, Range range, std::int64_t& out);
// "20s", "500ms", "10m", "24h"
absl::Status ReadDuration(const std::string& text, DurationRange range, Duration& out);
// "512B", "64KiB", "1MiB", "1GiB"
absl::Status ReadSize(const std::string& text, Range bytes, std::size_t& out);
// "127.0.0.1:4430", "[::1]:4430"; localhost is understood, other names aren't
absl::Status ReadHostPort(const std::string& text, io::HostPort& out);
absl::Status ReadBool(const std::string& text, bool& out);

std::string DurationText(Duration duration);
std::string SizeText(std::size_t bytes);
std::string HostPortText(const io::HostPort& address);

// The name that `wrong` was probably meant to be, as ", did you mean X?"; empty when none is near.
std::string DidYouMean(std::string_view wrong, std::span<const std::string> names);

}  // namespace trunkline

// Values of a configuration in their written form: numbers with bounds and units, numeric
// addresses. Errors say what is wrong, without the key.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/time.h"

namespace trunkline {

// An address of ours or of somebody else's.
struct HostPort {
  std::string host;  // numeric, IPv6 without brackets; empty: not given
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct Range {
  std::int64_t min, max;
};
struct DurationRange {
  Duration min, max;
};

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
// Largest first, so that a value is written in the largest unit that holds it exactly.
inline constexpr Unit kNoUnits[] = {{"", 1}};
inline constexpr Unit kMicroUnits[] = {{"ms", 1000}, {"us", 1}};
inline constexpr Unit kMilliUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
inline constexpr Unit kByteUnits[] = {
    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

// How a quantity is written: digits and one of the units. The range counts in the smallest one.
struct Form {
  std::span<const Unit> units;
  Range range;
  std::string_view wanted;  // ends the sentence "... is not "
};

inline constexpr std::string_view kNumberWanted = "a whole number";
inline constexpr std::string_view kSizeWanted = "a size such as \"64KiB\", \"1MiB\"";

// `out` counts in the smallest unit and keeps its value when the text is wrong.
absl::Status ReadQuantity(const std::string& text, const Form& form, std::int64_t& out);
absl::Status ReadNumber(const std::string& text, Range range, std::int64_t& out);
// "20s", "500ms", "10m", "24h"
absl::Status ReadDuration(const std::string& text, DurationRange range, Duration& out);
// "127.0.0.1:4430", "[::1]:4430"; localhost is understood, other names aren't
absl::Status ReadHostPort(const std::string& text, HostPort& out);
absl::Status ReadBool(const std::string& text, bool& out);
absl::Status CheckOneOf(const std::string& text, std::span<const std::string_view> names);

std::string QuantityText(std::int64_t value, std::span<const Unit> units);
std::string DurationText(Duration duration);
std::string SizeText(std::size_t bytes);
std::string HostPortText(const HostPort& address);

// The name that `wrong` was probably meant to be, as ", did you mean X?"; empty when none is near.
std::string DidYouMean(std::string_view wrong, std::span<const std::string> names);

}  // namespace trunkline

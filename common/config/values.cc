#include "common/config/values.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address.hpp"

namespace trunkline {
namespace {

// False: not digits followed by one of the units, or too large to be counted.
bool ReadWithUnit(const std::string& text, std::span<const Unit> units, std::int64_t& out) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return false;
  const std::string_view name(parsed.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  for (const Unit& unit : units) {
    if (unit.name == name) return !__builtin_mul_overflow(number, unit.factor, &out);
  }
  return false;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

absl::Status ReadQuantity(const std::string& text, const Form& form, std::int64_t& out) {
  std::int64_t value = 0;
  if (!ReadWithUnit(text, form.units, value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not ", std::string(form.wanted)));
  }
  if (value < form.range.min || value > form.range.max) {
    return absl::InvalidArgumentError(absl::StrCat(text, " is out of range, ",
                                                   QuantityText(form.range.min, form.units), " to ",
                                                   QuantityText(form.range.max, form.units)));
  }
  out = value;
  return absl::OkStatus();
}

absl::Status ReadNumber(const std::string& text, Range range, std::int64_t& out) {
  return ReadQuantity(text, {kNoUnits, range, kNumberWanted}, out);
}

absl::Status ReadDuration(const std::string& text, DurationRange range, Duration& out) {
  std::int64_t millis = 0;
  const absl::Status status = ReadQuantity(text,
                                           {kMilliUnits,
                                            {range.min.count(), range.max.count()},
                                            "a duration such as \"500ms\", \"20s\", \"10m\""},
                                           millis);
  if (status.ok()) out = Duration(millis);
  return status;
}

absl::Status ReadHostPort(const std::string& text, HostPort& out) {
  const absl::Status form = absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not HOST:PORT with a numeric host"));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return form;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || address.is_v6() != bracketed) return form;
  std::int64_t port = 0;
  const absl::Status status = ReadNumber(text.substr(colon + 1), {0, 65535}, port);
  if (!status.ok())
    return absl::InvalidArgumentError(absl::StrCat("port ", std::string(status.message())));
  out = HostPort{address.to_string(), static_cast<std::uint16_t>(port)};
  return absl::OkStatus();
}

absl::Status ReadBool(const std::string& text, bool& out) {
  if (text != "true" && text != "false") return absl::InvalidArgumentError("must be true or false");
  out = text == "true";
  return absl::OkStatus();
}

absl::Status CheckOneOf(const std::string& text, std::span<const std::string_view> names) {
  if (std::find(names.begin(), names.end(), text) != names.end()) return absl::OkStatus();
  std::string all;
  for (const std::string_view name : names) {
    absl::StrAppend(&all, all.empty() ? "" : ", ", std::string(name));
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is none of ", all));
}

std::string QuantityText(std::int64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && (value != 0 || unit.factor == 1)) {
      return absl::StrCat(value / unit.factor, std::string(unit.name));
    }
  }
  return absl::StrCat(value);
}

std::string DurationText(Duration duration) {
  return QuantityText(duration.count(), kMilliUnits);
}

std::string SizeText(std::size_t bytes) {
  return QuantityText(static_cast<std::int64_t>(bytes), kByteUnits);
}

std::string HostPortText(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]:" : ":", address.port);
}

std::string DidYouMean(std::string_view wrong, std::span<const std::string> names) {
  std::size_t nearest = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  const std::string* meant = nullptr;
  for (const std::string& name : names) {
    const std::size_t distance = EditDistance(wrong, name);
    if (distance >= nearest) continue;
    nearest = distance;
    meant = &name;
  }
  return meant == nullptr ? "" : absl::StrCat(", did you mean ", *meant, "?");
}

}  // namespace trunkline

// One setting of a program: a key of its file, a flag of its command line, a line of its help. The
// functions below bind one to a variable, which must outlive it:
//
//   DurationSetting("calls.ring_timeout", "until somebody accepts", config.ring_timeout, kTimeouts)
//
// Setters leave the variable as it was when the text is wrong; their errors don't name the key.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/config/values.h"

namespace trunkline {

struct Setting {
  // How it is written in the file. A kBool is a flag without a value on the command line; a kAny
  // takes each of the other forms in the file.
  enum class Type { kText, kNumber, kBool, kAny };
  using Values = std::vector<std::string>;

  std::string_view name;  // "section.key" or "key"
  std::string_view help;
  Type type = Type::kText;
  bool repeatable = false;  // an array in the file, several flags on the command line
  // As many values as were given, at least one; exactly one when not repeatable.
  std::function<absl::Status(const Values&)> set = {};
  // Written forms, unquoted; none of them, or no function: left out when all is printed.
  std::function<Values()> get = {};
};

using CheckText = std::function<absl::Status(const std::string&)>;

// Empty texts and addresses without a host count as not set.
Setting TextSetting(std::string_view name, std::string_view help, std::string& target,
                    CheckText check = {});
Setting BoolSetting(std::string_view name, std::string_view help, bool& target);
Setting DurationSetting(std::string_view name, std::string_view help, Duration& target,
                        DurationRange range);
Setting AddressSetting(std::string_view name, std::string_view help, HostPort& target);
Setting LogLevelSetting(std::string& target);  // log_level, for log::Start

// Lists; what is given replaces what was there.
Setting TextsSetting(std::string_view name, std::string_view help, std::vector<std::string>& target,
                     std::size_t max, CheckText check = {});
Setting AddressesSetting(std::string_view name, std::string_view help,
                         std::vector<HostPort>& target, std::size_t max);

// T is any arithmetic type that holds the range.
template <class T>
Setting QuantitySetting(std::string_view name, std::string_view help, T& target, const Form& form) {
  const bool bare = form.units.front().name.empty();
  const auto set = [&target, form](const Setting::Values& values) {
    std::int64_t number = 0;
    absl::Status status = ReadQuantity(values[0], form, number);
    if (status.ok()) target = static_cast<T>(number);
    return status;
  };
  const auto get = [&target, units = form.units] {
    return Setting::Values{QuantityText(static_cast<std::int64_t>(target), units)};
  };
  return {name, help, bare ? Setting::Type::kNumber : Setting::Type::kText, false, set, get};
}
template <class T>
Setting NumberSetting(std::string_view name, std::string_view help, T& target, Range range) {
  return QuantitySetting(name, help, target, {kNoUnits, range, kNumberWanted});
}
template <class T>
Setting SizeSetting(std::string_view name, std::string_view help, T& target, Range bytes) {
  return QuantitySetting(name, help, target, {kByteUnits, bytes, kSizeWanted});
}

// --calls-ring-timeout for calls.ring_timeout
std::string FlagOf(std::string_view name);

}  // namespace trunkline

#include "common/config/setting.h"

#include <algorithm>
#include <utility>

namespace trunkline {
namespace {

using Values = Setting::Values;
using Type = Setting::Type;

// Elements are read one by one into a new list.
template <class T>
Setting ListSetting(std::string_view name, std::string_view help, std::vector<T>& target,
                    std::size_t max, std::function<absl::Status(const std::string&, T&)> read,
                    std::string (*write)(const T&)) {
  const auto set = [&target, max, read](const Values& values) {
    if (values.size() > max) {
      return absl::InvalidArgumentError(absl::StrCat("at most ", max));
    }
    std::vector<T> list;
    for (const std::string& value : values) {
      const absl::Status status = read(value, list.emplace_back());
      if (!status.ok()) return status;
    }
    target = std::move(list);
    return absl::OkStatus();
  };
  const auto get = [&target, write] {
    Values texts;
    for (const T& element : target) texts.push_back(write(element));
    return texts;
  };
  return {name, help, Type::kText, true, set, get};
}

std::function<absl::Status(const std::string&, std::string&)> Checked(CheckText check) {
  return [check = std::move(check)](const std::string& text, std::string& out) {
    const absl::Status status = check ? check(text) : absl::OkStatus();
    if (status.ok()) out = text;
    return status;
  };
}

}  // namespace

Setting TextSetting(std::string_view name, std::string_view help, std::string& target,
                    CheckText check) {
  const auto set = [&target, read = Checked(std::move(check))](const Values& values) {
    return read(values[0], target);
  };
  const auto get = [&target] { return target.empty() ? Values{} : Values{target}; };
  return {name, help, Type::kText, false, set, get};
}

Setting BoolSetting(std::string_view name, std::string_view help, bool& target) {
  const auto set = [&target](const Values& values) { return ReadBool(values[0], target); };
  const auto get = [&target] { return Values{target ? "true" : "false"}; };
  return {name, help, Type::kBool, false, set, get};
}

Setting DurationSetting(std::string_view name, std::string_view help, Duration& target,
                        DurationRange range) {
  const auto set = [&target, range](const Values& values) {
    return ReadDuration(values[0], range, target);
  };
  const auto get = [&target] { return Values{DurationText(target)}; };
  return {name, help, Type::kText, false, set, get};
}

Setting AddressSetting(std::string_view name, std::string_view help, HostPort& target) {
  const auto set = [&target](const Values& values) { return ReadHostPort(values[0], target); };
  const auto get = [&target] {
    return target.host.empty() ? Values{} : Values{HostPortText(target)};
  };
  return {name, help, Type::kText, false, set, get};
}

Setting LogLevelSetting(std::string& target) {
  static constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
  return TextSetting("log_level", "trace, debug, info, warn, error or off", target,
                     [](const std::string& level) { return CheckOneOf(level, kLevels); });
}

Setting TextsSetting(std::string_view name, std::string_view help, std::vector<std::string>& target,
                     std::size_t max, CheckText check) {
  return ListSetting<std::string>(name, help, target, max, Checked(std::move(check)),
                                  [](const std::string& text) { return text; });
}

Setting AddressesSetting(std::string_view name, std::string_view help,
                         std::vector<HostPort>& target, std::size_t max) {
  return ListSetting<HostPort>(name, help, target, max, ReadHostPort, HostPortText);
}

std::string FlagOf(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '.', '-');
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace trunkline

// Reads a program's settings from a TOML file and writes them as one. Errors are one line that
// names file, line and key.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/config/setting.h"

namespace trunkline {

// A list of tables: [[name]] in the file, --name key=value,key=value on the command line.
struct TableList {
  using Fields = std::map<std::string, std::string>;  // values in their written form

  std::string_view name;
  std::string_view help;
  std::function<void()> clear;  // before the first flag: flags win
  // `where` it is written: FILE:LINE, or the flag. The error names the field.
  std::function<absl::Status(const Fields&, const std::string& where)> add;
};

struct Settings {
  std::vector<Setting> values;  // those without a section first, sections together
  std::vector<TableList> tables = {};
};

// Settings read before an error stay set. `name` is what errors call the file.
absl::Status ApplyToml(std::string_view toml, const std::string& name, const Settings& settings);
// At most so many bytes.
inline constexpr std::size_t kConfigFileBytesMax = 1 << 20;
absl::Status ApplyFile(const std::string& path, const Settings& settings);

// A file that sets the same, defaults included; tables are the caller's to add.
std::string SettingsToml(const Settings& settings);
// In quotes, as TOML wants it.
std::string QuotedToml(std::string_view text);

}  // namespace trunkline

#include "common/config/reader.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/files.h"
#include "toml++/toml.h"

namespace trunkline {
namespace {

using Type = Setting::Type;

// "calls" of "calls.ring_timeout", "" of "threads".
std::string_view SectionOf(std::string_view name) {
  const std::size_t dot = name.find('.');
  return name.substr(0, dot == std::string_view::npos ? 0 : dot);
}

std::vector<std::string> KeyNames(const Settings& settings) {
  std::vector<std::string> names;
  for (const Setting& setting : settings.values) {
    names.emplace_back(setting.name);
    const std::string_view section = SectionOf(setting.name);
    if (!section.empty()) names.emplace_back(section);
  }
  for (const TableList& list : settings.tables) names.emplace_back(list.name);
  return names;
}

template <class T>
const T* FindByName(const std::vector<T>& rows, std::string_view name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [name](const T& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

// Nothing when the node has the type; else what it must be.
const char* Misfit(Type type, const toml::node& node) {
  if (type == Type::kText && !node.is_string()) return ": must be text in quotes";
  if (type == Type::kNumber && !node.is_integer()) return ": must be a number without quotes";
  if (type == Type::kBool && !node.is_boolean()) return ": must be true or false";
  return nullptr;
}

class TomlReader {
 public:
  TomlReader(const std::string& file, const Settings& settings)
      : file_(file), settings_(settings) {}

  absl::Status Read(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const absl::Status status = ReadNode(prefix + std::string(name.str()), node);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status At(const toml::node& node, const std::string& message) const {
    return absl::InvalidArgumentError(absl::StrCat(Where(node), ": ", message));
  }
  std::string Where(const toml::node& node) const {
    return absl::StrCat(file_, ":", node.source().begin.line);
  }

  bool IsSection(const std::string& name) const {
    return std::any_of(settings_.values.begin(), settings_.values.end(),
                       [&name](const Setting& one) { return SectionOf(one.name) == name; });
  }

  absl::Status ReadNode(const std::string& name, const toml::node& node) {
    if (const TableList* list = FindByName(settings_.tables, name)) return ReadTables(*list, node);
    if (const Setting* setting = FindByName(settings_.values, name)) {
      return ReadValue(*setting, node);
    }
    if (IsSection(name)) {
      if (!node.is_table()) return At(node, name + ": is a section, write [" + name + "]");
      return Read(*node.as_table(), name + ".");
    }
    return At(node, name + ": unknown key" + DidYouMean(name, KeyNames(settings_)));
  }

  absl::Status ReadValue(const Setting& setting, const toml::node& node) {
    const std::string name(setting.name);
    Setting::Values values;
    if (const toml::array* array = node.as_array(); array != nullptr && setting.repeatable) {
      for (const toml::node& element : *array) values.push_back(TextOf(element).value_or(""));
    } else if (const auto text = TextOf(node)) {
      if (const char* misfit = Misfit(setting.type, node)) return At(node, name + misfit);
      values.push_back(*text);
    }
    if (values.empty()) return At(node, name + ": has the wrong type");
    const absl::Status status = setting.set(values);
    return status.ok() ? status : At(node, name + ": " + std::string(status.message()));
  }

  absl::Status ReadTables(const TableList& list, const toml::node& node) {
    const std::string name(list.name);
    const toml::array* tables = node.as_array();
    if (tables == nullptr) return At(node, name + ": is a list, write [[" + name + "]]");
    for (const toml::node& element : *tables) {
      const toml::table* table = element.as_table();
      if (table == nullptr) {
        return At(element, name + ": is a list of tables, write [[" + name + "]]");
      }
      TableList::Fields fields;
      for (const auto& [key, value] : *table) {
        const auto text = TextOf(value);
        if (!text) return At(value, name + "." + std::string(key.str()) + ": has the wrong type");
        fields[std::string(key.str())] = *text;
      }
      const absl::Status status = list.add(fields, Where(element));
      if (!status.ok()) return At(element, std::string(status.message()));
    }
    return absl::OkStatus();
  }

  const std::string& file_;
  const Settings& settings_;
};

std::string ValueToml(const Setting& setting, const Setting::Values& values) {
  const bool quotes = setting.type == Type::kText || setting.type == Type::kAny;
  std::string text;
  for (const std::string& value : values) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", quotes ? QuotedToml(value) : value);
  }
  return setting.repeatable ? "[" + text + "]" : text;
}

}  // namespace

absl::Status ApplyToml(std::string_view toml, const std::string& name, const Settings& settings) {
  try {
    const toml::table table = toml::parse(toml, name);
    return TomlReader(name, settings).Read(table, "");
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ":", error.source().begin.line, ": ", std::string(error.description())));
  }
}

absl::Status ApplyFile(const std::string& path, const Settings& settings) {
  const auto text = ReadIfThere(path, kConfigFileBytesMax);
  if (absl::IsDataLoss(text.status()))
    return absl::InvalidArgumentError("--config: " + path + " is larger than 1MiB");
  if (!text.ok() || !*text)
    return absl::InvalidArgumentError("--config: " + path + " can't be read");
  return ApplyToml(**text, path, settings);
}

std::string SettingsToml(const Settings& settings) {
  std::string text;
  std::string_view section;
  for (const Setting& setting : settings.values) {
    const Setting::Values values = setting.get ? setting.get() : Setting::Values{};
    if (values.empty()) continue;
    const std::string_view here = SectionOf(setting.name);
    if (here != section) absl::StrAppend(&text, "\n[", std::string(here), "]\n");
    section = here;
    const std::string_view key = setting.name.substr(here.empty() ? 0 : here.size() + 1);
    absl::StrAppend(&text, std::string(key), " = ", ValueToml(setting, values), "\n");
  }
  return text;
}

std::string QuotedToml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace trunkline

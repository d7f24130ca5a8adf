#include "server/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "server/config_keys.h"
#include "server/config_values.h"
#include "toml++/toml.h"

namespace trunkline {
namespace {

using Values = std::vector<std::string>;

constexpr std::size_t kFileBytesMax = 1024 * 1024;

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

std::vector<std::string> KeyNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    names.emplace_back(key.name);
    const std::size_t dot = key.name.find('.');
    if (dot != std::string_view::npos) names.emplace_back(key.name.substr(0, dot));  // its section
  }
  names.emplace_back("relay");
  return names;
}

const ConfigKey* FindKey(std::string_view name) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool IsSection(const std::string& name) {
  const auto keys = ConfigKeys();
  return std::any_of(keys.begin(), keys.end(),
                     [&name](const ConfigKey& key) { return key.name.starts_with(name + "."); });
}

// ---- The file
// -------------------------------------------------------------------------------------

class TomlReader {
 public:
  TomlReader(const std::string& file, Config& config) : file_(file), config_(config) {}

  absl::Status Read(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const absl::Status status = ReadNode(prefix + std::string(name.str()), node);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status At(const toml::node& node, const std::string& message) const {
    return Wrong(absl::StrCat(file_, ":", node.source().begin.line, ": ", message));
  }

  absl::Status ReadNode(const std::string& name, const toml::node& node) {
    if (name == "relay") return ReadRelays(node);
    const ConfigKey* key = FindKey(name);
    if (key != nullptr) return ReadValue(*key, node);
    if (IsSection(name)) {
      if (!node.is_table()) return At(node, name + ": is a section, write [" + name + "]");
      return Read(*node.as_table(), name + ".");
    }
    return At(node, name + ": unknown key" + DidYouMean(name, KeyNames()));
  }

  absl::Status ReadValue(const ConfigKey& key, const toml::node& node) {
    Values values;
    if (const toml::array* array = node.as_array(); array != nullptr && key.repeatable) {
      for (const toml::node& element : *array) values.push_back(TextOf(element).value_or(""));
    } else if (const auto text = TextOf(node)) {
      if (!Fits(key.type, node)) {
        return At(node, std::string(key.name) + kMustBe[static_cast<int>(key.type)]);
      }
      values.push_back(*text);
    }
    if (values.empty()) return At(node, std::string(key.name) + ": has the wrong type");
    const absl::Status status = key.set(config_, values);
    if (status.ok()) return status;
    return At(node, std::string(key.name) + ": " + std::string(status.message()));
  }

  static constexpr const char* kMustBe[] = {
      ": must be text in quotes", ": must be a number without quotes", ": must be true or false"};
  static bool Fits(ConfigKey::Type type, const toml::node& node) {
    switch (type) {
      case ConfigKey::Type::kText:
        return node.is_string();
      case ConfigKey::Type::kNumber:
        return node.is_integer();
      case ConfigKey::Type::kBool:
        return node.is_boolean();
    }
    return false;
  }

  absl::Status ReadRelays(const toml::node& node) {
    const toml::array* tables = node.as_array();
    if (tables == nullptr) return At(node, "relay: is a list, write [[relay]]");
    for (const toml::node& element : *tables) {
      const toml::table* table = element.as_table();
      if (table == nullptr) return At(element, "relay: is a list of tables, write [[relay]]");
      RelayFields fields;
      for (const auto& [name, value] : *table) {
        const auto text = TextOf(value);
        if (!text) return At(value, "relay." + std::string(name.str()) + ": has the wrong type");
        fields[std::string(name.str())] = *text;
      }
      const absl::Status status = AddRelay(fields, config_);
      if (!status.ok()) return At(element, std::string(status.message()));
    }
    return absl::OkStatus();
  }

  static std::optional<std::string> TextOf(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    return std::nullopt;
  }

  const std::string& file_;
  Config& config_;
};

absl::Status ApplyFile(const std::string& path, Config& config) {
  std::ifstream file(path);
  if (!file) return Wrong("--config: " + path + " can't be read");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kFileBytesMax) return Wrong("--config: " + path + " is larger than 1MiB");
  return ApplyToml(text, path, config);
}

// ---- The command line
// -----------------------------------------------------------------------------

struct Flags {
  std::string file;
  std::map<std::string_view, Values> values;  // by key
  Values relays;
  bool check = false, print = false;
};

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.file, "configuration file (TOML)");
  for (const ConfigKey& key : ConfigKeys()) {
    Values& values = flags.values[key.name];
    if (key.type == ConfigKey::Type::kBool) {
      const auto on = [&values](std::int64_t times) {
        values.assign(static_cast<std::size_t>(times), "true");
      };
      app.add_flag_function(FlagOf(key.name), on, std::string(key.help));
    } else {
      app.add_option(FlagOf(key.name), values, std::string(key.help))->allow_extra_args(false);
    }
  }
  app.add_option("--relay", flags.relays, "id=N,kind=reflector|turn|stun,ip=A,port=P[,...]")
      ->allow_extra_args(false);
  app.add_flag("--check-config", flags.check, "read the configuration, say what is wrong, end");
  app.add_flag("--print-effective", flags.print, "print the configuration with all defaults, end");
  app.allow_extras();
}

absl::Status ApplyRelayFlag(const std::string& text, Config& config) {
  RelayFields fields;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string part = text.substr(from, to - from);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) return Wrong("--relay: \"" + part + "\" is not NAME=VALUE");
    fields[part.substr(0, equals)] = part.substr(equals + 1);
    from = to + 1;
  }
  const absl::Status status = AddRelay(fields, config);
  return status.ok() ? status : Wrong("--relay: " + std::string(status.message()));
}

absl::Status ApplyFlags(const Flags& flags, Config& config) {
  for (const ConfigKey& key : ConfigKeys()) {
    const Values& values = flags.values.at(key.name);
    if (values.empty()) continue;
    const std::string flag = FlagOf(key.name);
    if (values.size() > 1 && !key.repeatable) return Wrong(flag + ": is there twice");
    const absl::Status status = key.set(config, values);
    if (!status.ok()) return Wrong(flag + ": " + std::string(status.message()));
  }
  if (!flags.relays.empty()) config.node.book.relays.clear();
  for (const std::string& relay : flags.relays) {
    const absl::Status status = ApplyRelayFlag(relay, config);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status UnknownFlag(const std::string& argument) {
  std::vector<std::string> names{"--config", "--check-config", "--print-effective", "--relay"};
  for (const ConfigKey& key : ConfigKeys()) names.push_back(FlagOf(key.name));
  const std::string name = argument.substr(0, argument.find('='));
  return Wrong(name + (name.starts_with('-') ? ": unknown flag" : ": unexpected argument") +
               DidYouMean(name, names));
}

// Help and errors come as exceptions from the parser and end here.
absl::Status Parse(CLI::App& app, int argc, const char* const* argv, CommandLine& line) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kPrint;
    line.text = app.help();
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return Wrong(text);
  }
  return absl::OkStatus();
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string RelayToml(const book::RelayConfig& relay) {
  const char* const kind = relay.turn ? "turn" : relay.stun ? "stun" : "reflector";
  std::string text = absl::StrCat("\n[[relay]]\nid = ", relay.id, "\nkind = \"", kind, "\"\n");
  if (!relay.ip.empty()) absl::StrAppend(&text, "ip = ", Quoted(relay.ip), "\n");
  if (!relay.ipv6.empty()) absl::StrAppend(&text, "ipv6 = ", Quoted(relay.ipv6), "\n");
  absl::StrAppend(&text, "port = ", relay.port, "\ntcp = ", relay.tcp ? "true" : "false", "\n");
  if (relay.turn) text += "# secret_file: set, not shown\n";
  return text;
}

}  // namespace

Config::Config() {
  node.data_dir = "trunkline-data";
  node.listen = {{"127.0.0.1", 4430}};
}

absl::Status ApplyToml(std::string_view text, const std::string& name, Config& config) {
  try {
    const toml::table table = toml::parse(text, name);
    return TomlReader(name, config).Read(table, "");
  } catch (const toml::parse_error& error) {
    return Wrong(
        absl::StrCat(name, ":", error.source().begin.line, ": ", std::string(error.description())));
  }
}

absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  Flags flags;
  CLI::App app("The Trunkline server", "trunkline-server");
  Declare(app, flags);
  absl::Status status = Parse(app, argc, argv, line);
  if (!status.ok()) return status;
  if (line.action == CommandLine::Action::kPrint) return line;
  if (!app.remaining().empty()) return UnknownFlag(app.remaining().front());
  if (!flags.file.empty()) status = ApplyFile(flags.file, line.config);
  if (status.ok()) status = ApplyFlags(flags, line.config);
  if (status.ok()) status = CheckWhole(line.config);
  if (!status.ok()) return status;
  if (flags.check) line.action = CommandLine::Action::kCheck;
  if (flags.print) {
    line.action = CommandLine::Action::kPrint;
    line.text = EffectiveToml(line.config);
  }
  return line;
}

std::string EffectiveToml(const Config& config) {
  std::string text, section;
  if (!config.node.book.test_code.empty()) text += "# test_code: set, not shown\n";
  for (const ConfigKey& key : ConfigKeys()) {
    const Values values = key.get(config);
    if (values.empty()) continue;
    const std::size_t dot = key.name.find('.');
    const std::string here(key.name.substr(0, dot == std::string_view::npos ? 0 : dot));
    if (here != section) text += "\n[" + (section = here) + "]\n";
    std::string value;
    for (const std::string& one : values) {
      absl::StrAppend(&value, value.empty() ? "" : ", ",
                      key.type == ConfigKey::Type::kText ? Quoted(one) : one);
    }
    if (key.repeatable) value = "[" + value + "]";
    const std::string name(key.name.substr(dot == std::string_view::npos ? 0 : dot + 1));
    absl::StrAppend(&text, name, " = ", value, "\n");
  }
  for (const book::RelayConfig& relay : config.node.book.relays) text += RelayToml(relay);
  return text;
}

}  // namespace trunkline

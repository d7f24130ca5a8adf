#include "relay/io/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "relay/io/config_keys.h"
#include "toml++/toml.h"

namespace trunkline::relay {
namespace {

using Values = std::vector<std::string>;

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kSecretBytesMin = 16, kSecretBytesMax = 4096;

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string FlagOf(std::string_view key) {
  std::string flag = absl::StrCat("--", std::string(key));
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

const ConfigKey* FindKey(std::string_view name) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

absl::Status ApplyNode(const std::string& name, const toml::node& node, Config& config) {
  const ConfigKey* const key = FindKey(name);
  if (key == nullptr) return Wrong("unknown key");
  Values values;
  if (const toml::array* array = node.as_array(); array != nullptr && key->repeatable) {
    for (const toml::node& element : *array) values.push_back(TextOf(element).value_or(""));
  } else if (const auto text = TextOf(node)) {
    values.push_back(*text);
  }
  if (values.empty()) return Wrong("has the wrong type");
  return key->set(config, values);
}

absl::Status ApplyFile(const std::string& path, Config& config) {
  const auto text = ReadFile(path);
  if (!text) return Wrong("config: " + path + " can't be read");
  if (text->size() > kFileBytesMax) return Wrong("config: " + path + " is larger than 1MiB");
  try {
    const toml::table table = toml::parse(*text, path);
    for (const auto& [name, node] : table) {
      const absl::Status status = ApplyNode(std::string(name.str()), node, config);
      if (status.ok()) continue;
      return Wrong(absl::StrCat(path, ":", node.source().begin.line, ": ", std::string(name.str()),
                                ": ", std::string(status.message())));
    }
  } catch (const toml::parse_error& error) {
    return Wrong(
        absl::StrCat(path, ":", error.source().begin.line, ": ", std::string(error.description())));
  }
  return absl::OkStatus();
}

// What only the whole configuration shows.
absl::Status CheckWhole(Config& config) {
  if (config.id == 0) return Wrong("id: is missing");
  if (config.listen.empty()) return Wrong("listen: is missing");
  if (config.secret_file.empty()) return Wrong("secret_file: is missing");
  auto secret = ReadFile(config.secret_file);
  if (!secret) return Wrong("secret_file: " + config.secret_file + " can't be read");
  while (!secret->empty() && static_cast<unsigned char>(secret->back()) <= ' ') secret->pop_back();
  if (secret->size() < kSecretBytesMin || secret->size() > kSecretBytesMax) {
    return Wrong(absl::StrCat("secret_file: ", config.secret_file, " must hold ", kSecretBytesMin,
                              " to ", kSecretBytesMax, " bytes"));
  }
  config.secret.assign(secret->begin(), secret->end());
  return absl::OkStatus();
}

struct Flags {
  std::string file;
  std::map<std::string_view, Values> values;  // by key
  bool check = false;
};

void Declare(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.file, "configuration file (TOML)");
  for (const ConfigKey& key : ConfigKeys()) {
    app.add_option(FlagOf(key.name), flags.values[key.name], std::string(key.help))
        ->allow_extra_args(false);
  }
  app.add_flag("--check-config", flags.check, "read the configuration, say what is wrong, end");
}

absl::Status ApplyFlags(const Flags& flags, Config& config) {
  for (const ConfigKey& key : ConfigKeys()) {
    const Values& values = flags.values.at(key.name);
    if (values.empty()) continue;
    if (values.size() > 1 && !key.repeatable) return Wrong(FlagOf(key.name) + ": is there twice");
    const absl::Status status = key.set(config, values);
    if (!status.ok()) return Wrong(FlagOf(key.name) + ": " + std::string(status.message()));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Text(const HostPort& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]:" : ":", address.port);
}

absl::StatusOr<CommandLine> ReadCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  Flags flags;
  CLI::App app("The Trunkline relay", "trunkline-relay");
  Declare(app, flags);
  // Help and errors come as exceptions from the parser and end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kPrint;
    line.text = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return Wrong(text);
  }
  absl::Status status;
  if (!flags.file.empty()) status = ApplyFile(flags.file, line.config);
  if (status.ok()) status = ApplyFlags(flags, line.config);
  if (status.ok()) status = CheckWhole(line.config);
  if (!status.ok()) return status;
  if (flags.check) line.action = CommandLine::Action::kCheck;
  return line;
}

}  // namespace trunkline::relay

#include "common/config/command_line.h"

#include <algorithm>
#include <map>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

namespace trunkline {
namespace {

struct Flags {
  std::string file;
  std::map<std::string_view, Setting::Values> values;  // by the name of the setting or the list
  bool check = false, print = false;
};

void Declare(CLI::App& app, const Settings& settings, Flags& flags) {
  app.add_option("--config", flags.file, "configuration file (TOML)");
  for (const Setting& setting : settings.values) {
    Setting::Values& values = flags.values[setting.name];
    const std::string flag = FlagOf(setting.name), help(setting.help);
    if (setting.type == Setting::Type::kBool) {
      const auto on = [&values](std::int64_t times) {
        values.assign(static_cast<std::size_t>(times), "true");
      };
      app.add_flag_function(flag, on, help);
    } else {
      app.add_option(flag, values, help)->allow_extra_args(false);
    }
  }
  for (const TableList& list : settings.tables) {
    app.add_option(FlagOf(list.name), flags.values[list.name], std::string(list.help))
        ->allow_extra_args(false);
  }
  app.add_flag("--check-config", flags.check, "read the configuration, say what is wrong, end");
  app.add_flag("--print-effective", flags.print, "print the configuration with all defaults, end");
  app.allow_extras();
}

absl::Status ReadFields(const std::string& text, TableList::Fields& fields) {
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string part = text.substr(from, to - from);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos)
      return absl::InvalidArgumentError("\"" + part + "\" is not NAME=VALUE");
    fields[part.substr(0, equals)] = part.substr(equals + 1);
    from = to + 1;
  }
  return absl::OkStatus();
}

absl::Status ApplyTables(const TableList& list, const Setting::Values& texts) {
  if (!texts.empty()) list.clear();
  for (const std::string& text : texts) {
    TableList::Fields fields;
    absl::Status status = ReadFields(text, fields);
    if (status.ok()) status = list.add(fields, FlagOf(list.name));
    if (!status.ok())
      return absl::InvalidArgumentError(FlagOf(list.name) + ": " + std::string(status.message()));
  }
  return absl::OkStatus();
}

absl::Status ApplyFlags(const Flags& flags, const Settings& settings) {
  for (const Setting& setting : settings.values) {
    const Setting::Values& values = flags.values.at(setting.name);
    if (values.empty()) continue;
    const std::string flag = FlagOf(setting.name);
    if (values.size() > 1 && !setting.repeatable)
      return absl::InvalidArgumentError(flag + ": is there twice");
    const absl::Status status = setting.set(values);
    if (!status.ok())
      return absl::InvalidArgumentError(flag + ": " + std::string(status.message()));
  }
  for (const TableList& list : settings.tables) {
    absl::Status status = ApplyTables(list, flags.values.at(list.name));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status UnknownFlag(const std::string& argument, const Settings& settings) {
  std::vector<std::string> names{"--config", "--check-config", "--print-effective"};
  for (const Setting& setting : settings.values) names.push_back(FlagOf(setting.name));
  for (const TableList& list : settings.tables) names.push_back(FlagOf(list.name));
  const std::string name = argument.substr(0, argument.find('='));
  return absl::InvalidArgumentError(
      name + (name.starts_with('-') ? ": unknown flag" : ": unexpected argument") +
      DidYouMean(name, names));
}

// Help and errors come as exceptions from the parser and end here.
absl::Status Parse(CLI::App& app, int argc, const char* const* argv, ParsedLine& line) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = ParsedLine::Action::kPrint;
    line.text = app.help();
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return absl::InvalidArgumentError(text);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadCommandLine(int argc, const char* const* argv, const Program& program,
                             ParsedLine& line) {
  Flags flags;
  CLI::App app(program.about, program.name);
  Declare(app, program.settings, flags);
  absl::Status status = Parse(app, argc, argv, line);
  if (!status.ok() || line.action == ParsedLine::Action::kPrint) return status;
  if (!app.remaining().empty()) return UnknownFlag(app.remaining().front(), program.settings);
  if (!flags.file.empty()) status = ApplyFile(flags.file, program.settings);
  if (status.ok()) status = ApplyFlags(flags, program.settings);
  if (status.ok()) status = program.check();
  if (!status.ok()) return status;
  if (flags.check) line.action = ParsedLine::Action::kCheck;
  if (flags.print) {
    line.action = ParsedLine::Action::kPrint;
    line.text = program.effective();
  }
  return absl::OkStatus();
}

}  // namespace trunkline

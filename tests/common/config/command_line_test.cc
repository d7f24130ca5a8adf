// The settings of a made-up program, from its file and its flags.
#include "common/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trunkline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Values {
  std::string name = "none";
  bool loud = false, any = true;
  std::uint32_t count = 1;
  float rate = 0;
  Duration wait{1'000};
  HostPort address;
  std::vector<HostPort> addresses;
  std::vector<std::string> labels;
  std::vector<std::string> tables;
  std::string level = "info";
};

absl::Status CheckLabel(const std::string& label) {
  return label.empty() ? absl::InvalidArgumentError("is empty") : absl::OkStatus();
}

Settings SettingsOf(Values& v) {
  Setting any = BoolSetting("any", "", v.any);
  any.type = Setting::Type::kAny;
  return {{TextSetting("name", "", v.name), AddressSetting("address", "", v.address),
           AddressesSetting("addresses", "", v.addresses, 2),
           TextsSetting("label", "", v.labels, 2, CheckLabel), any, LogLevelSetting(v.level),
           BoolSetting("more.loud", "", v.loud), NumberSetting("more.count", "", v.count, {1, 9}),
           SizeSetting("more.rate", "", v.rate, {0, 1 << 20}),
           DurationSetting("more.wait", "", v.wait, {Duration(0), Duration(60'000)})},
          {{"table", "", [&v] { v.tables.clear(); },
            [&v](const TableList::Fields& fields, const std::string&) {
              if (!fields.contains("id")) return absl::InvalidArgumentError("table.id: is missing");
              v.tables.push_back(fields.at("id"));
              return absl::OkStatus();
            }}}};
}

std::string TomlError(const std::string& toml, Values& values) {
  const absl::Status status = ApplyToml(toml, "f", SettingsOf(values));
  return std::string(status.message());
}

struct Outcome {
  std::string error;
  ParsedLine line;
};
Outcome RunLine(std::vector<const char*> flags, Values& values) {
  flags.insert(flags.begin(), "program");
  const Program program{"program", "A program", SettingsOf(values), [] { return absl::OkStatus(); },
                        [&values] { return SettingsToml(SettingsOf(values)); }};
  Outcome run;
  const absl::Status status =
      ReadCommandLine(static_cast<int>(flags.size()), flags.data(), program, run.line);
  run.error = std::string(status.message());
  return run;
}

TEST(CommandLine, FlagsSetEveryKindOfValue) {
  Values v;
  const Outcome run =
      RunLine({"--name",       "a",           "--address",   "127.0.0.1:5", "--addresses",
               "[::1]:6",      "--addresses", "127.0.0.1:7", "--label",     "x",
               "--label",      "y",           "--any",       "false",       "--more-loud",
               "--more-count", "9",           "--more-rate", "64KiB",       "--more-wait",
               "2s",           "--table",     "id=1,more=2", "--table",     "id=3"},
              v);
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.line.action, ParsedLine::Action::kRun);
  EXPECT_EQ(v.name, "a");
  EXPECT_EQ(v.address, (HostPort{"127.0.0.1", 5}));
  EXPECT_THAT(v.addresses, ElementsAre(HostPort{"::1", 6}, HostPort{"127.0.0.1", 7}));
  EXPECT_THAT(v.labels, ElementsAre("x", "y"));
  EXPECT_FALSE(v.any);
  EXPECT_TRUE(v.loud);
  EXPECT_EQ(v.count, 9u);
  EXPECT_EQ(v.rate, 65536);
  EXPECT_EQ(v.wait, Duration(2'000));
  EXPECT_THAT(v.tables, ElementsAre("1", "3"));
}

TEST(CommandLine, WhatIsGivenReplacesAList) {
  Values v;
  v.labels = {"old"};
  v.tables = {"old"};
  EXPECT_EQ(RunLine({"--label", "new", "--table", "id=new"}, v).error, "");
  EXPECT_THAT(v.labels, ElementsAre("new"));
  EXPECT_THAT(v.tables, ElementsAre("new"));
}

TEST(CommandLine, AListHasAMaximumAndKeepsWhatItHeld) {
  Values v;
  v.labels = {"old"};
  EXPECT_EQ(RunLine({"--label", "1", "--label", "2", "--label", "3"}, v).error,
            "--label: at most 2");
  EXPECT_EQ(RunLine({"--label", "1", "--label", ""}, v).error, "--label: is empty");
  EXPECT_EQ(RunLine({"--addresses", "[::1]:1", "--addresses", "here:2"}, v).error,
            "--addresses: \"here:2\" is not HOST:PORT with a numeric host");
  EXPECT_THAT(v.labels, ElementsAre("old"));
  EXPECT_THAT(v.addresses, ElementsAre());
}

TEST(CommandLine, WrongValuesLeaveTheOldOne) {
  Values v;
  EXPECT_EQ(RunLine({"--more-count", "10"}, v).error, "--more-count: 10 is out of range, 1 to 9");
  EXPECT_EQ(RunLine({"--more-count", "-1"}, v).error, "--more-count: -1 is out of range, 1 to 9");
  EXPECT_EQ(RunLine({"--more-rate", "2MiB"}, v).error,
            "--more-rate: 2MiB is out of range, 0B to 1MiB");
  EXPECT_EQ(RunLine({"--more-wait", "1"}, v).error,
            "--more-wait: \"1\" is not a duration such as \"500ms\", \"20s\", \"10m\"");
  EXPECT_EQ(RunLine({"--table", "name=1"}, v).error, "--table: table.id: is missing");
  EXPECT_EQ(RunLine({"--table", "id"}, v).error, "--table: \"id\" is not NAME=VALUE");
  EXPECT_EQ(v.count, 1u);
  EXPECT_EQ(v.rate, 0);
  EXPECT_EQ(v.wait, Duration(1'000));
}

TEST(Toml, ValuesAreTyped) {
  Values v;
  EXPECT_EQ(TomlError("name = 1", v), "f:1: name: must be text in quotes");
  EXPECT_EQ(TomlError("[more]\ncount = \"1\"", v),
            "f:2: more.count: must be a number without quotes");
  EXPECT_EQ(TomlError("[more]\nloud = 1", v), "f:2: more.loud: must be true or false");
  EXPECT_EQ(TomlError("any = false", v), "");
  EXPECT_FALSE(v.any);
  EXPECT_EQ(TomlError("any = \"true\"", v), "");
  EXPECT_TRUE(v.any);
  EXPECT_EQ(TomlError("label = [\"a\", \"b\"]", v), "");
  EXPECT_THAT(v.labels, ElementsAre("a", "b"));
  EXPECT_EQ(TomlError("[[table]]\nid = 5\n[[table]]\nid = \"six\"\n", v), "");
  EXPECT_THAT(v.tables, ElementsAre("5", "six"));
  EXPECT_EQ(TomlError("table = [1]", v), "f:1: table: is a list of tables, write [[table]]");
}

TEST(Toml, WhatIsPrintedReadsBackTheSame) {
  Values v;
  v.labels = {"one \"two\"", "b\\c"};
  v.addresses = {{"::1", 1}};
  v.rate = 3 << 10;
  v.any = false;
  const Outcome run = RunLine({"--print-effective", "--more-loud"}, v);
  EXPECT_EQ(run.line.action, ParsedLine::Action::kPrint);
  EXPECT_EQ(
      run.line.text,
      "name = \"none\"\naddresses = [\"[::1]:1\"]\nlabel = [\"one \\\"two\\\"\", \"b\\\\c\"]\n"
      "any = \"false\"\nlog_level = \"info\"\n\n[more]\nloud = true\ncount = 1\n"
      "rate = \"3KiB\"\nwait = \"1s\"\n");
  Values back;
  EXPECT_EQ(TomlError(run.line.text, back), "");
  EXPECT_EQ(SettingsToml(SettingsOf(back)), run.line.text);
}

TEST(CommandLine, HelpNamesEveryFlag) {
  Values v;
  const Outcome run = RunLine({"--help"}, v);
  EXPECT_EQ(run.line.action, ParsedLine::Action::kPrint);
  for (const Setting& setting : SettingsOf(v).values) {
    EXPECT_THAT(run.line.text, HasSubstr(FlagOf(setting.name)));
  }
}

}  // namespace
}  // namespace trunkline

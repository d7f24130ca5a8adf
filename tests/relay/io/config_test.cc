#include "relay/io/config.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/relay/io/relay_process.h"
#include "tests/support/temp_dir.h"

namespace trunkline::relay {
namespace {

class ConfigTest : public testing::Test {
 protected:
  std::vector<std::string> Good() const {
    return {"--id", "7", "--listen", "127.0.0.1:0", "--secret-file", secret_};
  }
  const TempDir files_;
  const std::string secret_ = files_.Write("secret", "sixteen bytes ..\n");
};

TEST_F(ConfigTest, WrongConfigurationsEndWithTwoAndOneLine) {
  const std::string short_secret = files_.Write("short", "short\n");
  const std::string unknown = files_.Write("unknown.toml", "id = 7\nregoin = \"eu\"\n");
  const std::string range = files_.Write("range.toml", "\n\nthreads = 100\n");
  const std::string type = files_.Write("type.toml", "id = [1, 2]\n");
  const std::string syntax = files_.Write("syntax.toml", "id = = 1\n");
  struct Row {
    std::vector<std::string> more;
    std::string names;
  };
  const Row rows[] = {
      {{"--bogus"}, "--bogus"},
      {{"--id", "8"}, "--id: is there twice"},
      {{"--threads", "0"}, "--threads: 0 is out of range"},
      {{"--threads", "two"}, "--threads: \"two\" is not of the form 2"},
      {{"--nap", "1s"}, "--nap: \"1s\" is not of the form"},
      {{"--listen", "example.org:1"}, "--listen: \"example.org:1\" is not HOST:PORT"},
      {{"--advertise", "1.2.3.4:70000"}, "--advertise: port 70000 is out of range"},
      {{"--region", "Zürich"}, "--region: must be"},
      {{"--domain", "a b"}, "--domain: must be"},
      {{"--label", "gold", "--label", "Gold"}, "--label: must be"},
      {{"--capacity-calls", "many"}, "--capacity-calls: \"many\" is not of the form"},
      {{"--advertise-ipv6", "1.2.3.4:5"}, "advertise_ipv6: must be an IPv6 address beside"},
      {{"--advertise", "1.2.3.4:5", "--advertise-ipv6", "[2001:db8::1]:6"},
       "advertise_ipv6: must have the port of advertise"},
      {{"--advertise", "0.0.0.0:5", "--server", "127.0.0.1:9"}, "advertise: is missing"},
      {{"--log-level", "loud"}, "--log-level: \"loud\" is none of"},
      {{"--config", files_ / "none"}, "can't be read"},
      {{"--config", unknown}, "unknown.toml:2: regoin: unknown key"},
      {{"--config", range}, "range.toml:3: threads: 100 is out of range"},
      {{"--config", type}, "type.toml:1: id: has the wrong type"},
      {{"--config", syntax}, "syntax.toml:1:"},
  };
  for (const Row& row : rows) {
    std::vector<std::string> arguments = Good();
    arguments.insert(arguments.end(), row.more.begin(), row.more.end());
    const Ended run = RunRelay(arguments);
    EXPECT_EQ(run.exit_code, 2) << row.names;
    EXPECT_NE(run.error.find(row.names), std::string::npos) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
  }
  EXPECT_EQ(RunRelay({"--id", "7", "--listen", "127.0.0.1:0"}).exit_code, 2);
  EXPECT_EQ(RunRelay({"--id", "7", "--secret-file", secret_}).exit_code, 2);
  EXPECT_EQ(
      RunRelay({"--id", "7", "--listen", "127.0.0.1:0", "--secret-file", short_secret}).exit_code,
      2);
}

TEST_F(ConfigTest, CheckConfigSaysNothingWhenAllIsWell) {
  std::vector<std::string> arguments = Good();
  arguments.push_back("--check-config");
  const Ended run = RunRelay(arguments);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.error, "");
}

TEST_F(ConfigTest, FileAndFlags) {
  const std::string file =
      files_.Write("relay.toml",
                   "id = 9\nlisten = [\"0.0.0.0:4431\", \"[::1]:4431\"]\n"
                   "secret_file = \"" +
                       secret_ +
                       "\"\nregion = \"eu-1\"\n"
                       "threads = 2\nnap = \"500us\"\nstun = false\nidle = \"45s\"\n"
                       "bytes_per_second = \"256KiB\"\n");
  const char* argv[] = {"trunkline-relay", "--config", file.c_str(), "--threads", "3"};
  const auto line = ReadCommandLine(5, argv);
  ASSERT_TRUE(line.ok()) << line.status();
  const Config& config = line->config;
  EXPECT_EQ(config.id, 9u);
  ASSERT_EQ(config.listen.size(), 2u);
  EXPECT_EQ(HostPortText(config.listen[1]), "[::1]:4431");
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.nap_us, 500u);
  EXPECT_FALSE(config.limits.answer_stun);
  EXPECT_EQ(config.limits.idle_ms, 45'000u);
  EXPECT_EQ(config.limits.bytes.per_second, 262144);
  EXPECT_EQ(AsText(config.secret), "sixteen bytes ..");
}

TEST_F(ConfigTest, AnAddressThatIsNotOurs) {
  RelayProcess relay;
  ASSERT_TRUE(relay.started());
  std::vector<std::string> arguments = Good();
  arguments[3] = "192.0.2.1:" + std::to_string(relay.port());  // not an address of this machine
  const Ended run = RunRelay(arguments);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.error.find("listen 192.0.2.1:"), std::string::npos) << run.error;
}

}  // namespace
}  // namespace trunkline::relay

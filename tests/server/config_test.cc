#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/config/values.h"
#include "server/config_keys.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace trunkline {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::StatusOr<CommandLine> Read(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv{"trunkline-server"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ReadCommandLine(static_cast<int>(argv.size()), argv.data());
}

std::string ErrorOf(const std::vector<std::string>& arguments) {
  const auto line = Read(arguments);
  return line.ok() ? "accepted" : std::string(line.status().message());
}

std::string TomlErrorOf(const std::string& toml) {
  Config config;
  const absl::Status status = ApplyToml(toml, "a.toml", config);
  return status.ok() ? "accepted" : std::string(status.message());
}

// ---- What is refused, and in which words
// ----------------------------------------------------------

struct Refusal {
  const char* name;
  const char* toml;
  const char* message;
};
class RefusedToml : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedToml, NamesLineKeyAndFault) {
  EXPECT_EQ(TomlErrorOf(GetParam().toml), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Config, RefusedToml,
    testing::Values(
        Refusal{"UnknownKey", "threads = 1\nlisen = \"127.0.0.1:1\"\n",
                "a.toml:2: lisen: unknown key, did you mean listen?"},
        Refusal{"UnknownKeyFarFromAll", "quality = 1\n", "a.toml:1: quality: unknown key"},
        Refusal{"UnknownKeyInSection", "[calls]\nrnig_timeout = \"90s\"\n",
                "a.toml:2: calls.rnig_timeout: unknown key, did you mean calls.ring_timeout?"},
        Refusal{"UnknownSection", "[call]\nring_timeout = \"90s\"\n",
                "a.toml:1: call: unknown key, did you mean calls?"},
        Refusal{"SectionAsValue", "calls = 3\n", "a.toml:1: calls: is a section, write [calls]"},
        Refusal{"TextForNumber", "threads = \"2\"\n",
                "a.toml:1: threads: must be a number without quotes"},
        Refusal{"NumberForText", "data_dir = 2\n", "a.toml:1: data_dir: must be text in quotes"},
        Refusal{"WrongType", "threads = 1.5\n", "a.toml:1: threads: has the wrong type"},
        Refusal{"EmptyList", "listen = []\n", "a.toml:1: listen: has the wrong type"},
        Refusal{"TooManyThreads", "threads = 65\n",
                "a.toml:1: threads: 65 is out of range, 1 to 64"},
        Refusal{"NoThreads", "threads = 0\n", "a.toml:1: threads: 0 is out of range, 1 to 64"},
        Refusal{
            "DurationWithoutUnit", "[calls]\nring_timeout = \"90\"\n",
            "a.toml:2: calls.ring_timeout: \"90\" is not a duration such as \"500ms\", \"20s\", "
            "\"10m\""},
        Refusal{"DurationTooLong", "[calls]\nring_timeout = \"1h\"\n",
                "a.toml:2: calls.ring_timeout: 1h is out of range, 1s to 10m"},
        Refusal{"DurationOverflow", "[calls]\nring_timeout = \"9223372036854775807h\"\n",
                "a.toml:2: calls.ring_timeout: \"9223372036854775807h\" is not a duration such as "
                "\"500ms\", \"20s\", \"10m\""},
        Refusal{"SizeTooSmall", "[limits]\noutbox = \"1KiB\"\n",
                "a.toml:2: limits.outbox: 1KiB is out of range, 64KiB to 64MiB"},
        Refusal{"SizeWithoutUnit", "[limits]\noutbox = \"1 MB\"\n",
                "a.toml:2: limits.outbox: \"1 MB\" is not a size such as \"64KiB\", \"1MiB\""},
        Refusal{"HostName", "listen = \"example.org:443\"\n",
                "a.toml:1: listen: \"example.org:443\" is not HOST:PORT with a numeric host"},
        Refusal{"BareIpv6", "listen = \"::1:443\"\n",
                "a.toml:1: listen: \"::1:443\" is not HOST:PORT with a numeric host"},
        Refusal{"NoPort", "http = \"127.0.0.1\"\n",
                "a.toml:1: http: \"127.0.0.1\" is not HOST:PORT with a numeric host"},
        Refusal{"PortTooLarge", "http = \"127.0.0.1:65536\"\n",
                "a.toml:1: http: port 65536 is out of range, 0 to 65535"},
        Refusal{"Durability", "[store]\ndurability = \"maybe\"\n",
                "a.toml:2: store.durability: \"maybe\" is none of fsync, os, none"},
        Refusal{"TestCode", "test_code = \"12a45\"\n",
                "a.toml:1: test_code: must be 3 to 8 digits"},
        Refusal{"Command", "[code]\ncommand = \"send\"\n",
                "a.toml:2: code.command: must be the absolute path of a program"},
        Refusal{"Webhook", "[code]\nwebhook = \"ftp://a/\"\n",
                "a.toml:2: code.webhook: must start with http:// or https://"},
        Refusal{"TokensFile", "[bots]\ntokens_file = \"/nonexistent/tokens\"\n",
                "a.toml:2: bots.tokens_file: /nonexistent/tokens can't be read"},
        Refusal{"RelayNotAList", "relay = 3\n", "a.toml:1: relay: is a list, write [[relay]]"},
        Refusal{"RelayUnknownKey", "[[relay]]\nid = 1\nkindd = \"turn\"\n",
                "a.toml:1: relay.kindd: unknown key, did you mean kind?"},
        Refusal{"RelayWithoutPort", "[[relay]]\nid = 1\nkind = \"reflector\"\nip = \"192.0.2.1\"\n",
                "a.toml:1: relay.port: is missing"},
        Refusal{"RelayKind", "[[relay]]\nid = 1\nkind = \"turnn\"\n",
                "a.toml:1: relay.kind: \"turnn\" is none of reflector, turn, stun"},
        Refusal{"RelayAddress",
                "[[relay]]\nid = 1\nkind = \"stun\"\nip = \"2001:db8::1\"\nport = 1\n",
                "a.toml:1: relay.ip: \"2001:db8::1\" is not an address"},
        Refusal{"RelayTwice",
                "[[relay]]\nid = 1\nkind = \"stun\"\nip = \"192.0.2.1\"\nport = 1\n"
                "[[relay]]\nid = 1\nkind = \"stun\"\nip = \"192.0.2.1\"\nport = 1\n",
                "a.toml:6: relay.id: 1 is there twice, first at a.toml:1"},
        Refusal{"RelayAddressTwice",
                "[[relay]]\nid = 1\nkind = \"reflector\"\nip = \"192.0.2.1\"\nport = 1\n"
                "[[relay]]\nid = 2\nkind = \"stun\"\nip = \"192.0.2.1\"\nport = 1\n",
                "a.toml:6: relay.port: its address is that of relay 1 at a.toml:1"},
        Refusal{"TurnWithoutSecret",
                "[[relay]]\nid = 1\nkind = \"turn\"\nip = \"192.0.2.1\"\nport = 1\n",
                "a.toml:1: relay.secret_file: is missing, kind turn needs one"},
        Refusal{"StunWithSecret",
                "[[relay]]\nid = 1\nkind = \"stun\"\nip = \"192.0.2.1\"\nport = 1\n"
                "secret_file = \"/dev/null\"\n",
                "a.toml:1: relay.secret_file: kind stun has no secret"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Config, BrokenTomlIsNamedWithItsLine) {
  EXPECT_THAT(TomlErrorOf("threads = 1\nlisten = \"\n"), testing::StartsWith("a.toml:2: "));
  EXPECT_THAT(TomlErrorOf("threads = 1\nthreads = 2\n"), testing::StartsWith("a.toml:2: "));
}

TEST(Config, WrongFlagsAreNamed) {
  EXPECT_EQ(ErrorOf({"--threads", "0"}), "--threads: 0 is out of range, 1 to 64");
  EXPECT_EQ(ErrorOf({"--thread", "2"}), "--thread: unknown flag, did you mean --threads?");
  EXPECT_EQ(ErrorOf({"somewhere"}), "somewhere: unexpected argument");
  EXPECT_EQ(ErrorOf({"--threads", "1", "--threads", "2"}), "--threads: is there twice");
  EXPECT_EQ(ErrorOf({"--calls-ring-timeout", "90"}),
            "--calls-ring-timeout: \"90\" is not a duration such as \"500ms\", \"20s\", \"10m\"");
  EXPECT_EQ(ErrorOf({"--config", "/nonexistent.toml"}),
            "--config: /nonexistent.toml can't be read");
  EXPECT_EQ(ErrorOf({"--relay", "id=1,kind"}), "--relay: \"kind\" is not NAME=VALUE");
  EXPECT_EQ(ErrorOf({"--relay", "id=1,kind=stun,ip=192.0.2.1"}), "--relay: relay.port: is missing");
  EXPECT_THAT(ErrorOf({"--threads"}), HasSubstr("--threads"));
}

TEST(Config, WhatContradictsItselfIsRefused) {
  EXPECT_EQ(ErrorOf({"--code-command", "/bin/true", "--code-webhook", "http://127.0.0.1:1/"}),
            "code.webhook: can't be set beside code.command");
  EXPECT_EQ(ErrorOf({"--calls-receive-timeout", "2m"}),
            "calls.receive_timeout: must not be longer than calls.ring_timeout");
}

// ---- What is accepted
// -----------------------------------------------------------------------------

TEST(Config, DefaultsStandWithoutFileAndFlags) {
  const auto line = Read({});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, CommandLine::Action::kRun);
  EXPECT_EQ(line->config.node.threads, 1u);
  EXPECT_EQ(line->config.node.durability, io::Durability::kFsync);
  EXPECT_EQ(line->config.http, (io::HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(line->config.node.book.test_code, "");
}

TEST(Config, AFileIsReadWhole) {
  const TempDir files;
  const std::string secret = files.Write("secret", "hush\n");
  const std::string tokens = files.Write("tokens", "# ours\n1:abc\n\n2:def\r\n");
  const std::string toml = files.Write("server.toml", R"(
data_dir = "/srv/trunkline"
listen = ["0.0.0.0:443", "[::]:5222"]
advertise = "198.51.100.7:443"
http = "127.0.0.1:9100"
threads = 4
dc = 3
test_code = "12345"
log_level = "debug"
[store]
durability = "os"
[calls]
receive_timeout = "10s"
ring_timeout = "1m"
connect_timeout = "15s"
[code]
command = "/usr/bin/send-code"
[bots]
tokens_file = ")" + tokens + R"("
[limits]
connections = 500000
idle_timeout = "5m"
outbox = "256KiB"
[[relay]]
id = 7
kind = "reflector"
ip = "198.51.100.8"
ipv6 = "2001:db8::8"
port = 4431
tcp = true
[[relay]]
id = 8
kind = "turn"
ip = "198.51.100.9"
port = 3478
secret_file = ")" + secret + "\"\n");
  const auto line = Read({"--config", toml});
  ASSERT_TRUE(line.ok()) << line.status();
  const io::NodeConfig& node = line->config.node;
  EXPECT_EQ(node.data_dir, "/srv/trunkline");
  ASSERT_EQ(node.listen.size(), 2u);
  EXPECT_EQ(node.listen[1], (io::HostPort{"::", 5222}));
  EXPECT_EQ(node.advertise.front(), (io::HostPort{"198.51.100.7", 443}));
  EXPECT_EQ(line->config.http.port, 9100);
  EXPECT_EQ(node.threads, 4u);
  EXPECT_EQ(node.dc, DcId(3));
  EXPECT_EQ(node.durability, io::Durability::kOs);
  EXPECT_EQ(node.book.receive_timeout, std::chrono::seconds(10));
  EXPECT_EQ(node.book.ring_timeout, std::chrono::minutes(1));
  EXPECT_EQ(node.code.command, "/usr/bin/send-code");
  EXPECT_THAT(node.book.bot_tokens, testing::ElementsAre("1:abc", "2:def"));
  EXPECT_EQ(node.limits.connections_max, 500'000u);
  EXPECT_EQ(node.limits.outbox_bytes_max, 256u * 1024);
  ASSERT_EQ(node.book.relays.size(), 2u);
  EXPECT_TRUE(node.book.relays[0].tcp);
  EXPECT_EQ(node.book.relays[0].kind, book::Connection::Kind::kReflector);
  EXPECT_TRUE(node.book.relays[1].turn);
  EXPECT_EQ(node.book.relays[1].turn_secret, "hush");
}

TEST(Config, FlagsWinOverTheFile) {
  const TempDir files;
  const std::string toml =
      files.Write("server.toml",
                  "threads = 4\ndc = 3\nlisten = \"127.0.0.1:1\"\n"
                  "[[relay]]\nid = 1\nkind = \"stun\"\nip = \"192.0.2.1\"\nport = 1\n");
  const auto line = Read({"--threads", "2", "--listen", "127.0.0.1:2", "--listen", "[::1]:3",
                          "--relay", "id=9,kind=reflector,ip=192.0.2.9,port=9", "--config", toml});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->config.node.threads, 2u);
  EXPECT_EQ(line->config.node.dc, DcId(3));
  EXPECT_THAT(line->config.node.listen,
              testing::ElementsAre(io::HostPort{"127.0.0.1", 2}, io::HostPort{"::1", 3}));
  ASSERT_EQ(line->config.node.book.relays.size(), 1u);
  EXPECT_EQ(line->config.node.book.relays[0].id, 9);
}

TEST(Config, EveryKeyIsAFlag) {
  Config config;
  for (const Setting& key : SettingsOf(config).values) {
    const std::string flag = FlagOf(key.name);
    if (key.type == Setting::Type::kBool) {
      EXPECT_EQ(ErrorOf({flag}), "accepted");
      EXPECT_THAT(ErrorOf({flag, flag}), HasSubstr(flag + ": is there twice"));
    } else {
      EXPECT_THAT(ErrorOf({flag}), HasSubstr(flag));  // known, and wants a value
    }
  }
}

TEST(Config, RelaysAndTurnNeedTheirSecrets) {
  const TempDir files;
  const std::string secret = files.Write("secret", "0123456789abcdef\n");
  EXPECT_EQ(ErrorOf({"--relay-control", "127.0.0.1:0", "--relay-secret-file", secret}), "accepted");
  EXPECT_EQ(ErrorOf({"--turn", "127.0.0.1:3478", "--turn-secret-file", secret}), "accepted");
  EXPECT_EQ(ErrorOf({"--relay-control", "127.0.0.1:0"}),
            "relay_secret_file: is missing, relay_control needs one");
  EXPECT_EQ(ErrorOf({"--relay-secret-file", secret}),
            "relay_control: is missing, relay_secret_file is for it");
  EXPECT_EQ(ErrorOf({"--turn", "127.0.0.1:3478"}), "turn_secret_file: is missing, turn needs one");
  EXPECT_EQ(ErrorOf({"--turn-secret-file", secret}),
            "turn: is missing, turn_secret_file is for it");
  EXPECT_EQ(ErrorOf({"--turn", "127.0.0.1:0", "--turn-secret-file", secret}),
            "turn: port 0 is none");
  EXPECT_EQ(ErrorOf({"--turn", "127.0.0.1:7", "--turn-secret-file", secret, "--relay",
                     "id=3,kind=reflector,ip=127.0.0.1,port=7"}),
            "relay.port: its address is that of relay 3 at --relay");
}

TEST(Config, TlsNeedsACertificateAndItsKey) {
  const TempDir files;
  const TestAuthority authority;
  const TestIdentity identity = authority.Issue(), other = authority.Issue();
  const std::string certificate = files.Write("certificate", identity.certificate);
  const std::string key = files.Write("key", identity.key), wrong = files.Write("no", other.key);
  const auto line = Read({"--http-tls-certificate", certificate, "--http-tls-key", key,
                          "--webhook-ca-file", files.Write("ca", authority.pem())});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_NE(line->config.http_tls, nullptr);
  EXPECT_NE(line->config.webhook_trust, nullptr);
  EXPECT_EQ(Read({})->config.http_tls, nullptr);
  EXPECT_NE(Read({})->config.webhook_trust, nullptr);

  const auto error_of = [&](const std::string& first, const std::string& second) {
    return ErrorOf({"--check-config", "--http-tls-certificate", first, "--http-tls-key", second});
  };
  EXPECT_EQ(ErrorOf({"--http-tls-certificate", certificate}),
            "http_tls_key: is missing, http_tls_certificate needs one");
  EXPECT_EQ(ErrorOf({"--http-tls-key", key}),
            "http_tls_certificate: is missing, http_tls_key is for it");
  EXPECT_EQ(error_of(certificate, wrong),
            "http_tls_key: " + wrong + " isn't the key of the first certificate");
  EXPECT_EQ(error_of(key, key),
            "http_tls_certificate: " + key + " holds no certificate in PEM form");
  EXPECT_EQ(error_of("/nonexistent", key), "http_tls_certificate: /nonexistent can't be read");
  EXPECT_EQ(error_of(certificate, files.path()),
            "http_tls_key: " + files.path() + " can't be read");
  const std::string large = files.Write("large", std::string(65'537, ' '));
  EXPECT_EQ(error_of(large, key), "http_tls_certificate: " + large + " is larger than 65536 bytes");
  EXPECT_EQ(ErrorOf({"--webhook-ca-file", key}),
            "webhook_ca_file: " + key + " holds no certificate in PEM form");
}

TEST(Config, CheckConfigChecksAndDoesNotRun) {
  const auto line = Read({"--check-config", "--threads", "2"});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->action, CommandLine::Action::kCheck);
  EXPECT_NE(ErrorOf({"--check-config", "--threads", "99"}), "accepted");
}

// What is printed is a file that says the same, and secrets aren't in it.
TEST(Config, TheEffectiveConfigurationReadsBackTheSame) {
  const TempDir files;
  const std::string secret = files.Write("secret", "hush");
  const auto line =
      Read({"--print-effective", "--threads", "3", "--listen", "[::1]:5", "--listen", "127.0.0.1:6",
            "--test-code", "98765", "--limits-outbox", "65KiB", "--relay",
            "id=1,kind=reflector,ip=192.0.2.1,port=4431", "--data-dir", "/a \"b\""});
  ASSERT_TRUE(line.ok()) << line.status();
  ASSERT_EQ(line->action, CommandLine::Action::kPrint);
  EXPECT_THAT(line->text, Not(HasSubstr("98765")));
  Config read;
  const absl::Status status = ApplyToml(line->text, "printed", read);
  ASSERT_TRUE(status.ok()) << status << line->text;
  read.node.book.test_code = "98765";
  EXPECT_EQ(EffectiveToml(read), line->text);
  EXPECT_EQ(read.node.data_dir, "/a \"b\"");
  EXPECT_EQ(read.node.limits.outbox_bytes_max, 65u * 1024);

  const auto turn = Read(
      {"--print-effective", "--relay", "id=2,kind=turn,ip=192.0.2.1,port=1,secret_file=" + secret});
  ASSERT_TRUE(turn.ok()) << turn.status();
  EXPECT_THAT(turn->text, Not(HasSubstr("hush")));
}

TEST(ConfigValues, AreWrittenInTheLargestUnitThatHoldsThem) {
  EXPECT_EQ(DurationText(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(DurationText(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(DurationText(std::chrono::minutes(120)), "2h");
  EXPECT_EQ(DurationText(Duration(0)), "0ms");
  EXPECT_EQ(SizeText(1536), "1536B");
  EXPECT_EQ(SizeText(64 * 1024), "64KiB");
}

}  // namespace
}  // namespace trunkline

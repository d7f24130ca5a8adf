// The real relay and the listener: registers, is drained, loses its server, comes back. What is
// said in the log is said by a relay in this process.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "relay/control/limits.h"
#include "relay/io/control_link.h"
#include "relay/io/daemon.h"
#include "server/relays/relay_control.h"
#include "tests/relay/rig.h"
#include "tests/server/relays/proxy.h"
#include "tests/server/relays/rig.h"

namespace trunkline::relays {
namespace {

using relay::IssuedTag;
using relay::RelayProcess;
using relay::Side;
using relay::UdpClient;
// Short: an address may be sent little before it has spoken much.
constexpr std::size_t kPayload = 40;

using Arguments = std::vector<std::string>;

Arguments With(const RelayControl& server, Arguments more = {}) {
  more.push_back("--server");
  more.push_back("127.0.0.1:" + std::to_string(server.port()));
  return more;
}

// The relay's page is asked until it says so.
bool Becomes(RelayProcess& relay, const std::string& metric, double value) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(20'000);
  while (relay.Metric(metric) != value) {
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

relay::TagKey KeyOf(std::uint8_t id) {
  return relay::DeriveTagKey(AsBytes(kSecret), relay::kRelayId, id);
}

// One packet each way between two phones of a call.
struct Phones {
  Phones(std::uint16_t port, std::uint32_t nonce)
      : a(port), b(port), caller(IssuedTag(Side::kCaller, nonce)) {
    callee = IssuedTag(Side::kCallee, nonce);
  }
  void Meet() {
    a.Send(relay::Ping(caller));
    b.Send(relay::Ping(callee));
    EXPECT_TRUE(a.Receive());
    EXPECT_TRUE(b.Receive());
  }
  void Talk(int count = 5) {
    for (int i = 0; i < count; ++i) {
      a.Send(relay::VoipData(caller, kPayload));
      ASSERT_EQ(b.Receive(), relay::VoipData(callee, kPayload));
      b.Send(relay::VoipData(callee, kPayload));
      ASSERT_EQ(a.Receive(), relay::VoipData(caller, kPayload));
    }
  }
  UdpClient a, b;
  relay::Tag caller, callee;
};

class RelayJoinsTest : public testing::Test {
 protected:
  Receiver receiver;
  std::unique_ptr<RelayControl> server = Listen(receiver);
};

TEST_F(RelayJoinsTest, IsReadyWhenItHasRegistered) {
  RelayProcess relay(With(*server, {"--region", "eu-1", "--domain", "rack-2", "--label", "gold",
                                    "--label", "test", "--capacity-calls", "500"}));
  ASSERT_TRUE(relay.started());  // the line came
  const auto told = receiver.told();
  ASSERT_EQ(told.joined.size(), 1u);
  const Joined& joined = told.joined[0];
  EXPECT_EQ(joined.id, relay::kRelayId);
  EXPECT_EQ(joined.ip, "127.0.0.1");
  EXPECT_EQ(joined.port, relay.port());
  EXPECT_TRUE(joined.tcp);
  EXPECT_EQ(joined.region, "eu-1");
  EXPECT_EQ(joined.domain, "rack-2");
  EXPECT_EQ(joined.labels, (std::vector<std::string>{"gold", "test"}));
  EXPECT_EQ(joined.capacity.calls, 500);
  EXPECT_FALSE(joined.version.empty());
  EXPECT_TRUE(receiver.Await([](const auto& now) { return now.beats.size() >= 3; }));
  const auto links = server->links();
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].id, relay::kRelayId);
  EXPECT_GT(links[0].round_trip_us, 0u);
}

TEST_F(RelayJoinsTest, WhatItCarriesIsTold) {
  RelayProcess relay(With(*server));
  ASSERT_TRUE(relay.started());
  Phones phones(relay.port(), 9);
  phones.Meet();
  phones.Talk(20);
  // Live, and then again when it has ended.
  const relay::CallKey key = relay::CallKeyOf(phones.caller.data());
  ASSERT_TRUE(receiver.Await([](const auto& told) {
    return !told.flows.empty() && told.flows.back().summary.packets == 40;
  }));
  server->Deny(relay::kRelayId, key);
  ASSERT_TRUE(receiver.Await([](const auto& told) { return told.flows.back().ended; }));
  const auto told = receiver.told();
  const Flow& live = told.flows.front();
  EXPECT_FALSE(live.ended);
  const Flow& ended = told.flows.back();
  EXPECT_EQ(ended.key, key);
  EXPECT_EQ(live.key, key);
  EXPECT_TRUE(ended.summary.caller.hello && ended.summary.callee.hello);
  EXPECT_EQ(ended.summary.bytes, 40u * (relay::kTagBytes + kPayload));
  EXPECT_EQ(ended.summary.caller.rtt_samples, 0u);
  phones.a.Send(relay::Ping(phones.caller));
  EXPECT_FALSE(phones.a.Receive(100));
  EXPECT_TRUE(receiver.Await([](const auto& now) {
    const auto& drops = now.beats.back().drops;
    return drops && std::ranges::count(*drops, std::pair<std::string, std::uint64_t>("denied", 1));
  }));
  EXPECT_TRUE(receiver.Await([](const auto& now) {
    return std::any_of(now.beats.begin(), now.beats.end(),
                       [](const Beat& beat) { return beat.load.packets_per_second > 10; });
  }));
}

TEST_F(RelayJoinsTest, ASecondRelayWithItsIdEndsWithOne) {
  RelayProcess relay(With(*server));
  ASSERT_TRUE(relay.started());
  const std::string secret =
      (std::filesystem::temp_directory_path() / ("relay-secret." + std::to_string(getpid())))
          .string();
  std::ofstream(secret) << kSecret << "\n";
  const auto run =
      relay::RunRelay(With(*server, {"--id", "7", "--listen", "127.0.0.1:0", "--secret-file",
                                     secret, "--log-level", "error"}));
  std::filesystem::remove(secret);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.error,
            "trunkline-relay: the server at 127.0.0.1:" + std::to_string(server->port()) +
                " refused this relay: id 7 belongs to the relay at 127.0.0.1:" +
                std::to_string(relay.port()) + "\n");
  EXPECT_TRUE(receiver.told().gone.empty());
}

TEST_F(RelayJoinsTest, AKilledRelayIsGoneAndOneThatHangsToo) {
  RelayProcess relay(With(*server));
  ASSERT_TRUE(relay.started());
  relay.Kill();
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_FALSE(receiver.told().gone[0].clean);
  RelayProcess hanging(With(*server));
  ASSERT_TRUE(hanging.started());
  hanging.Signal(SIGSTOP);
  ASSERT_TRUE(receiver.AwaitGone(2));
  EXPECT_EQ(receiver.told().gone[1].why, "silent for 4 s");
}

TEST_F(RelayJoinsTest, WithoutAServerItForwardsAndThenComesBack) {
  RelayProcess relay(With(*server));
  ASSERT_TRUE(relay.started());
  Phones phones(relay.port(), 1);
  phones.Meet();
  phones.Talk();
  const std::uint16_t port = server->port();
  server.reset();
  phones.Talk(50);
  Phones others(relay.port(), 2);
  others.Meet();
  others.Talk();
  server = Listen(receiver, port);
  ASSERT_TRUE(receiver.AwaitJoined(2));
  const auto told = receiver.told();
  EXPECT_EQ(told.joined[0].instance, told.joined[1].instance);
  phones.Talk();
  relay.Kill();
  RelayProcess next(With(*server));
  ASSERT_TRUE(next.started());
  EXPECT_NE(receiver.told().joined.back().instance, told.joined[0].instance);
}

TEST_F(RelayJoinsTest, KeysChangeInMidCall) {
  receiver.AnswerWith([] { return Welcome{{{0, KeyOf(0)}}, false}; });
  RelayProcess relay(With(*server));
  ASSERT_TRUE(relay.started());
  Phones phones(relay.port(), 1);
  phones.Meet();
  phones.Talk();
  server->SetKeys(relay::kRelayId, {{1, KeyOf(1)}});
  // Nothing new comes in by the old key from some moment on.
  UdpClient stranger(relay.port());
  std::uint32_t nonce = 100;
  bool refused = false;
  for (int i = 0; i < 500 && !refused; ++i) {
    stranger.Send(relay::Ping(IssuedTag(Side::kCaller, ++nonce)));
    refused = !stranger.Receive(50);
  }
  EXPECT_TRUE(refused);
  phones.Talk(20);
  UdpClient newer(relay.port());
  const auto soon =
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()) +
      std::chrono::hours(1);
  newer.Send(relay::Ping(
      relay::MintTag(KeyOf(1), {.key_id = 1, .expiry_slot = relay::TagSlotOf(soon), .nonce = 7})));
  EXPECT_TRUE(newer.Receive());
}

TEST_F(RelayJoinsTest, DrainedByTheServerAndByASignal) {
  receiver.AnswerWith([] { return Welcome{{}, true}; });
  RelayProcess relay(With(*server, {"--drain-timeout", "1h"}));
  ASSERT_TRUE(relay.started());
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_draining", 1));
  EXPECT_FALSE(relay.Ready());
  server->SetDraining(relay::kRelayId, false);
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_draining", 0));
  Phones phones(relay.port(), 1);
  phones.Meet();
  EXPECT_TRUE(Becomes(relay, "trunkline_relay_flows", 1));
  EXPECT_FALSE(receiver.told().beats.empty());
  EXPECT_FALSE(receiver.told().beats.back().draining);  // what the server ordered isn't its own
  relay.Signal(SIGTERM);
  EXPECT_TRUE(receiver.Await([](const auto& told) { return told.beats.back().draining; }));
  phones.Talk();
  relay.Signal(SIGTERM);
  EXPECT_EQ(relay.Wait(), 0);
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_TRUE(receiver.told().gone[0].clean);
}

// ---- A relay in this process

struct Inside {
  explicit Inside(std::uint16_t server_port, std::string_view secret = kSecret,
                  std::uint32_t id = 11) {
    relay::Config config;
    config.id = id;
    config.listen = {{"127.0.0.1", 0}};
    config.server = {"127.0.0.1", server_port};
    config.secret.assign(secret.begin(), secret.end());
    daemon = *relay::Daemon::Start(config, relay::DerivedKeys(config.secret, config.id));
    link = std::make_unique<relay::ControlLink>(*daemon);
  }
  std::unique_ptr<relay::Daemon> daemon;
  std::unique_ptr<relay::ControlLink> link;  // goes first
};

TEST_F(RelayJoinsTest, AWrongSecretIsSaidOnBothSides) {
  LogLines log;
  Inside relay(server->port(), "quite another secret");
  const std::string at = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_TRUE(log.Await("the server at " + at + " refused this relay: the secret is wrong"));
  EXPECT_TRUE(log.Await("was refused: wrong secret"));
  EXPECT_TRUE(log.text().find("relay at 127.0.0.1:") != std::string::npos);
  EXPECT_TRUE(receiver.told().joined.empty());
  EXPECT_EQ(log.text().find(kSecret), std::string::npos);
}

TEST_F(RelayJoinsTest, AnAbsentServerIsWaitedFor) {
  LogLines log;
  const std::uint16_t port = server->port();
  server.reset();
  Inside relay(port);
  EXPECT_TRUE(log.Await("no link to the server at 127.0.0.1:" + std::to_string(port) +
                        ": Connection refused"));
  server = Listen(receiver, port);
  EXPECT_TRUE(relay.link->WaitRegistered(-1).ok());
  relay.link.reset();
  ASSERT_TRUE(receiver.AwaitGone(1));
  EXPECT_TRUE(receiver.told().gone[0].clean);
  EXPECT_EQ(receiver.told().gone[0].why, "it stops");
}

TEST_F(RelayJoinsTest, ARefusalThatHealsIsTriedAgainAndOneThatDoesntIsNot) {
  LogLines log;
  receiver.AnswerWith([] { return absl::UnavailableError("starting"); });
  Inside relay(server->port());
  EXPECT_TRUE(receiver.AwaitJoined(2));
  EXPECT_TRUE(log.Await("refused this relay: starting"));
  receiver.AnswerWith([] { return absl::PermissionDeniedError("not in this fleet"); });
  const absl::Status status = relay.link->WaitRegistered(-1);
  EXPECT_TRUE(std::string(status.message()).ends_with("refused this relay: not in this fleet"))
      << status;
}

// A link that breaks takes nothing along: what the server didn't acknowledge it is told again.
TEST_F(RelayJoinsTest, ASummaryThatWasLostWithItsLinkIsToldAgain) {
  Proxy proxy(server->port());
  Inside relay(proxy.port(), kSecret, relay::kRelayId);
  ASSERT_TRUE(relay.link->WaitRegistered(-1).ok());
  Phones phones(relay.daemon->config().listen[0].port, 9);
  phones.Meet();
  phones.Talk(20);
  proxy.Swallow();
  relay.daemon->Deny(relay::CallKeyOf(phones.caller.data()));
  const std::uint64_t until = relay::ControlNow().micros + relay::kPatienceMs * 1000;
  while (relay.daemon->figures().counters.sessions_started != 1 ||
         relay.daemon->figures().sessions != 0) {
    ASSERT_LT(relay::ControlNow().micros, until);
  }
  // It speaks once a second, and tells what it knows by then.
  ASSERT_TRUE(proxy.AwaitSwallowed(2));
  EXPECT_TRUE(std::ranges::none_of(receiver.told().flows, &Flow::ended));
  proxy.Cut();
  ASSERT_TRUE(receiver.Await(
      [](const auto& told) { return std::ranges::any_of(told.flows, &Flow::ended); }));
  EXPECT_EQ(receiver.told().flows.back().summary.packets, 40u);
}

// Before the server has said anything else, the relay's own keys are good.
TEST_F(RelayJoinsTest, AServerWithoutKeysChangesNone) {
  Inside relay(server->port());
  ASSERT_TRUE(relay.link->WaitRegistered(-1).ok());
  UdpClient phone(relay.daemon->config().listen[0].port);
  const auto soon =
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()) +
      std::chrono::hours(1);
  phone.Send(relay::Ping(relay::MintTag(relay::DeriveTagKey(AsBytes(kSecret), 11, 5),
                                        {.key_id = 5, .expiry_slot = relay::TagSlotOf(soon)})));
  EXPECT_TRUE(phone.Receive());
}

}  // namespace
}  // namespace trunkline::relays

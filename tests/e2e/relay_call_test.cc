// Calls whose media goes through real relay processes that have registered with the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>

#include "bench/load/voice.h"
#include "boost/json.hpp"
#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"
#include "tests/paths.h"
#include "tests/relay/io/relay_process.h"
#include "tests/relay/rig.h"
#include "tests/support/child_process.h"

namespace trunkline::e2e {
namespace {

namespace json = boost::json;
using relay::RelayProcess;
using relay::TcpClient;
using relay::UdpClient;

class RelayCallTest : public WithServer {
 protected:
  // Hides the suite's own: this server takes relays.
  static void SetUpTestSuite() {
    directory_ = std::make_unique<TempDir>();
    server_ = std::make_unique<ServerProcess>(
        directory_->path(),
        std::vector<std::string>{"--relay-control", "127.0.0.1:0", "--relay-secret-file",
                                 secret_.Write("secret", relay::kRelaySecret)});
    ASSERT_TRUE(server_->started()) << server_->ready_line();
  }

  static std::string Control() {
    const std::string& line = server_->ready_line();
    const std::size_t at = line.find("relay-control=") + 14;
    return line.substr(at, line.find(' ', at) - at);
  }
  static std::unique_ptr<RelayProcess> Relay(std::uint32_t id, std::uint16_t port = 0) {
    auto process = std::make_unique<RelayProcess>(
        std::vector<std::string>{"--server", Control(), "--region", "r" + std::to_string(id)},
        "127.0.0.1", port, id);
    EXPECT_TRUE(process->started());
    return process;
  }

  struct Told {
    int exit_code;
    std::string out;
  };
  static Told Tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {TRUNKLINE_BINARY_DIR "/bin/trunkline", "--data-dir", directory_->path()});
    ChildProcess tool(std::move(arguments), STDOUT_FILENO);
    std::string out = tool.ReadAll();
    return {tool.Wait(), std::move(out)};
  }
  static json::value ToolJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const Told told = Tool(std::move(arguments));
    EXPECT_EQ(told.exit_code, 0);
    return json::parse(told.out);
  }
  static std::string StateOf(std::uint32_t id) {
    const json::value relay = ToolJson({"relays", "show", std::to_string(id)});
    return std::string(relay.at("state").as_string().c_str());
  }
  static bool Becomes(std::uint32_t id, const std::string& state) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (StateOf(id) != state) {
      if (std::chrono::steady_clock::now() > until) return false;
    }
    return true;
  }

  std::set<std::int64_t> Offered(const LiveCall& call) {
    std::set<std::int64_t> ids, of_b;
    for (const auto& reflector : call.a_relays().reflectors) ids.insert(reflector.id);
    for (const auto& reflector : call.b_relays().reflectors) of_b.insert(reflector.id);
    EXPECT_EQ(ids, of_b);
    return ids;
  }
  std::set<std::int64_t> OfferedNow() {
    Pair pair = NewPair();
    LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
    EXPECT_TRUE(call.Establish());
    EXPECT_TRUE(call.AskDiscard(*pair.a).ok());
    return Offered(call);
  }

  load::Voice::Relay EndpointOf(const LiveCall::Reflector& reflector) {
    return {boost::asio::ip::make_address(reflector.ip), reflector.port};
  }
  // Both sides hear so many packets more, 50 a second.
  bool Hear(load::Voice& a, load::Voice& b, std::uint32_t packets) {
    const std::uint32_t a_until = a.received() + packets, b_until = b.received() + packets;
    return load::RunUntil(
        io_, [&] { return a.received() >= a_until && b.received() >= b_until; }, kPatience);
  }

  static inline TempDir secret_;
};

relay::Tag TagOf(const LiveCall::Reflector& reflector) {
  relay::Tag tag;
  std::ranges::copy(reflector.tag, tag.begin());
  return tag;
}

TEST_F(RelayCallTest, MediaFlowsUntilTheEndWhateverBecomesOfTheRelay) {
  auto relay = Relay(1);
  Pair pair = NewPair();
  LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
  ASSERT_TRUE(call.Establish());
  ASSERT_EQ(Offered(call), std::set<std::int64_t>{1});
  const LiveCall::Reflector& for_a = call.a_relays().reflectors[0];
  const LiveCall::Reflector& for_b = call.b_relays().reflectors[0];
  EXPECT_EQ(for_a.port, relay->port());
  EXPECT_NE(for_a.tag, for_b.tag);

  load::Voice a(io_, EndpointOf(for_a), AsText(for_a.tag), 1, nullptr);
  load::Voice b(io_, EndpointOf(for_b), AsText(for_b.tag), 1, nullptr);
  ASSERT_TRUE(Hear(a, b, 150));

  // The address stays, the process doesn't: the next packets bring the call back.
  const std::uint16_t port = relay->port();
  relay->Kill();
  relay = Relay(1, port);
  ASSERT_TRUE(Hear(a, b, 100));

  EXPECT_EQ(Tool({"relays", "drain", "1"}).exit_code, 0);
  EXPECT_EQ(StateOf(1), "draining");
  ASSERT_TRUE(Hear(a, b, 100));
  EXPECT_EQ(OfferedNow(), std::set<std::int64_t>{});
  EXPECT_EQ(Tool({"relays", "undrain", "1"}).exit_code, 0);
  EXPECT_EQ(OfferedNow(), std::set<std::int64_t>{1});

  // The key of new tags changes; this call keeps its own.
  EXPECT_EQ(Tool({"relays", "rotate-secret"}).exit_code, 0);
  ASSERT_TRUE(Hear(a, b, 100));

  // Live calls are told of every ten seconds.
  const std::string id = std::to_string(call.id());
  const auto carried = [&] {
    const json::value told = ToolJson({"relays", "explain", id});
    return told.at("entries").at(0).at("carrier").as_bool();
  };
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!carried() && std::chrono::steady_clock::now() < until) ASSERT_TRUE(Hear(a, b, 20));
  const json::value told = ToolJson({"relays", "explain", id});
  EXPECT_EQ(told.at("entries").at(0).at("why").as_string(), "best");
  EXPECT_TRUE(told.at("entries").at(0).at("carrier").as_bool());
  EXPECT_TRUE(call.AskDiscard(*pair.a, 20).ok());
}

TEST_F(RelayCallTest, OneSideOverTcp) {
  const auto relay = Relay(2);
  for (const auto dialect : {TcpClient::Dialect::kObfuscated, TcpClient::Dialect::kPlain}) {
    Pair pair = NewPair();
    LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
    ASSERT_TRUE(call.Establish());
    ASSERT_EQ(Offered(call), std::set<std::int64_t>{2});
    const relay::Tag a_tag = TagOf(call.a_relays().reflectors[0]),
                     b_tag = TagOf(call.b_relays().reflectors[0]);
    UdpClient a(relay->port());
    TcpClient b(relay->port(), dialect);
    a.Send(relay::Ping(a_tag));
    ASSERT_TRUE(a.Receive());
    // Short: who has sent little may be a victim, and gets little.
    b.Send(relay::VoipData(b_tag, 40));
    ASSERT_EQ(a.Receive(), relay::VoipData(a_tag, 40));
    for (std::size_t payload = 48; payload <= 480; payload += 16) {
      a.Send(relay::VoipData(a_tag, payload));
      ASSERT_EQ(b.Receive(), relay::VoipData(b_tag, payload));
      b.Send(relay::VoipData(b_tag, payload));
      ASSERT_EQ(a.Receive(), relay::VoipData(a_tag, payload));
    }
    EXPECT_TRUE(call.AskDiscard(*pair.a, 20).ok());
  }
}

TEST_F(RelayCallTest, ADeadRelayIsOfferedNoMore) {
  // Enough for the others to be the majority: else even dead ones would be tried.
  std::map<std::uint32_t, std::unique_ptr<RelayProcess>> relays;
  for (const std::uint32_t id : {13u, 14u, 15u, 16u, 17u}) relays[id] = Relay(id);
  relays[14]->Kill();
  ASSERT_TRUE(Becomes(14, "down"));
  relays[15]->Signal(SIGSTOP);  // its connection lives
  ASSERT_TRUE(Becomes(15, "down"));
  EXPECT_EQ(OfferedNow(), (std::set<std::int64_t>{13, 16, 17}));
  relays[15]->Signal(SIGCONT);
  ASSERT_TRUE(Becomes(15, "up"));
}

// What the operator wants outlives both processes, and the call keeps its relay.
TEST_F(RelayCallTest, TheServerDiesInMidCall) {
  auto relay = Relay(6);
  Pair pair = NewPair();
  LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
  ASSERT_TRUE(call.Establish());
  const LiveCall::Reflector for_a = call.a_relays().reflectors[0],
                            for_b = call.b_relays().reflectors[0];
  load::Voice a(io_, EndpointOf(for_a), AsText(for_a.tag), 1, nullptr);
  load::Voice b(io_, EndpointOf(for_b), AsText(for_b.tag), 1, nullptr);
  ASSERT_TRUE(Hear(a, b, 20));
  EXPECT_EQ(Tool({"relays", "drain", "6"}).exit_code, 0);
  const std::string control = Control();
  server_->Kill();
  ASSERT_TRUE(Hear(a, b, 50));
  server_ = std::make_unique<ServerProcess>(
      directory_->path(), std::vector<std::string>{"--relay-control", control,
                                                   "--relay-secret-file", secret_ / "secret"});
  ASSERT_TRUE(server_->started());
  // Down, as nothing is known of it, until it comes back by itself.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (Tool({"relays", "list"}).out.find("127.0.0.1") == std::string::npos &&
         std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE(Hear(a, b, 5));
  }
  ASSERT_TRUE(Becomes(6, "draining"));
  ASSERT_TRUE(Hear(a, b, 50));
  EXPECT_EQ(Tool({"relays", "undrain", "6"}).exit_code, 0);
  const json::value told = ToolJson({"relays", "explain", std::to_string(call.id())});
  EXPECT_EQ(told.at("entries").at(0).at("id").as_int64(), 6);
  EXPECT_EQ(told.at("entries").at(0).at("why").as_string(), "before_restart");
}

}  // namespace
}  // namespace trunkline::e2e

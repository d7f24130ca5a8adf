// Calls that are offered the real coturn: what phoneCall carries opens allocations there.
#include <gtest/gtest.h>
#include <unistd.h>

#include "boost/json.hpp"
#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"
#include "tests/paths.h"
#include "tests/server/relays/turn_process.h"
#include "tests/support/child_process.h"

namespace trunkline::e2e {
namespace {

using relays::TurnClient;
using relays::TurnProcess;

class TurnCallTest : public WithServer {
 protected:
  // Hides the suite's own: each test has a server for its TURN server.
  static void SetUpTestSuite() {}
  static void TearDownTestSuite() {}

  void Start(const TurnProcess& turn, const std::string& secret) {
    directory_ = std::make_unique<TempDir>();
    server_ = std::make_unique<ServerProcess>(
        directory_->path(),
        std::vector<std::string>{"--turn", "127.0.0.1:" + std::to_string(turn.port()),
                                 "--turn-secret-file", secrets_.Write("turn", secret + "\n")});
    ASSERT_TRUE(server_->started()) << server_->ready_line();
  }
  ~TurnCallTest() override {
    server_.reset();
    directory_.reset();
  }

  // What an operator is told of the TURN entry, which comes before the STUN entry.
  std::string StateOfTurn() {
    ChildProcess tool({TRUNKLINE_BINARY_DIR "/bin/trunkline", "--data-dir", directory_->path(),
                       "relays", "list", "--json"},
                      STDOUT_FILENO);
    const boost::json::value list = boost::json::parse(tool.ReadAll());
    const boost::json::value& turn = list.at("relays").at(0);
    EXPECT_EQ(turn.at("kind").as_string(), "turn");
    return turn.at("detail").as_string().empty()
               ? ""
               : std::string(turn.at("state").as_string().c_str());
  }
  // Once a probe has said something.
  std::string FirstState() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    std::string state;
    while ((state = StateOfTurn()).empty() && std::chrono::steady_clock::now() < until) {
    }
    return state;
  }

  TempDir secrets_;
};

TEST_F(TurnCallTest, EachSideOpensAnAllocationWithWhatItWasGiven) {
  TurnProcess turn("north");
  ASSERT_TRUE(turn.started());
  Start(turn, "north");
  EXPECT_EQ(FirstState(), "up");
  Pair pair = NewPair();
  LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
  ASSERT_TRUE(call.Establish());
  ASSERT_EQ(call.a_relays().turn_servers.size(), 1u);
  ASSERT_EQ(call.b_relays().turn_servers.size(), 1u);
  const LiveCall::TurnServer& for_a = call.a_relays().turn_servers[0];
  const LiveCall::TurnServer& for_b = call.b_relays().turn_servers[0];
  EXPECT_EQ(for_a.id, for_b.id);
  EXPECT_NE(for_a.username, for_b.username);
  TurnClient a(turn.port()), b(turn.port());
  const auto a_allocated = a.Allocate({for_a.username, for_a.password});
  const auto b_allocated = b.Allocate({for_b.username, for_b.password});
  ASSERT_TRUE(a_allocated && a_allocated->message.relayed) << turn.Log();
  ASSERT_TRUE(b_allocated && b_allocated->message.relayed) << turn.Log();
  ASSERT_TRUE(a.Permit(*b_allocated->message.relayed));
  ASSERT_TRUE(b.Permit(*a_allocated->message.relayed));
  a.SendTo(*b_allocated->message.relayed, "can you hear me");
  EXPECT_TRUE(b.Hears("can you hear me"));
}

// Clients would be refused there, so they aren't sent.
TEST_F(TurnCallTest, AServerWithAnotherSecretIsNotOffered) {
  TurnProcess turn("north");
  ASSERT_TRUE(turn.started());
  Start(turn, "south");
  EXPECT_EQ(FirstState(), "misconfigured");
  Pair pair = NewPair();
  LiveCall call(pair.a.get(), pair.b.get(), pair.b_for_a, &entropy_);
  ASSERT_TRUE(call.Establish());
  EXPECT_TRUE(call.a_relays().turn_servers.empty());
}

}  // namespace
}  // namespace trunkline::e2e

// What relays counted for calls becomes facts, with the next group, for calls that the book knows.

#include "relay/tag.h"
#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

constexpr FlowSide kSpoke{100, 9'000, 5'000, 9'000}, kSilent{};

// With one reflector, whose tags name their calls.
BookConfig Config() {
  BookConfig config = TestConfig();
  config.relays.resize(1);
  config.relays[0].tag_secret = "0123456789abcdef";
  return config;
}

class FlowsTest : public testing::Test {
 protected:
  FlowsTest()
      : a_(world_.SignedIn("9996600001")),
        b_(world_.SignedIn("9996600002")),
        call_(Connect(world_, a_, b_)) {
    for (const Fact& fact : world_.journal()) {
      const auto* confirmed = std::get_if<fact::CallConfirmed>(&fact.body);
      if (confirmed == nullptr) continue;
      key_ = relay::CallKeyOf(confirmed->caller_connections.at(0).peer_tag.data());
    }
  }
  void Tell(const FlowSide& caller, const FlowSide& callee) {
    world_.book().relays().TakeEnded(1, key_, caller, callee);
  }
  std::vector<fact::CallRelayed> Kept() const {
    std::vector<fact::CallRelayed> kept;
    for (const Fact& fact : world_.journal()) {
      if (const auto* told = std::get_if<fact::CallRelayed>(&fact.body)) kept.push_back(*told);
    }
    return kept;
  }

  World world_{Config()};
  Phone a_, b_;
  Dialled call_;
  relay::CallKey key_ = 0;
};

TEST_F(FlowsTest, AFlowIsKeptOnceAndAtOnce) {
  const auto before = world_.book().NextDeadline();
  Tell(kSpoke, kSilent);
  ASSERT_TRUE(world_.book().NextDeadline());
  EXPECT_LE(*world_.book().NextDeadline(), world_.now());
  world_.Wait(Duration(0));
  ASSERT_EQ(Kept().size(), 1u);
  EXPECT_EQ(Kept()[0].id, call_.caller.id);
  EXPECT_EQ(Kept()[0].relay, 1);
  EXPECT_EQ(Kept()[0].caller.packets, 100);
  EXPECT_EQ(Kept()[0].caller.last_ms, 9'000);
  EXPECT_EQ(Kept()[0].callee.packets, 0);
  EXPECT_EQ(world_.book().NextDeadline(), before);
  Tell(kSpoke, kSilent);
  world_.Wait(Duration(0));
  EXPECT_EQ(Kept().size(), 1u);
}

TEST_F(FlowsTest, AGroupThatIsUndoneKeepsItForTheNext) {
  Tell(kSpoke, kSilent);
  world_.WaitInVain(Duration(0));
  EXPECT_TRUE(Kept().empty());
  EXPECT_GT(*world_.book().NextDeadline(), world_.now());  // the disk rests
  world_.Send(a_, cmd::GetState{});
  world_.Wait(std::chrono::seconds(2));
  EXPECT_EQ(Kept().size(), 1u);
}

// A relay speaks last: the call is over by then, or its server was started anew meanwhile.
TEST_F(FlowsTest, ItComesAfterTheEndAndAfterARestart) {
  Discard(world_, a_, call_.caller);
  Tell(kSpoke, kSilent);
  world_.Wait(Duration(0));
  EXPECT_EQ(Kept().size(), 1u);
  world_.Restart();
  Tell(kSpoke, kSpoke);
  world_.Wait(Duration(0));
  ASSERT_EQ(Kept().size(), 2u);
  EXPECT_EQ(Kept()[1].callee.packets, 100);
  // Each continues the call's stream.
  std::int32_t version = 0;
  for (const Fact& fact : world_.journal()) {
    if (fact.stream != Stream::kCall) continue;
    EXPECT_EQ(fact.version, ++version);
  }
}

TEST_F(FlowsTest, OfACallThatTheBookHasForgottenNothingIsKept) {
  Discard(world_, a_, call_.caller);
  world_.Wait(std::chrono::hours(24 * 8));
  world_.Wait(Duration(0));
  Tell(kSpoke, kSilent);
  world_.Wait(Duration(0));
  EXPECT_TRUE(Kept().empty());
  EXPECT_TRUE(world_.book().relays().ended_flows().empty());
}

TEST(EndedFlowsTest, WhatWaitsIsBounded) {
  EndedFlows flows;
  for (std::size_t i = 0; i < EndedFlows::kWaitingMax; ++i) {
    ASSERT_TRUE(flows.Add({CallId(static_cast<std::int64_t>(i)), 1, kSpoke, kSilent}));
  }
  EXPECT_FALSE(flows.Add({CallId(1), 1, kSpoke, kSilent}));
  std::int64_t next = 0;
  while (!flows.empty()) {
    const std::vector<fact::CallRelayed> group = flows.Take();
    ASSERT_LE(group.size(), EndedFlows::kGroupMax);
    for (const fact::CallRelayed& flow : group) EXPECT_EQ(flow.id, CallId(next++));
    flows.Commit();
  }
  EXPECT_EQ(next, std::int64_t{EndedFlows::kWaitingMax});
}

}  // namespace
}  // namespace trunkline::book

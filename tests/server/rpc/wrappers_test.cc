#include <algorithm>
#include <array>

#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

const Bytes kWrappedQuery = Wire(fn::updates::GetState());

enum class Wrapper { kLayer, kInit, kWithoutUpdates, kAfter, kPacked };

Bytes Wrap(Wrapper wrapper, const Bytes& query) {
  switch (wrapper) {
    case Wrapper::kLayer:
      return WithLayer(198, query);
    case Wrapper::kInit:
      return WithInit(query);
    case Wrapper::kWithoutUpdates:
      return WithoutUpdates(query);
    case Wrapper::kAfter:
      return After(MessageId(12345), query);
    case Wrapper::kPacked:
      return Packed(query);
  }
  return {};
}

TEST(Wrappers, EveryOrder) {
  std::array order{Wrapper::kLayer, Wrapper::kInit, Wrapper::kWithoutUpdates, Wrapper::kAfter,
                   Wrapper::kPacked};
  int orders = 0;
  do {
    World world;
    world.Know(world.Key(kUser, 0));
    Bytes body = kWrappedQuery;
    for (const Wrapper wrapper : order) body = Wrap(wrapper, body);
    const Outputs first = world.Send(body);
    const auto inits = Commands<cmd::InitConnection>(first);
    ASSERT_EQ(first.size(), 1u);
    ASSERT_EQ(inits.size(), 1u);
    EXPECT_EQ(inits[0]->info.layer, 198);
    EXPECT_EQ(inits[0]->info.device_model, "phone");
    const Outputs second = world.Reply(world.last(), book::reply::Done{});
    ASSERT_EQ(second.size(), 1u);  // no SessionOpened: invokeWithoutUpdates
    EXPECT_EQ(Commands<cmd::GetState>(second).size(), 1u);
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 120);
}

TEST(Wrappers, TheOthersAreTakenOff) {
  World world;
  world.SignedIn();
  fn::InvokeWithMessagesRange range;
  api::MessageRange all;
  range.range = &all;
  range.query = kWrappedQuery;
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(range)).size(), 1u);
  fn::InvokeWithTakeout takeout;
  takeout.query = kWrappedQuery;
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(takeout)).size(), 1u);
  fn::InvokeWithApnsSecret apns;
  apns.query = kWrappedQuery;
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(apns)).size(), 1u);
  fn::InvokeWithGooglePlayIntegrity play;
  play.query = kWrappedQuery;
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(play)).size(), 1u);
  fn::InvokeWithReCaptcha captcha;
  captcha.query = kWrappedQuery;
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(captcha)).size(), 1u);
}

TEST(Wrappers, BusinessConnectionIsRefused) {
  World world;
  world.SignedIn();
  fn::InvokeWithBusinessConnection business;
  const Bytes query = Wire(fn::phone::GetCallConfig());
  business.query = query;
  EXPECT_EQ(ErrorIn(world.Call(business)), "400 BUSINESS_CONNECTION_NOT_ALLOWED");
}

TEST(Wrappers, EightDeepAndNoDeeper) {
  World world;
  world.SignedIn();
  Bytes body = kWrappedQuery;
  for (int i = 0; i < 8; ++i) body = WithoutUpdates(body);
  EXPECT_EQ(Commands<cmd::GetState>(world.Send(body)).size(), 1u);
  EXPECT_EQ(ErrorIn(world.Send(WithoutUpdates(body))), "400 INPUT_FETCH_ERROR");
}

TEST(Wrappers, PackedTwiceDamagedOrEmpty) {
  World world;
  world.SignedIn();
  EXPECT_EQ(Commands<cmd::GetState>(world.Send(Packed(kWrappedQuery))).size(), 1u);
  EXPECT_EQ(ErrorIn(world.Send(Packed(Packed(kWrappedQuery)))), "400 INPUT_FETCH_ERROR");
  Bytes damaged = Packed(kWrappedQuery);
  damaged[damaged.size() - 9] ^= 1;
  EXPECT_EQ(ErrorIn(world.Send(damaged)), "400 INPUT_FETCH_ERROR");
  EXPECT_EQ(ErrorIn(world.Send(Packed({}))), "400 INPUT_FETCH_ERROR");
  EXPECT_EQ(ErrorIn(world.Send({})), "400 INPUT_FETCH_ERROR");
  EXPECT_EQ(ErrorIn(world.Send(WithoutUpdates({}))), "400 INPUT_FETCH_ERROR");
}

TEST(Wrappers, EveryCutIsRefused) {
  World world;
  world.SignedIn();
  const Bytes whole = WithLayer(198, WithInit(WithoutUpdates(Wire(fn::messages::GetDhConfig()))));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Outputs outputs = world.Send(ByteView(whole).first(size));
    for (const book::Command* command : All<book::Command>(outputs)) {
      // A cut behind initConnection is found only when the query itself is read.
      ASSERT_TRUE(std::holds_alternative<cmd::InitConnection>(command->body)) << size;
      EXPECT_EQ(ErrorIn(world.Reply(world.last(), book::reply::Done{})), "400 INPUT_FETCH_ERROR");
    }
    if (All<book::Command>(outputs).empty()) {
      EXPECT_EQ(ErrorIn(outputs), "400 INPUT_FETCH_ERROR") << size;
    }
  }
}

}  // namespace
}  // namespace trunkline::rpc

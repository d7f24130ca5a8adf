#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

const Bytes kGetState = Wire(fn::updates::GetState());
const Bytes kGetConfig = Wire(fn::help::GetConfig());

// ---- layers and initConnection ----

TEST(Init, NeverSeen) {
  World world;
  world.Know(world.Key(kUser, 0));
  EXPECT_EQ(ErrorIn(world.Send(kGetConfig)), "400 CONNECTION_NOT_INITED");
  EXPECT_EQ(ErrorIn(world.Send(WithLayer(198, kGetConfig))), "400 CONNECTION_NOT_INITED");
}

TEST(Init, WithoutALayerNothingCanBeWritten) {
  World world;
  world.Know(world.Key(kUser, 0));
  EXPECT_EQ(ErrorIn(world.Send(WithInit(kGetConfig))), "400 CONNECTION_NOT_INITED");
}

TEST(Init, RunsAfterTheBookHasIt) {
  World world;
  world.Know(world.Key(kUser, 0));
  const Outputs first = world.Send(WithLayer(198, WithInit(kGetConfig)));
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(Commands<cmd::InitConnection>(first).size(), 1u);
  const Outputs second = world.Reply(world.last(), book::reply::Done{});
  EXPECT_EQ(IdOf(AnswerIn(second)), 0xcc1a241e);
  // Known now: repeating it costs no command, and without it the session keeps its layer.
  EXPECT_TRUE(
      Commands<cmd::InitConnection>(world.Send(WithLayer(198, WithInit(kGetConfig)))).empty());
  EXPECT_EQ(ErrorIn(world.Send(kGetConfig)), "");
  // Anything else in it is stored again.
  EXPECT_EQ(Commands<cmd::InitConnection>(world.Send(WithLayer(199, WithInit(kGetConfig)))).size(),
            1u);
}

TEST(Init, RefusedByTheBook) {
  World world;
  world.Know(world.Key(kUser, 0));
  world.Send(WithLayer(198, WithInit(kGetState)));
  const Outputs outputs =
      world.Reply(world.last(), book::reply::Refused{book::Refusal::kInternal, 0});
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(ErrorIn(outputs), "500 RPC_CALL_FAIL");
}

TEST(Init, LayersOutsideTheRange) {
  World world;
  world.Know(world.Key(kUser, 0));
  EXPECT_EQ(ErrorIn(world.Send(WithLayer(132, WithInit(kGetConfig)))),
            "400 CONNECTION_LAYER_INVALID");
  EXPECT_EQ(ErrorIn(world.Send(WithLayer(-1, WithInit(kGetConfig)))),
            "400 CONNECTION_LAYER_INVALID");
  const Outputs outputs = world.Send(WithLayer(500, WithInit(kGetConfig)));
  ASSERT_EQ(Commands<cmd::InitConnection>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::InitConnection>(outputs)[0]->info.layer, 229);
}

TEST(Init, ApiIdAndTexts) {
  World world;
  world.Know(world.Key(kUser, 0));
  fn::InitConnection init;
  init.query = kGetConfig;
  EXPECT_EQ(ErrorIn(world.Send(WithLayer(198, Wire(init)))), "400 CONNECTION_API_ID_INVALID");
  const std::string long_name = "a\x01" + std::string(400, 'b') + "\xff";
  const Outputs outputs = world.Send(WithLayer(198, WithInit(kGetConfig, long_name)));
  ASSERT_EQ(Commands<cmd::InitConnection>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::InitConnection>(outputs)[0]->info.device_model,
            "a" + std::string(255, 'b'));
}

TEST(Init, LayerOfTheKeyIsTheSessionsFirst) {
  World world;
  world.SignedIn(140);
  EXPECT_EQ(IdOf(AnswerIn(world.Send(kGetConfig))), 0x330b4067u);
  // A session keeps what it began with when another session of the key moves on.
  world.SignedIn(229);
  EXPECT_EQ(IdOf(AnswerIn(world.Send(kGetConfig))), 0x330b4067u);
  EXPECT_EQ(IdOf(AnswerIn(world.Send(kGetConfig, {kKey, SessionId(8)}))), 0xcc1a241eu);
}

// ---- invokeAfterMsg ----

TEST(AfterMsg, WaitsWhileTheOtherRuns) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  const MessageId first = world.last();
  EXPECT_TRUE(world.Send(After(first, kGetConfig)).empty());
  const Outputs outputs = world.Reply(first, book::reply::State{});
  ASSERT_EQ(All<Answer>(outputs).size(), 2u);
  EXPECT_EQ(All<Answer>(outputs)[0]->msg_id, first);
  EXPECT_EQ(IdOf(All<Answer>(outputs)[1]->result), api::Config::kId);
}

TEST(AfterMsg, AChain) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  const MessageId first = world.last();
  EXPECT_TRUE(world.Send(After(first, kGetConfig)).empty());
  EXPECT_TRUE(world.Send(After(world.last(), kGetConfig)).empty());
  EXPECT_EQ(All<Answer>(world.Reply(first, book::reply::State{})).size(), 3u);
}

TEST(AfterMsg, FailsWithTheOther) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  const MessageId first = world.last();
  world.Send(After(first, kGetConfig));
  const Outputs outputs = world.Reply(first, book::reply::Refused{book::Refusal::kFloodWait, 5});
  ASSERT_EQ(All<Answer>(outputs).size(), 2u);
  EXPECT_EQ(ErrorIn(All<Answer>(outputs)[1]->result), "400 MSG_WAIT_FAILED");
  // Afterwards too, also through the failed waiter.
  EXPECT_EQ(ErrorIn(world.Send(After(first, kGetConfig))), "400 MSG_WAIT_FAILED");
  EXPECT_EQ(ErrorIn(world.Send(After(world.last(), kGetConfig))), "400 MSG_WAIT_FAILED");
}

TEST(AfterMsg, UnknownOrFinishedRunsAtOnce) {
  World world;
  world.SignedIn();
  EXPECT_EQ(ErrorIn(world.Send(After(MessageId(4), kGetConfig))), "");
  EXPECT_EQ(ErrorIn(world.Send(After(world.last(), kGetConfig))), "");
}

TEST(AfterMsg, TimesOut) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  world.Send(After(world.last(), kGetConfig));
  ASSERT_EQ(world.dispatcher().NextDeadline(), world.now() + Duration(500));
  EXPECT_TRUE(world.Pass(Duration(499)).empty());
  EXPECT_EQ(ErrorIn(world.Pass(Duration(1))), "-503 MSG_WAIT_TIMEOUT");
  EXPECT_EQ(world.dispatcher().NextDeadline(), std::nullopt);
}

TEST(AfterMsg, Dropped) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  const MessageId first = world.last();
  world.Send(After(first, kGetConfig));
  world.dispatcher().HandleQueryDropped(kSession, world.last());
  EXPECT_EQ(All<Answer>(world.Reply(first, book::reply::State{})).size(), 1u);
  EXPECT_TRUE(world.Pass(Duration(1000)).empty());
}

TEST(AfterMsg, ParkedBytesAreBounded) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  const MessageId first = world.last();
  fn::phone::SendSignalingData send;
  api::InputPhoneCall peer;
  send.peer = &peer;
  const std::string data(60'000, 'x');
  send.data = data;
  const Bytes body = After(first, Wire(send));
  int parked = 0;
  while (world.Send(body).empty()) ASSERT_LT(++parked, 100);
  EXPECT_EQ(parked, 17);
  EXPECT_EQ(ErrorIn(world.Send(body)), "420 FLOOD_WAIT_3");
}

// ---- updates ----

TEST(Subscription, OnceAndBeforeTheFirstQuery) {
  World world;
  world.SignedIn();
  const Outputs first = world.Send(kGetState);
  ASSERT_EQ(All<book::Command>(first).size(), 2u);
  EXPECT_TRUE(std::holds_alternative<cmd::SessionOpened>(All<book::Command>(first)[0]->body));
  EXPECT_EQ(All<book::Command>(first)[0]->from.session, kSession);
  EXPECT_EQ(All<book::Command>(first)[0]->from.device, kKey);
  EXPECT_TRUE(Commands<cmd::SessionOpened>(world.Send(kGetState)).empty());
}

TEST(Subscription, NotByWrappedOrFileQueries) {
  World world;
  world.SignedIn();
  EXPECT_TRUE(Commands<cmd::SessionOpened>(world.Send(WithoutUpdates(kGetState))).empty());
  EXPECT_TRUE(Commands<cmd::SessionOpened>(world.Call(fn::upload::SaveFilePart())).empty());
  EXPECT_TRUE(world.Push({{}, {}, 1}).empty());
  EXPECT_EQ(Commands<cmd::SessionOpened>(world.Send(kGetConfig)).size(), 1u);
}

// One client library is registered by a query that this server doesn't have.
TEST(Subscription, AnyQueryCounts) {
  World world;
  world.SignedIn();
  EXPECT_EQ(Commands<cmd::SessionOpened>(world.Call(fn::account::GetPassword())).size(), 1u);
}

TEST(Subscription, AfterSignIn) {
  World world;
  world.Know(world.Key(UserId()));
  EXPECT_TRUE(Commands<cmd::SessionOpened>(world.Send(kGetConfig)).empty());
  world.Call(fn::auth::SignIn());
  book::UserView user;
  user.id = kUser;
  user.access_hash = AccessHash(5);
  user.self = true;
  const Outputs outputs = world.Reply(world.last(), book::reply::Authorization{user});
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Answer>(outputs[0]));
  EXPECT_EQ(Commands<cmd::SessionOpened>(outputs).size(), 1u);
  // What the book then says of the key isn't news.
  world.SignedIn();
  EXPECT_TRUE(world.Drain().empty());
}

TEST(Subscription, OtherSessionsOfTheKeyFollow) {
  World world;
  world.Know(world.Key(UserId()));
  world.Send(kGetConfig, {kKey, SessionId(1)});
  world.Send(WithoutUpdates(kGetConfig), {kKey, SessionId(2)});
  world.SignedIn();
  const Outputs outputs = world.Drain();
  ASSERT_EQ(Commands<cmd::SessionOpened>(outputs).size(), 1u);
  EXPECT_EQ(All<book::Command>(outputs)[0]->from.session.session, SessionId(1));
}

TEST(Subscription, EndsWithSignOutAndBeginsAgain) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  EXPECT_EQ(world.Push({{}, {}, 1}).size(), 1u);
  world.Know(world.Key(UserId()));
  EXPECT_TRUE(world.Push({{}, {}, 1}).empty());
  world.SignedIn();
  EXPECT_EQ(Commands<cmd::SessionOpened>(world.Drain()).size(), 1u);
}

TEST(Subscription, SessionEnds) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  world.dispatcher().HandleSessionEnded(kSession);
  EXPECT_EQ(Commands<cmd::SessionClosed>(world.Drain()).size(), 1u);
  world.dispatcher().HandleSessionEnded(kSession);
  EXPECT_TRUE(world.Drain().empty());
  // A reply that comes too late goes nowhere.
  EXPECT_TRUE(world.Reply(world.last(), book::reply::State{}).empty());
  // Never subscribed, never told.
  world.Send(WithoutUpdates(kGetConfig));
  world.dispatcher().HandleSessionEnded(kSession);
  EXPECT_TRUE(world.Drain().empty());
}

TEST(Subscription, AwayIsClosedAndBackIsOpened) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  world.dispatcher().HandleSessionAway(kSession);
  EXPECT_EQ(Commands<cmd::SessionClosed>(world.Drain()).size(), 1u);
  // What was on its way is kept by the engine.
  EXPECT_FALSE(world.Push({{}, {}, 1}).empty());
  world.dispatcher().HandleSessionBack(kSession);
  EXPECT_EQ(Commands<cmd::SessionOpened>(world.Drain()).size(), 1u);
  world.dispatcher().HandleSessionAway(kSession);
  world.Drain();
  world.dispatcher().HandleSessionEnded(kSession);
  EXPECT_TRUE(world.Drain().empty());
}

TEST(Subscription, KeyGone) {
  World world;
  world.SignedIn();
  world.Send(kGetState);
  world.dispatcher().HandleKeyGone(kKey);
  EXPECT_TRUE(world.Push({{}, {}, 1}).empty());
  EXPECT_TRUE(world.Reply(world.last(), book::reply::State{}).empty());
  world.dispatcher().HandleSessionEnded(kSession);
  EXPECT_TRUE(world.Drain().empty());
}

// ---- temporary keys ----

constexpr SessionRef kTemp{kTempKey, SessionId(9)};

class Binding : public testing::Test {
 protected:
  Binding() {
    info_.id = kTempKey;
    info_.temporary = true;
    world_.Know(info_);
    bind_.perm_auth_key_id = kKey.value();
    bind_.nonce = 77;
    bind_.expires_at = static_cast<std::int32_t>(UnixSeconds(world_.now())) + 86'400;
    bind_.encrypted_message = encrypted_;
  }
  // The engine says yes, the book binds.
  Outputs Bind(const Bytes& body) {
    const Outputs checks = world_.Send(body, kTemp);
    EXPECT_EQ(All<CheckBinding>(checks).size(), 1u);
    if (All<CheckBinding>(checks).empty()) return {};
    world_.dispatcher().HandleBindingChecked(*All<CheckBinding>(checks)[0], true, world_.now());
    return world_.Drain();
  }

  World world_;
  book::KeyInfo info_;
  std::string encrypted_ = std::string(104, 'e');
  fn::auth::BindTempAuthKey bind_;
};

TEST_F(Binding, UnboundKeysMayDoThreeThings) {
  EXPECT_EQ(ErrorIn(world_.Send(kGetState, kTemp)), "401 AUTH_KEY_PERM_EMPTY");
  EXPECT_EQ(ErrorIn(world_.Send(Wire(fn::auth::SendCode()), kTemp)), "401 AUTH_KEY_PERM_EMPTY");
  EXPECT_EQ(ErrorIn(world_.Send(kGetConfig, kTemp)), "400 CONNECTION_NOT_INITED");
  EXPECT_EQ(ErrorIn(world_.Send(WithLayer(198, WithInit(kGetConfig)), kTemp)), "");
  EXPECT_EQ(ErrorIn(world_.Call(fn::help::GetNearestDc(), 198, kTemp)), "");
  EXPECT_EQ(ErrorIn(world_.Call(fn::help::GetAppConfig(), 198, kTemp)), "401 AUTH_KEY_PERM_EMPTY");
}

TEST_F(Binding, Bare) {
  const Outputs commands = Bind(Wire(bind_));
  const auto binds = Commands<cmd::BindTempKey>(commands);
  ASSERT_EQ(binds.size(), 1u);
  EXPECT_EQ(binds[0]->temp, kTempKey);
  EXPECT_EQ(binds[0]->perm, kKey);
  EXPECT_EQ(binds[0]->expires_ms, bind_.expires_at * 1000ll);
  const Outputs done = world_.Reply(world_.last(), book::reply::Done{}, kTemp);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(AnswerIn(done), Bytes({0xb5, 0x75, 0x72, 0x99}));
}

TEST_F(Binding, TheKeyThenActsForThePermanentOne) {
  Bind(Wire(bind_));
  world_.Reply(world_.last(), book::reply::Done{}, kTemp);
  info_.bound_to = kKey;
  info_.user = kUser;
  info_.client.layer = 198;
  world_.Know(info_);
  const Outputs outputs = world_.Send(kGetState, kTemp);
  ASSERT_EQ(All<book::Command>(outputs).size(), 2u);
  for (const book::Command* command : All<book::Command>(outputs)) {
    EXPECT_EQ(command->from.device, kKey);
    EXPECT_EQ(command->from.session, kTemp);
  }
}

TEST_F(Binding, InsideInitConnection) {
  const Outputs commands = Bind(WithLayer(198, WithInit(Packed(Wire(bind_)))));
  ASSERT_EQ(Commands<cmd::BindTempKey>(commands).size(), 1u);
  const Outputs bound = world_.Reply(world_.last(), book::reply::Done{}, kTemp);
  ASSERT_EQ(bound.size(), 1u);
  ASSERT_EQ(Commands<cmd::InitConnection>(bound).size(), 1u);
  EXPECT_EQ(All<book::Command>(bound)[0]->from.device, kKey);
  EXPECT_EQ(Commands<cmd::InitConnection>(bound)[0]->info.layer, 198);
  const Outputs done = world_.Reply(world_.last(), book::reply::Done{}, kTemp);
  EXPECT_EQ(AnswerIn(done), Bytes({0xb5, 0x75, 0x72, 0x99}));
}

TEST_F(Binding, Refused) {
  const Outputs checks = world_.Send(Wire(bind_), kTemp);
  ASSERT_EQ(All<CheckBinding>(checks).size(), 1u);
  const CheckBinding& check = *All<CheckBinding>(checks)[0];
  EXPECT_EQ(check.perm_key, kKey);
  EXPECT_EQ(check.nonce, 77);
  EXPECT_EQ(check.expires_at, bind_.expires_at);
  EXPECT_EQ(check.encrypted_message.size(), 104u);
  EXPECT_EQ(check.session, kTemp);
  world_.dispatcher().HandleBindingChecked(check, false, world_.now());
  EXPECT_EQ(ErrorIn(world_.Drain()), "400 ENCRYPTED_MESSAGE_INVALID");
  // Answered once.
  world_.dispatcher().HandleBindingChecked(check, true, world_.now());
  EXPECT_TRUE(world_.Drain().empty());
}

TEST_F(Binding, BadFields) {
  bind_.expires_at = static_cast<std::int32_t>(UnixSeconds(world_.now()));
  EXPECT_EQ(ErrorIn(world_.Send(Wire(bind_), kTemp)), "400 EXPIRES_AT_INVALID");
  bind_.expires_at += 100;
  bind_.encrypted_message = std::string_view(encrypted_).substr(1);
  EXPECT_EQ(ErrorIn(world_.Send(Wire(bind_), kTemp)), "400 ENCRYPTED_MESSAGE_INVALID");
}

TEST_F(Binding, PermanentKey) {
  world_.SignedIn();
  EXPECT_EQ(ErrorIn(world_.Call(bind_)), "400 TEMP_AUTH_KEY_EMPTY");
}

}  // namespace
}  // namespace trunkline::rpc

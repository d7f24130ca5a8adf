#include "tests/server/rpc/views.h"
#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

class Account : public testing::TestWithParam<int> {
 protected:
  Account() { world_.SignedIn(GetParam()); }
  template <class M>
  Outputs Send(const M& method) {
    return world_.CallAt(method, GetParam());
  }
  World world_;
};

INSTANTIATE_TEST_SUITE_P(Layers, Account, testing::Values(133, 158, 198, 229));

// ---- signing in ----

TEST_P(Account, SignIn) {
  api::CodeSettings settings;
  fn::auth::SendCode send;
  send.phone_number = "+99966 2-0001";
  send.settings = &settings;
  EXPECT_EQ(ErrorIn(Send(send)), "400 API_ID_INVALID");
  send.api_id = 1;
  Outputs outputs = Send(send);
  ASSERT_EQ(Commands<cmd::SendCode>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::SendCode>(outputs)[0]->phone, "+99966 2-0001");
  const Parsed<api::auth::AnySentCode> code(
      AnswerIn(world_.Reply(world_.last(), book::reply::SentCode{"hash", 5, true})));
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(code->As<api::auth::SentCode>()->phone_code_hash, "hash");
  EXPECT_EQ(code->As<api::auth::SentCode>()->type.As<api::auth::SentCodeTypeApp>()->length, 5);

  fn::auth::SignIn in;
  in.phone_number = send.phone_number;
  in.phone_code_hash = "hash";
  in.set_phone_code("12345");
  outputs = Send(in);
  ASSERT_EQ(Commands<cmd::SignIn>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::SignIn>(outputs)[0]->phone_code, "12345");
  book::UserView self = Person(1001);
  self.self = true;
  const Bytes result = AnswerIn(world_.Reply(world_.last(), book::reply::Authorization{self}));
  EXPECT_EQ(IdOf(result), GetParam() < 135   ? 0xcd050916u
                          : GetParam() < 152 ? 0x33fb7bb8u
                                             : 0x2ea2c0d4u);
  const Parsed<api::auth::AnyAuthorization> parsed(result);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->As<api::auth::Authorization>()->user.As<api::User>()->self());

  Send(in);
  EXPECT_EQ(IdOf(AnswerIn(world_.Reply(world_.last(), book::reply::SignUpRequired{}))),
            0x44747e9au);
  const std::string long_phone(33, '1');
  send.phone_number = long_phone;
  EXPECT_EQ(ErrorIn(Send(send)), "400 PHONE_NUMBER_INVALID");
}

TEST_P(Account, LogOutByTheIdAsked) {
  Send(fn::auth::LogOut());
  const Bytes result = AnswerIn(world_.Reply(world_.last(), book::reply::Done{}));
  EXPECT_EQ(IdOf(result), GetParam() < 135 ? 0x997275b5u : 0xc3a2835fu);
  // The key is nobody's from here on.
  EXPECT_EQ(ErrorIn(Send(fn::updates::GetState())), "401 AUTH_KEY_UNREGISTERED");
}

TEST_P(Account, Authorizations) {
  Send(fn::account::GetAuthorizations());
  book::reply::Authorizations reply;
  reply.entries.resize(2);
  reply.entries[0].info.device_model = "phone";
  reply.entries[0].created = 3;
  reply.entries[1].hash = 77;
  reply.entries[1].calls_disabled = true;
  const Parsed<api::account::AnyAuthorizations> parsed(
      AnswerIn(world_.Reply(world_.last(), reply)));
  ASSERT_TRUE(parsed.ok());
  const auto list = parsed->As<api::account::Authorizations>()->authorizations;
  ASSERT_EQ(list.size(), 2u);
  EXPECT_TRUE(list[0].As<api::Authorization>()->current());
  EXPECT_EQ(list[0].As<api::Authorization>()->device_model, "phone");
  EXPECT_EQ(list[0].As<api::Authorization>()->date_created, 3);
  EXPECT_FALSE(list[1].As<api::Authorization>()->current());
  EXPECT_EQ(list[1].As<api::Authorization>()->hash, 77);
}

// ---- the message box ----

TEST_P(Account, StateAndDifference) {
  Send(fn::updates::GetState());
  const Parsed<api::updates::AnyState> state(
      AnswerIn(world_.Reply(world_.last(), book::reply::State{4, 5, 6})));
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->As<api::updates::State>()->pts, 4);
  EXPECT_EQ(state->As<api::updates::State>()->seq, 0);

  fn::updates::GetDifference get;
  EXPECT_EQ(ErrorIn(Send(get)), "400 PERSISTENT_TIMESTAMP_EMPTY");
  get.pts = 3;
  const auto ask = [&](book::reply::Difference::Kind kind) {
    const Outputs outputs = Send(get);
    EXPECT_EQ(Commands<cmd::GetDifference>(outputs).size(), 1u);
    book::reply::Difference reply;
    reply.kind = kind;
    reply.state = {9, 10, 0};
    reply.messages.resize(1);
    reply.messages[0].id = 2;
    reply.messages[0].from_id = reply.messages[0].peer_id = UserId(2);
    reply.other_updates.resize(1);
    reply.users = {Person(2)};
    return AnswerIn(world_.Reply(world_.last(), reply));
  };
  using Kind = book::reply::Difference::Kind;
  const Parsed<api::updates::AnyDifference> empty(ask(Kind::kEmpty));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->As<api::updates::DifferenceEmpty>()->date, 10);
  const Parsed<api::updates::AnyDifference> full(ask(Kind::kFull));
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->As<api::updates::Difference>()->new_messages[0].As<api::MessageService>()->id, 2);
  EXPECT_EQ(full->As<api::updates::Difference>()->other_updates.size(), 1u);
  EXPECT_EQ(full->As<api::updates::Difference>()->state.As<api::updates::State>()->pts, 9);
  const Parsed<api::updates::AnyDifference> slice(ask(Kind::kSlice));
  ASSERT_TRUE(slice.ok());
  EXPECT_TRUE(slice->As<api::updates::DifferenceSlice>()->intermediate_state);
  const Parsed<api::updates::AnyDifference> far(ask(Kind::kTooLong));
  ASSERT_TRUE(far.ok());
  EXPECT_EQ(far->As<api::updates::DifferenceTooLong>()->pts, 9);
}

TEST_P(Account, History) {
  api::InputPeerUser peer;
  peer.user_id = 2;
  fn::messages::GetHistory get;
  get.peer = &peer;
  get.limit = 1'000'000;
  const Outputs outputs = Send(get);
  ASSERT_EQ(Commands<cmd::GetHistory>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::GetHistory>(outputs)[0]->limit, 100);
  book::reply::History reply;
  reply.messages.resize(2);
  reply.total = 2;
  const Parsed<api::messages::AnyMessages> whole(AnswerIn(world_.Reply(world_.last(), reply)));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->As<api::messages::Messages>()->messages.size(), 2u);
  Send(get);
  reply.total = 30;
  const Parsed<api::messages::AnyMessages> part(AnswerIn(world_.Reply(world_.last(), reply)));
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->As<api::messages::MessagesSlice>()->count, 30);
}

}  // namespace
}  // namespace trunkline::rpc

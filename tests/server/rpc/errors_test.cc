#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

Bytes Word(std::uint32_t id) {
  Bytes out(4);
  StoreLittle(out.data(), id);
  return out;
}

TEST(Errors, UnknownMethodNamesItsId) {
  World world;
  world.SignedIn();
  EXPECT_EQ(ErrorIn(world.Send(Word(0x0badf00d))), "400 INPUT_METHOD_INVALID_0badf00d");
  // A constructor's id isn't a method's.
  EXPECT_EQ(ErrorIn(world.Send(Word(api::InputUserSelf::kId))),
            "400 INPUT_METHOD_INVALID_f7c1b13f");
}

// Never 401, which logs clients out, and never 500, which they repeat.
TEST(Errors, KnownMethodThatIsNotImplemented) {
  World world;
  world.SignedIn();
  constexpr std::uint32_t kPhoneGetGroupCall = 0x041845db;
  ASSERT_EQ(api::NameOf(kPhoneGetGroupCall), "phone.getGroupCall");
  EXPECT_EQ(ErrorIn(world.Send(Word(kPhoneGetGroupCall))), "400 INPUT_METHOD_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::account::GetPassword())), "400 INPUT_METHOD_INVALID");
  world.Know(world.Key(UserId()));
  EXPECT_EQ(ErrorIn(world.Send(Word(kPhoneGetGroupCall))), "400 INPUT_METHOD_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::account::GetPassword())), "400 INPUT_METHOD_INVALID");
}

TEST(Errors, UnknownConstructorInside) {
  World world;
  world.SignedIn();
  fn::users::GetFullUser get;
  api::InputUserSelf self;
  get.id = &self;
  Bytes body = Wire(get);
  StoreLittle<std::uint32_t>(body.data() + 4, 0x0badf00d);
  EXPECT_EQ(ErrorIn(world.Send(body)), "400 INPUT_CONSTRUCTOR_INVALID");
  StoreLittle<std::uint32_t>(body.data() + 4, get.kId);
  EXPECT_EQ(ErrorIn(world.Send(body)), "400 INPUT_CONSTRUCTOR_INVALID");
}

TEST(Errors, CutAndTrailing) {
  World world;
  world.SignedIn();
  Bytes body = Wire(fn::messages::GetDhConfig());
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(ErrorIn(world.Send(ByteView(body).first(size))), "400 INPUT_FETCH_ERROR") << size;
  }
  body.resize(body.size() + 4);
  EXPECT_EQ(ErrorIn(world.Send(body)), "400 INPUT_FETCH_ERROR");
}

TEST(Errors, NotSignedIn) {
  World world;
  world.Know(world.Key(UserId()));
  EXPECT_EQ(ErrorIn(world.Call(fn::updates::GetState())), "401 AUTH_KEY_UNREGISTERED");
  EXPECT_EQ(ErrorIn(world.Call(fn::phone::GetCallConfig())), "401 AUTH_KEY_UNREGISTERED");
  EXPECT_EQ(ErrorIn(world.Call(fn::help::GetAppConfig())), "");
  EXPECT_EQ(ErrorIn(world.Call(fn::help::GetTermsOfServiceUpdate())), "");
  EXPECT_EQ(ErrorIn(world.Call(fn::langpack::GetLanguages())), "");
  EXPECT_EQ(Commands<cmd::DropTempKeys>(world.Call(fn::auth::DropTempAuthKeys())).size(), 1u);
}

TEST(Errors, Bots) {
  World world;
  book::KeyInfo bot = world.Key(kUser);
  bot.bot = true;
  world.Know(bot);
  EXPECT_EQ(ErrorIn(world.Call(fn::phone::GetCallConfig())), "400 BOT_METHOD_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::contacts::GetContacts())), "400 BOT_METHOD_INVALID");
  EXPECT_EQ(Commands<cmd::GetState>(world.Call(fn::updates::GetState())).size(), 1u);
}

struct RefusalCase {
  book::Refusal refusal;
  std::int32_t argument;
  const char* text;
};

class Refusals : public testing::TestWithParam<RefusalCase> {};

TEST_P(Refusals, AreTold) {
  World world;
  world.SignedIn();
  world.Call(fn::updates::GetState());
  const auto outputs =
      world.Reply(world.last(), book::reply::Refused{GetParam().refusal, GetParam().argument});
  EXPECT_EQ(ErrorIn(outputs), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Some, Refusals,
    testing::Values(
        RefusalCase{book::Refusal::kAuthKeyUnregistered, 0, "401 AUTH_KEY_UNREGISTERED"},
        RefusalCase{book::Refusal::kFloodWait, 75, "420 FLOOD_WAIT_75"},
        RefusalCase{book::Refusal::kUserIsBlocked, 0, "403 USER_IS_BLOCKED"},
        RefusalCase{book::Refusal::kUserPrivacyRestricted, 0, "403 USER_PRIVACY_RESTRICTED"},
        RefusalCase{book::Refusal::kCallPeerInvalid, 0, "400 CALL_PEER_INVALID"},
        RefusalCase{book::Refusal::kCallAlreadyAccepted, 0, "400 CALL_ALREADY_ACCEPTED"},
        RefusalCase{book::Refusal::kCallProtocolCompatLayerInvalid, 0,
                    "406 CALL_PROTOCOL_COMPAT_LAYER_INVALID"},
        RefusalCase{book::Refusal::kCallOccupyFailed, 0, "500 CALL_OCCUPY_FAILED"},
        RefusalCase{book::Refusal::kGAHashInvalid, 0, "400 G_A_HASH_INVALID"},
        RefusalCase{book::Refusal::kTempAuthKeyAlreadyBound, 0, "400 TEMP_AUTH_KEY_ALREADY_BOUND"},
        RefusalCase{book::Refusal::kInternal, 0, "500 RPC_CALL_FAIL"}));

TEST(Errors, RandomBytesAreAlwaysAnswered) {
  World world;
  world.SignedIn();
  SeededEntropy entropy(7);
  const Bytes seed = WithLayer(198, WithInit(Wire(fn::phone::RequestCall(), 198)));
  for (int i = 0; i < 20'000; ++i) {
    Bytes body = seed;
    for (int flips = 0; flips < 3; ++flips) {
      const std::uint64_t random = entropy.U64();
      body[random % body.size()] = static_cast<std::uint8_t>(random >> 32);
    }
    const Outputs outputs = world.Send(body);
    ASSERT_EQ(outputs.empty(), false);
    for (const book::Command* command : All<book::Command>(outputs)) {
      if (command->from.msg_id == world.last()) {
        world.Reply(world.last(), book::reply::Refused{book::Refusal::kInternal, 0});
      }
    }
  }
}

}  // namespace
}  // namespace trunkline::rpc

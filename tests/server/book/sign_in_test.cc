// Codes, sign-in and sign-up, bots, keys.

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using call::Reason;

std::string CodeHash(World& world, const Phone& phone, const std::string& number) {
  const Effects effects = world.Send(phone, cmd::SendCode{number});
  const auto* sent = ReplyAs<reply::SentCode>(effects);
  return sent == nullptr ? std::string() : sent->phone_code_hash;
}
std::string DeliveredCode(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* deliver = std::get_if<DeliverCode>(&effect)) return deliver->code;
  }
  return {};
}
BookConfig RealNumbers() {
  BookConfig config = TestConfig();
  config.code_delivery = true;
  return config;
}
const KeyInfo* ChangedKey(const Effects& effects, AuthKeyId id) {
  const KeyInfo* info = nullptr;
  for (const Effect& effect : effects) {
    const auto* changed = std::get_if<KeyChanged>(&effect);
    if (changed != nullptr && changed->info.id == id) info = &changed->info;
  }
  return info;
}

TEST(SignIn, TestNumberIsCreatedAtOnce) {
  World world;
  const Phone phone = world.NewPhone();
  const Effects sent = world.Send(phone, cmd::SendCode{"+999 66-1234"});
  EXPECT_EQ(ReplyAs<reply::SentCode>(sent)->length, 5);
  EXPECT_EQ(DeliveredCode(sent), "");
  const std::string hash = ReplyAs<reply::SentCode>(sent)->phone_code_hash;
  const Effects in = world.Send(phone, cmd::SignIn{"999661234", hash, kTestCode});
  const UserView user = ReplyAs<reply::Authorization>(in)->user;
  EXPECT_TRUE(user.self);
  EXPECT_EQ(user.first_name, "User 1234");
  EXPECT_EQ(user.phone, "999661234");
  EXPECT_NE(user.access_hash, AccessHash{});
  const KeyInfo* info = ChangedKey(in, phone.device);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->user, user.id);
}

TEST(SignIn, Refusals) {
  World world;
  const Phone phone = world.NewPhone();
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SendCode{"1234"})), Refusal::kPhoneNumberInvalid);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SendCode{"1234567890123456"})),
            Refusal::kPhoneNumberInvalid);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SendCode{"447700900000"})),
            Refusal::kPhoneNumberInvalid);  // nobody delivers codes
  const std::string number = "9996600001";
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{number, "?", "1"})),
            Refusal::kPhoneCodeExpired);
  const std::string hash = CodeHash(world, phone, number);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{number, hash, ""})), Refusal::kPhoneCodeEmpty);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{number, "?", kTestCode})),
            Refusal::kPhoneCodeExpired);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{number, hash, "11111"})),
            Refusal::kPhoneCodeInvalid);
  world.Send(phone, cmd::CancelCode{number, hash});
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{number, hash, kTestCode})),
            Refusal::kPhoneCodeExpired);
  EXPECT_EQ(world.book().stats().users, 0u);
}

TEST(SignIn, NoTestCodeNoTestNumbers) {
  BookConfig config = TestConfig();
  config.test_code.clear();
  World world(config);
  EXPECT_EQ(RefusalIn(world.Send(world.NewPhone(), cmd::SendCode{"9996600001"})),
            Refusal::kPhoneNumberInvalid);
}

TEST(SignIn, FiveWrongTriesEndTheCode) {
  World world;
  const Phone phone = world.NewPhone();
  const std::string hash = CodeHash(world, phone, "9996600001");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{"9996600001", hash, "11111"})),
              Refusal::kPhoneCodeInvalid);
    world.Restart();  // tries count across restarts
  }
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{"9996600001", hash, kTestCode})),
            Refusal::kPhoneCodeExpired);
}

TEST(SignIn, CodesExpire) {
  World world;
  const Phone phone = world.NewPhone();
  const std::string hash = CodeHash(world, phone, "9996600001");
  world.Wait(std::chrono::minutes(5));
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignIn{"9996600001", hash, kTestCode})),
            Refusal::kPhoneCodeExpired);
  EXPECT_EQ(Count<fact::CodeEnded>(world.journal()), 1u);
  EXPECT_FALSE(world.book().NextDeadline());
}

TEST(SignIn, RealNumberSignsUp) {
  World world(RealNumbers());
  const Phone phone = world.NewPhone();
  const std::string number = "447700900000";
  const Effects sent = world.Send(phone, cmd::SendCode{number});
  const std::string hash = ReplyAs<reply::SentCode>(sent)->phone_code_hash;
  const std::string code = DeliveredCode(sent);
  ASSERT_EQ(code.size(), 5u);
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SignUp{number, hash, "Ann", ""})),
            Refusal::kPhoneCodeInvalid);  // the code was not shown yet
  const Effects in = world.Send(phone, cmd::SignIn{number, hash, code});
  EXPECT_NE(ReplyAs<reply::SignUpRequired>(in), nullptr);
  const auto sign_up = [&](std::string first, std::string last) {
    return world.Send(phone, cmd::SignUp{number, hash, std::move(first), std::move(last)});
  };
  EXPECT_EQ(RefusalIn(sign_up("  ", "")), Refusal::kFirstnameInvalid);
  EXPECT_EQ(RefusalIn(sign_up(std::string(65, 'x'), "")), Refusal::kFirstnameInvalid);
  EXPECT_EQ(RefusalIn(sign_up("\xff", "")), Refusal::kFirstnameInvalid);
  EXPECT_EQ(RefusalIn(sign_up("Ann", "\xed\xa0\x80")), Refusal::kLastnameInvalid);
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "\xc3\xa9";  // 64 code points in 128 bytes
  const Effects up = sign_up(" " + wide + " ", "");
  EXPECT_EQ(ReplyAs<reply::Authorization>(up)->user.first_name, wide);
  const Phone second = world.NewPhone();
  const Effects again = world.Send(second, cmd::SendCode{number});
  const Effects back = world.Send(
      second,
      cmd::SignIn{number, ReplyAs<reply::SentCode>(again)->phone_code_hash, DeliveredCode(again)});
  EXPECT_EQ(ReplyAs<reply::Authorization>(back)->user.id,
            ReplyAs<reply::Authorization>(up)->user.id);
}

TEST(SignIn, SignUpOfATakenNumber) {
  World world;
  world.SignedIn("9996600001");
  const Phone other = world.NewPhone();
  const std::string hash = CodeHash(world, other, "9996600001");
  EXPECT_EQ(RefusalIn(world.Send(other, cmd::SignUp{"9996600001", hash, "Ann", ""})),
            Refusal::kPhoneNumberOccupied);
}

TEST(SignIn, WhoWasAddedNeedsNoSignUp) {
  World world(RealNumbers());
  const AddedPerson added = world.AddPerson({"+44 7700 900000", " Ann ", "Berg"});
  EXPECT_EQ(added.refusal, Refusal::kNone);
  EXPECT_TRUE(added.user);
  EXPECT_EQ(world.AddPerson({"447700900000", "Other", "Name"}).user, added.user);
  EXPECT_EQ(Count<fact::UserCreated>(world.journal()), 1u);
  world.Restart();
  const Phone phone = world.NewPhone();
  const Effects sent = world.Send(phone, cmd::SendCode{"447700900000"});
  const std::string hash = ReplyAs<reply::SentCode>(sent)->phone_code_hash;
  const Effects in = world.Send(phone, cmd::SignIn{"447700900000", hash, DeliveredCode(sent)});
  const auto* authorization = ReplyAs<reply::Authorization>(in);
  ASSERT_NE(authorization, nullptr);
  EXPECT_EQ(authorization->user.id, added.user);
  EXPECT_EQ(authorization->user.first_name, "Ann");
  EXPECT_EQ(authorization->user.last_name, "Berg");
  EXPECT_EQ(authorization->user.phone, "447700900000");
}

TEST(SignIn, WhoIsAddedWhileTheirCodeIsOnItsWay) {
  World world(RealNumbers());
  const Phone phone = world.NewPhone();
  const Effects sent = world.Send(phone, cmd::SendCode{"447700900000"});
  const std::string hash = ReplyAs<reply::SentCode>(sent)->phone_code_hash;
  const AddedPerson added = world.AddPerson({"447700900000", "Ann", ""});
  const Effects in = world.Send(phone, cmd::SignIn{"447700900000", hash, DeliveredCode(sent)});
  ASSERT_NE(ReplyAs<reply::Authorization>(in), nullptr);
  EXPECT_EQ(ReplyAs<reply::Authorization>(in)->user.id, added.user);
}

TEST(SignIn, NobodyIsAddedWhomSignUpWouldRefuse) {
  World world;
  const std::pair<NewPerson, Refusal> rows[] = {
      {{"", "Ann", ""}, Refusal::kPhoneNumberInvalid},
      {{"+491", "Ann", ""}, Refusal::kPhoneNumberInvalid},
      {{"+1234567890123456", "Ann", ""}, Refusal::kPhoneNumberInvalid},
      {{"+49301234", " ", "Berg"}, Refusal::kFirstnameInvalid},
      {{"+49301234", std::string(65, 'x'), ""}, Refusal::kFirstnameInvalid},
      {{"+49301234", "Ann", "\xff"}, Refusal::kLastnameInvalid},
  };
  for (const auto& [person, refusal] : rows) {
    const AddedPerson added = world.AddPerson(person);
    EXPECT_EQ(added.refusal, refusal) << person.phone << person.first_name;
    EXPECT_FALSE(added.user);
  }
  EXPECT_TRUE(world.journal().empty());
  EXPECT_EQ(world.book().stats().users, 0u);
}

TEST(SignIn, FiveCodesAnHour) {
  World world(RealNumbers());
  const Phone phone = world.NewPhone();
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(CodeHash(world, phone, "447700900000"), "");
    world.Wait(std::chrono::minutes(1));
  }
  const Effects sixth = world.Send(phone, cmd::SendCode{"447700900000"});
  EXPECT_EQ(RefusalIn(sixth), Refusal::kFloodWait);
  EXPECT_EQ(ReplyAs<reply::Refused>(sixth)->argument, 55 * 60);
  EXPECT_NE(CodeHash(world, phone, "447700900001"), "");
  world.Restart();
  EXPECT_EQ(RefusalIn(world.Send(phone, cmd::SendCode{"447700900000"})), Refusal::kFloodWait);
  world.Wait(std::chrono::minutes(55));
  EXPECT_NE(CodeHash(world, phone, "447700900000"), "");
}

TEST(SignIn, AnotherUserOnTheSameKey) {
  World world;
  Phone phone = world.SignedIn("9996600001");
  const Phone callee = world.SignedIn("9996600002");
  Dial(world, phone, callee);
  const std::string hash = CodeHash(world, phone, "9996600003");
  const Effects in = world.Send(phone, cmd::SignIn{"9996600003", hash, kTestCode});
  EXPECT_NE(ReplyAs<reply::Authorization>(in)->user.id, phone.user);
  EXPECT_EQ(CallTo(in, callee)->reason, Reason::kMissed);
  EXPECT_EQ(Count<fact::SignedOut>(world.journal()), 1u);
}

TEST(SignIn, Bots) {
  World world;
  const Phone bot = world.NewPhone();
  const Phone human = world.SignedIn("9996600001");
  EXPECT_EQ(RefusalIn(world.Send(bot, cmd::ImportBot{"2:wrong"})), Refusal::kAccessTokenInvalid);
  EXPECT_EQ(RefusalIn(world.Send(bot, cmd::ImportBot{""})), Refusal::kAccessTokenInvalid);
  const Effects in = world.Send(bot, cmd::ImportBot{"1:token"});
  const UserView user = ReplyAs<reply::Authorization>(in)->user;
  EXPECT_TRUE(user.bot);
  EXPECT_TRUE(ChangedKey(in, bot.device)->bot);
  EXPECT_EQ(RefusalIn(world.Send(bot, world.Request(human))), Refusal::kBotMethodInvalid);
  EXPECT_EQ(RefusalIn(world.Send(bot, cmd::GetContacts{})), Refusal::kBotMethodInvalid);
  EXPECT_NE(ReplyAs<reply::State>(world.Send(bot, cmd::GetState{})), nullptr);
  Phone target;
  target.user = user.id;
  target.access_hash = user.access_hash;
  EXPECT_EQ(RefusalIn(world.Send(human, world.Request(target))), Refusal::kUserIdInvalid);
  const Effects again = world.Send(world.NewPhone(), cmd::ImportBot{"1:token"});
  EXPECT_EQ(ReplyAs<reply::Authorization>(again)->user.id, user.id);
}

TEST(SignIn, NothingWithoutIt) {
  World world;
  const Phone phone = world.NewPhone();
  const CommandBody bodies[] = {cmd::LogOut{},      cmd::GetState{},     cmd::GetUsers{},
                                cmd::GetContacts{}, cmd::RequestCall{},  cmd::DiscardCall{},
                                cmd::SetPrivacy{},  cmd::UpdateStatus{}, cmd::GetAuthorizations{}};
  for (const CommandBody& body : bodies) {
    EXPECT_EQ(RefusalIn(world.Send(phone, body)), Refusal::kAuthKeyUnregistered) << body.index();
  }
}

TEST(Keys, SecondKeyWithTheIdIsRefused) {
  World world;
  cmd::CreateKey create{};
  create.nonce[0] = 9;
  create.id = AuthKeyId(77);
  create.first_salt = 5;
  const Effects first = world.Send(Phone{}, create);
  EXPECT_FALSE(std::get<KeyStored>(first.at(0)).taken);
  EXPECT_EQ(std::get<KeyStored>(first.at(0)).first_salt, 5);
  EXPECT_TRUE(std::get<KeyStored>(world.Send(Phone{}, create).at(0)).taken);
  EXPECT_EQ(Count<fact::KeyCreated>(world.journal()), 1u);
}

TEST(Keys, TemporaryKeyActsForItsPermanentOne) {
  World world;
  const Phone phone = world.SignedIn("9996600001");
  const std::int64_t expires = UnixMillis(world.now()) + 60'000;
  Phone temp = phone;
  temp.session.key = world.NewKey(expires);
  const auto bind = [&](AuthKeyId key, AuthKeyId perm, std::int64_t until) {
    return world.Send(temp, cmd::BindTempKey{key, perm, until});
  };
  EXPECT_EQ(RefusalIn(bind(phone.device, phone.device, expires)), Refusal::kTempAuthKeyEmpty);
  EXPECT_EQ(RefusalIn(bind(temp.session.key, AuthKeyId(3), expires)),
            Refusal::kEncryptedMessageInvalid);
  EXPECT_EQ(RefusalIn(bind(temp.session.key, phone.device, 1)), Refusal::kExpiresAtInvalid);
  const Effects bound = bind(temp.session.key, phone.device, expires);
  const KeyInfo* info = ChangedKey(bound, temp.session.key);
  EXPECT_TRUE(info->temporary);
  EXPECT_EQ(info->bound_to, phone.device);
  EXPECT_EQ(info->user, phone.user);
  EXPECT_EQ(RefusalIn(bind(temp.session.key, world.NewKey(), expires)),
            Refusal::kTempAuthKeyAlreadyBound);
  const Effects out = world.Send(temp, cmd::LogOut{});
  EXPECT_EQ(ChangedKey(out, temp.session.key)->user, UserId{});
  const Effects gone = world.Wait(std::chrono::minutes(1));
  EXPECT_EQ(std::get<KeyGone>(gone.at(0)).id, temp.session.key);
  EXPECT_EQ(Count<fact::KeyDestroyed>(world.journal()), 1u);
}

TEST(Keys, DropAndDestroy) {
  World world;
  const Phone phone = world.SignedIn("9996600001");
  const std::int64_t expires = UnixMillis(world.now()) + 60'000;
  std::vector<AuthKeyId> temps;
  for (int i = 0; i < 3; ++i) {
    temps.push_back(world.NewKey(expires));
    world.Send(phone, cmd::BindTempKey{temps.back(), phone.device, expires});
  }
  const Effects dropped = world.Send(phone, cmd::DropTempKeys{{temps[1]}});
  EXPECT_EQ(dropped.size(), 3u);  // the reply, two keys gone
  EXPECT_EQ(world.book().KeyInfos().size(), 2u);
  const Effects destroyed = world.Send(phone, cmd::DestroyKey{});
  EXPECT_TRUE(std::holds_alternative<Reply>(destroyed.front()));  // the key must carry it
  EXPECT_EQ(destroyed.size(), 3u);
  EXPECT_TRUE(world.book().KeyInfos().empty());
  EXPECT_EQ(world.book().stats().devices, 0u);
}

TEST(Keys, ClientIsRememberedOnceAndInherited) {
  World world;
  const Phone phone = world.NewPhone();
  ClientInfo info;
  info.layer = 198;
  const Effects first = world.Send(phone, cmd::InitConnection{info});
  EXPECT_EQ(ChangedKey(first, phone.device)->client.layer, 198);
  EXPECT_EQ(ChangedKey(world.Send(phone, cmd::InitConnection{info}), phone.device), nullptr);
  EXPECT_EQ(Count<fact::KeyInitialised>(world.journal()), 1u);
  world.Restart();
  EXPECT_EQ(world.book().KeyInfos().at(0).client, info);
}

}  // namespace
}  // namespace trunkline::book

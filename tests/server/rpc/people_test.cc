#include "tests/server/rpc/views.h"
#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;

// Asks with `method` and gives what the book's reply becomes.
template <class M>
Bytes Answered(const M& method, book::ReplyBody reply, int layer = 229) {
  World world;
  world.SignedIn(layer);
  EXPECT_EQ(All<Answer>(world.CallAt(method, layer)).size(), 0u);
  return AnswerIn(world.Reply(world.last(), std::move(reply)));
}

// ---- users ----

struct LayerId {
  int layer;
  std::uint32_t id;
};

// Vector<User>: 1cb5c415, count, then the user.
TEST(Users, IdsByLayer) {
  constexpr LayerId kIds[] = {{133, 0x3ff6ecb0}, {144, 0x3ff6ecb0}, {145, 0x5d99adee},
                              {148, 0x8f97c628}, {160, 0xabb5f120}, {166, 0xeb602f25},
                              {167, 0x215c4438}, {185, 0x83314fca}, {196, 0x4b46c37e},
                              {198, 0x4b46c37e}, {200, 0x020b1422}, {216, 0x020b1422},
                              {217, 0x31774388}, {228, 0xb1b8cc83}, {229, 0xb1b8cc83}};
  for (const auto& [layer, id] : kIds) {
    const Bytes result = Answered(fn::users::GetUsers(), book::reply::Users{{Person(3)}}, layer);
    EXPECT_EQ(IdOf(result), 0x1cb5c415u);
    EXPECT_EQ(IdOf(ByteView(result).subspan(8)), id) << layer;
  }
}

TEST(Users, Fields) {
  book::UserView self = Person(3);
  self.self = true;
  self.phone = "99966";
  self.online_until = 50;
  book::UserView contact = Person(4);
  contact.contact = contact.mutual_contact = true;
  contact.last_name.clear();
  contact.was_online = 40;
  book::UserView bot = Person(5);
  bot.bot = true;
  book::UserView gone = Person(6);
  gone.deleted = true;
  book::UserView unknown;
  unknown.id = UserId(7);
  unknown.deleted = true;
  for (const int layer : {133, 158, 198, 229}) {
    const Bytes result = Answered(fn::users::GetUsers(),
                                  book::reply::Users{{self, contact, bot, gone, unknown}}, layer);
    ::tl::Arena arena;
    ::tl::Reader reader(result, &arena);
    const auto users = ::tl::ReadVector<api::AnyUser>(reader);
    ASSERT_TRUE(reader.ok() && reader.AtEnd()) << layer;
    ASSERT_EQ(users.size(), 5u);
    const auto& a = *users[0].As<api::User>();
    EXPECT_TRUE(a.self() && !a.min() && !a.bot());
    EXPECT_EQ(a.access_hash(), 30);
    EXPECT_EQ(a.first_name(), "Ann");
    EXPECT_EQ(a.last_name(), "Lee");
    EXPECT_EQ(a.phone(), "99966");
    EXPECT_EQ(a.status().As<api::UserStatusOnline>()->expires, 50);
    const auto& b = *users[1].As<api::User>();
    EXPECT_TRUE(b.contact() && b.mutual_contact());
    EXPECT_FALSE(b.has_last_name());
    EXPECT_FALSE(b.has_phone());
    EXPECT_EQ(b.status().As<api::UserStatusOffline>()->was_online, 40);
    EXPECT_TRUE(users[2].As<api::User>()->bot());
    EXPECT_EQ(users[2].As<api::User>()->bot_info_version(), 1);
    EXPECT_TRUE(users[3].As<api::User>()->deleted());
    EXPECT_EQ(users[4].As<api::UserEmpty>()->id, 7);
  }
}

TEST(Users, Queries) {
  World world;
  world.SignedIn();
  api::InputUserSelf self;
  api::InputUser other;
  other.user_id = 2;
  other.access_hash = -20;
  api::InputUserEmpty nobody;
  std::vector<api::AnyInputUser> ids{&self, &other, &nobody};
  fn::users::GetUsers get;
  get.id = ids;
  const Outputs outputs = world.Call(get);
  ASSERT_EQ(Commands<cmd::GetUsers>(outputs).size(), 1u);
  const auto& asked = Commands<cmd::GetUsers>(outputs)[0]->users;
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_TRUE(asked[0].self);
  EXPECT_EQ(asked[1].id, UserId(2));
  EXPECT_EQ(asked[1].access_hash, AccessHash(-20));
  EXPECT_TRUE(!asked[2].self && !asked[2].id);
  ids.assign(101, &self);
  get.id = ids;
  EXPECT_EQ(ErrorIn(world.Call(get)), "400 LIMIT_INVALID");
}

book::reply::FullUser Full() {
  book::reply::FullUser full;
  full.full.user = Person(3);
  full.full.phone_calls_available = full.full.video_calls_available = true;
  full.full.blocked = true;
  return full;
}

TEST(FullUser, IdsByLayer) {
  constexpr LayerId kIds[] = {
      {135, 0xcf366521}, {140, 0x8c72ea81}, {144, 0xc4b1fc3f}, {151, 0xf8d32aed}, {158, 0x93eadb53},
      {160, 0x4fe1cc86}, {167, 0xb9b12c6c}, {176, 0x22ff3e85}, {177, 0xcc997720}, {189, 0x1f58e369},
      {195, 0x979d2376}, {198, 0x4d975bbc}, {200, 0xd2234ea0}, {201, 0x99e78045}, {210, 0x29de80be},
      {213, 0x3fd81e28}, {216, 0xa02bc13e}, {229, 0x06cbe645}};
  api::InputUserSelf self;
  fn::users::GetFullUser get;
  get.id = &self;
  for (const auto& [layer, id] : kIds) {
    const Bytes result = Answered(get, Full(), layer);
    EXPECT_EQ(IdOf(result), 0x3b6d152eu) << layer;
    EXPECT_EQ(IdOf(ByteView(result).subspan(4)), id) << layer;
    const Parsed<api::users::AnyUserFull> parsed(result);
    ASSERT_TRUE(parsed.ok()) << layer;
    const auto& wire = *parsed->As<api::users::UserFull>();
    const auto& full = *wire.full_user.As<api::UserFull>();
    EXPECT_EQ(full.id, 3);
    EXPECT_TRUE(full.phone_calls_available() && full.video_calls_available() && full.blocked());
    EXPECT_FALSE(full.phone_calls_private());
    EXPECT_TRUE(full.settings && full.notify_settings);
    ASSERT_EQ(wire.users.size(), 1u);
    EXPECT_EQ(wire.users[0].As<api::User>()->access_hash(), 30);
  }
}

// userFull#d697ff05 held the user itself, and came without a wrapper around it.
TEST(FullUser, OldestForm) {
  api::InputUserSelf self;
  fn::users::GetFullUser get;
  get.id = &self;
  ASSERT_EQ(IdOf(Wire(get, 133)), 0xca30a5b1u);
  const Bytes result = Answered(get, Full(), 133);
  EXPECT_EQ(IdOf(result), 0xd697ff05u);
  EXPECT_EQ(IdOf(ByteView(result).subspan(8)), 0x3ff6ecb0u);
  const Parsed<api::AnyUserFull> parsed(result);
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->As<api::UserFull>()->phone_calls_available());
}

// ---- contacts ----

class Contacts : public testing::TestWithParam<int> {
 protected:
  Contacts() { world_.SignedIn(GetParam()); }
  template <class M>
  Outputs Send(const M& method) {
    return world_.CallAt(method, GetParam());
  }
  World world_;
};

INSTANTIATE_TEST_SUITE_P(Layers, Contacts, testing::Values(133, 158, 198, 229));

TEST_P(Contacts, Import) {
  api::InputPhoneContact contact;
  contact.client_id = 12;
  contact.phone = "+9996620002";
  contact.first_name = "B";
  std::vector<api::AnyInputContact> list{&contact};
  fn::contacts::ImportContacts import;
  import.contacts = list;
  const Outputs outputs = Send(import);
  ASSERT_EQ(Commands<cmd::ImportContacts>(outputs).size(), 1u);
  const auto& entry = Commands<cmd::ImportContacts>(outputs)[0]->contacts.at(0);
  EXPECT_EQ(entry.client_id, 12);
  EXPECT_EQ(entry.phone, "+9996620002");
  EXPECT_EQ(entry.first_name, "B");
  book::reply::ImportedContacts reply;
  reply.imported = {{12, UserId(2)}};
  reply.retry = {13};
  reply.users = {Person(2)};
  const Parsed<api::contacts::AnyImportedContacts> parsed(
      AnswerIn(world_.Reply(world_.last(), reply)));
  ASSERT_TRUE(parsed.ok());
  const auto& wire = *parsed->As<api::contacts::ImportedContacts>();
  EXPECT_EQ(wire.imported[0].As<api::ImportedContact>()->user_id, 2);
  EXPECT_EQ(wire.retry_contacts[0], 13);
  EXPECT_EQ(wire.users.size(), 1u);
  list.assign(501, &contact);
  import.contacts = list;
  EXPECT_EQ(ErrorIn(Send(import)), "400 LIMIT_INVALID");
}

TEST_P(Contacts, TheFourFormsOfUsers) {
  Send(fn::contacts::GetContacts());
  book::UserView friendly = Person(2);
  friendly.mutual_contact = true;
  const book::reply::Users users{{friendly}};
  const Parsed<api::contacts::AnyContacts> contacts(AnswerIn(world_.Reply(world_.last(), users)));
  ASSERT_TRUE(contacts.ok());
  EXPECT_TRUE(contacts->As<api::contacts::Contacts>()->contacts[0].As<api::Contact>()->mutual);
  Send(fn::contacts::GetBlocked());
  const Parsed<api::contacts::AnyBlocked> blocked(AnswerIn(world_.Reply(world_.last(), users)));
  ASSERT_TRUE(blocked.ok());
  EXPECT_EQ(blocked->As<api::contacts::Blocked>()
                ->blocked[0]
                .As<api::PeerBlocked>()
                ->peer_id.As<api::PeerUser>()
                ->user_id,
            2);
  if (GetParam() < 139) return;  // contacts.resolvePhone came with layer 139
  Send(fn::contacts::ResolvePhone());
  const Parsed<api::contacts::AnyResolvedPeer> resolved(
      AnswerIn(world_.Reply(world_.last(), users)));
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->As<api::contacts::ResolvedPeer>()->peer.As<api::PeerUser>()->user_id, 2);
}

TEST_P(Contacts, BlockAndUnblock) {
  api::InputPeerUser peer;
  peer.user_id = 2;
  fn::contacts::Block block;
  block.id = &peer;
  Outputs outputs = Send(block);
  ASSERT_EQ(Commands<cmd::Block>(outputs).size(), 1u);
  EXPECT_TRUE(Commands<cmd::Block>(outputs)[0]->block);
  fn::contacts::Unblock unblock;
  unblock.id = &peer;
  outputs = Send(unblock);
  ASSERT_EQ(Commands<cmd::Block>(outputs).size(), 1u);
  EXPECT_FALSE(Commands<cmd::Block>(outputs)[0]->block);
  api::InputPeerChat chat;
  block.id = &chat;
  EXPECT_EQ(ErrorIn(Send(block)), "400 PEER_ID_INVALID");
}

TEST_P(Contacts, AddAndDelete) {
  api::InputUser user;
  user.user_id = 2;
  fn::contacts::AddContact add;
  add.id = &user;
  add.first_name = "N\x01n";
  add.phone = "123";
  Outputs outputs = Send(add);
  ASSERT_EQ(Commands<cmd::AddContact>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::AddContact>(outputs)[0]->first_name, "Nn");
  const Parsed<api::AnyUpdates> updates(
      AnswerIn(world_.Reply(world_.last(), book::UpdateBatch{{}, {Person(2)}, 1})));
  ASSERT_TRUE(updates.ok());
  EXPECT_EQ(updates->As<api::Updates>()->users.size(), 1u);
  std::vector<api::AnyInputUser> list{&user, &user};
  fn::contacts::DeleteContacts remove;
  remove.id = list;
  outputs = Send(remove);
  ASSERT_EQ(Commands<cmd::DeleteContacts>(outputs).size(), 1u);
  EXPECT_EQ(Commands<cmd::DeleteContacts>(outputs)[0]->users.size(), 2u);
}

// ---- privacy ----

TEST_P(Contacts, Privacy) {
  api::InputPrivacyKeyPhoneCall calls;
  api::InputUser friendly;
  friendly.user_id = 2;
  const std::vector<api::AnyInputUser> users{&friendly};
  api::InputPrivacyValueAllowUsers allow;
  allow.users = users;
  api::InputPrivacyValueDisallowAll nobody;
  std::vector<api::AnyInputPrivacyRule> rules{&allow, &nobody};
  fn::account::SetPrivacy set;
  set.key = &calls;
  set.rules = rules;
  const Outputs outputs = Send(set);
  ASSERT_EQ(Commands<cmd::SetPrivacy>(outputs).size(), 1u);
  const auto& asked = *Commands<cmd::SetPrivacy>(outputs)[0];
  ASSERT_EQ(asked.rules.size(), 2u);
  EXPECT_EQ(asked.rules[0].kind, book::PrivacyRule::Kind::kAllowUsers);
  EXPECT_EQ(asked.rules[0].users.at(0).id, UserId(2));
  EXPECT_EQ(asked.rules[1].kind, book::PrivacyRule::Kind::kDisallowAll);
  const book::reply::Privacy reply{{{book::PrivacyRule::Kind::kAllowUsers, {UserId(2)}}},
                                   {Person(2)}};
  const Parsed<api::account::AnyPrivacyRules> parsed(AnswerIn(world_.Reply(world_.last(), reply)));
  ASSERT_TRUE(parsed.ok());
  const auto& wire = *parsed->As<api::account::PrivacyRules>();
  EXPECT_EQ(wire.rules[0].As<api::PrivacyValueAllowUsers>()->users[0], 2);
  EXPECT_EQ(wire.users.size(), 1u);

  rules.assign(21, &nobody);
  set.rules = rules;
  EXPECT_EQ(ErrorIn(Send(set)), "400 PRIVACY_TOO_LONG");
  api::InputPrivacyKeyForwards forwards;
  set.key = &forwards;
  EXPECT_EQ(ErrorIn(Send(set)), "400 PRIVACY_KEY_INVALID");
  fn::account::GetPrivacy get;
  get.key = &forwards;
  const Parsed<api::account::AnyPrivacyRules> open(AnswerIn(Send(get)));
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->As<api::account::PrivacyRules>()->rules[0].id(), api::PrivacyValueAllowAll::kId);
}

}  // namespace
}  // namespace trunkline::rpc

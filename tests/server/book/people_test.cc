// Users, contacts, blocking, privacy, message boxes.

#include <set>

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

TEST(Users, Authorizations) {
  World world;
  const Phone a1 = world.SignedIn("9996600001");
  const Phone a2 = world.SignedIn("9996600001");
  const Effects effects = world.Send(a1, cmd::GetAuthorizations{});
  const auto& entries = ReplyAs<reply::Authorizations>(effects)->entries;
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].hash, 0);
  EXPECT_NE(entries[1].hash, 0);
  EXPECT_EQ(RefusalIn(world.Send(a1, cmd::ChangeAuthorizationSettings{12345, true, true})),
            Refusal::kHashInvalid);
  world.Send(a1, cmd::ChangeAuthorizationSettings{entries[1].hash, true, true});
  const Effects after = world.Send(a2, cmd::GetAuthorizations{});
  EXPECT_TRUE(ReplyAs<reply::Authorizations>(after)->entries[1].calls_disabled);
}

TEST(Contacts, NumbersAreForThoseWhoKnowThem) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  const auto view = [&world](const Phone& viewer, const Phone& of) {
    const Effects effects = world.Send(viewer, cmd::GetUsers{{of.query()}});
    return ReplyAs<reply::Users>(effects)->users.at(0);
  };
  EXPECT_EQ(view(a, b).phone, "");
  const Effects imported = world.Send(
      a, cmd::ImportContacts{{{7, "+999 66 00002", "Bob", "B"}, {8, "9996609999", "X", ""}}});
  const auto* reply = ReplyAs<reply::ImportedContacts>(imported);
  ASSERT_EQ(reply->imported.size(), 1u);
  EXPECT_EQ(reply->imported[0].client_id, 7);
  EXPECT_EQ(reply->users.at(0).first_name, "Bob");
  EXPECT_EQ(view(a, b).phone, "9996600002");
  EXPECT_TRUE(view(a, b).contact);
  EXPECT_FALSE(view(a, b).mutual_contact);
  EXPECT_EQ(view(b, a).phone, "");
  world.Send(b, cmd::AddContact{a.query(), "Al", "", ""});
  EXPECT_TRUE(view(a, b).mutual_contact);
  EXPECT_EQ(RefusalIn(world.Send(a, cmd::AddContact{a.query(), "Me", "", ""})),
            Refusal::kContactIdInvalid);
  const Effects contacts = world.Send(a, cmd::GetContacts{});
  EXPECT_EQ(ReplyAs<reply::Users>(contacts)->users.size(), 1u);
  world.Send(a, cmd::DeleteContacts{{b.query()}});
  EXPECT_EQ(view(a, b).phone, "");
  EXPECT_EQ(view(a, b).first_name, "User 0002");
}

TEST(Contacts, ResolvePhone) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Effects found = world.Send(a, cmd::ResolvePhone{"+9996600001"});
  EXPECT_EQ(ReplyAs<reply::Users>(found)->users.at(0).id, a.user);
  EXPECT_EQ(RefusalIn(world.Send(a, cmd::ResolvePhone{"9996600009"})), Refusal::kPhoneNotOccupied);
}

TEST(Contacts, BlockedCallersAreRefused) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b1 = world.SignedIn("9996600002");
  const Phone b2 = world.SignedIn("9996600002");
  const Effects blocked = world.Send(b1, cmd::Block{a.query(), true});
  EXPECT_TRUE(UpdatesTo(blocked, b1).empty());
  ASSERT_EQ(UpdatesTo(blocked, b2).size(), 1u);
  EXPECT_EQ(UpdatesTo(blocked, b2)[0].kind, Update::Kind::kPeerBlocked);
  EXPECT_TRUE(UpdatesTo(blocked, b2)[0].flag);
  EXPECT_EQ(RefusalIn(world.Send(a, world.Request(b1))), Refusal::kUserIsBlocked);
  EXPECT_EQ(RefusalIn(world.Send(b1, world.Request(a))), Refusal::kNone);
  EXPECT_EQ(ReplyAs<reply::Users>(world.Send(b1, cmd::GetBlocked{}))->users.size(), 1u);
  EXPECT_TRUE(ReplyAs<reply::FullUser>(world.Send(b1, cmd::GetFullUser{a.query()}))->full.blocked);
  world.Send(b1, cmd::Block{a.query(), false});
  EXPECT_TRUE(CallTo(world.Send(a, world.Request(b1)), a));  // glare now: busy
}

TEST(Privacy, RulesInOrder) {
  using PrivacyKind = PrivacyRule::Kind;
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b1 = world.SignedIn("9996600002");
  const Phone b2 = world.SignedIn("9996600002");
  const auto set = [&](std::vector<cmd::SetPrivacy::Rule> rules) {
    return world.Send(b1, cmd::SetPrivacy{PrivacyKey::kPhoneCall, std::move(rules)});
  };
  const auto refused = [&] {
    const Effects effects = world.Send(a, cmd::GetFullUser{b1.query()});
    return ReplyAs<reply::FullUser>(effects)->full.phone_calls_private;
  };
  EXPECT_FALSE(refused());
  const Effects pushed = set({{PrivacyKind::kDisallowAll, {}}});
  EXPECT_EQ(UpdatesTo(pushed, b2).at(0).kind, Update::Kind::kPrivacy);
  EXPECT_TRUE(UpdatesTo(pushed, b1).empty());
  EXPECT_TRUE(refused());
  EXPECT_EQ(RefusalIn(world.Send(a, world.Request(b1))), Refusal::kUserPrivacyRestricted);
  set({{PrivacyKind::kDisallowAll, {}}, {PrivacyKind::kAllowUsers, {a.query()}}});
  EXPECT_FALSE(refused());
  set({{PrivacyKind::kAllowUsers, {a.query()}}, {PrivacyKind::kDisallowUsers, {a.query()}}});
  EXPECT_TRUE(refused());
  set({{PrivacyKind::kAllowContacts, {}}, {PrivacyKind::kDisallowAll, {}}});
  EXPECT_TRUE(refused());
  world.Send(b1, cmd::AddContact{a.query(), "Al", "", ""});
  EXPECT_FALSE(refused());
  set({{PrivacyKind::kDisallowContacts, {}}, {PrivacyKind::kAllowAll, {}}});
  EXPECT_TRUE(refused());
  EXPECT_EQ(RefusalIn(set({})), Refusal::kPrivacyValueInvalid);
  EXPECT_EQ(RefusalIn(set({{PrivacyKind::kAllowUsers, {{false, UserId(5), AccessHash(5)}}}})),
            Refusal::kPrivacyValueInvalid);
  EXPECT_EQ(RefusalIn(set(std::vector<cmd::SetPrivacy::Rule>(21, {PrivacyKind::kAllowAll, {}}))),
            Refusal::kPrivacyTooLong);
  const Effects rules = world.Send(b2, cmd::GetPrivacy{PrivacyKey::kPhoneCall});
  EXPECT_EQ(ReplyAs<reply::Privacy>(rules)->rules.size(), 2u);
}

TEST(Privacy, DirectConnectionsNeedBothSides) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  world.Send(b, cmd::SetPrivacy{PrivacyKey::kPhoneP2p, {{PrivacyRule::Kind::kDisallowAll, {}}}});
  const Dialled call = Dial(world, a, b);
  Accept(world, b, call);
  const Effects confirm = Confirm(world, a, call);
  const CallView view = ReplyAs<reply::Call>(confirm)->call;
  EXPECT_FALSE(view.p2p_allowed);
  ASSERT_EQ(view.connections.size(), 2u);  // no STUN-only entry
  EXPECT_TRUE(view.connections[1].turn);
}

TEST(Boxes, DifferenceInSlices) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  for (int i = 0; i < 150; ++i) Discard(world, a, Dial(world, a, b).caller);
  EXPECT_EQ(ReplyAs<reply::State>(world.Send(b, cmd::GetState{}))->pts, 151);
  std::set<std::int32_t> ids;
  std::int32_t pts = 1;
  for (const auto kind : {reply::Difference::Kind::kSlice, reply::Difference::Kind::kFull,
                          reply::Difference::Kind::kEmpty}) {
    const Effects effects = world.Send(b, cmd::GetDifference{pts});
    const auto* difference = ReplyAs<reply::Difference>(effects);
    EXPECT_EQ(difference->kind, kind);
    for (const MessageView& message : difference->messages) ids.insert(message.id);
    pts = difference->state.pts;
  }
  EXPECT_EQ(pts, 151);
  EXPECT_EQ(ids.size(), 150u);
  EXPECT_EQ(RefusalIn(world.Send(b, cmd::GetDifference{0})), Refusal::kPersistentTimestampInvalid);
  const Effects ahead = world.Send(b, cmd::GetDifference{152});
  EXPECT_EQ(ReplyAs<reply::Difference>(ahead)->kind, reply::Difference::Kind::kTooLong);
  EXPECT_EQ(RefusalIn(world.Send(b, cmd::GetDifference{-2147483647})),
            Refusal::kPersistentTimestampInvalid);
}

TEST(Boxes, OldMessagesGive) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  for (int i = 0; i < 1001; ++i) Discard(world, a, Dial(world, a, b).caller);
  const auto kind = [&](std::int32_t pts) {
    return ReplyAs<reply::Difference>(world.Send(b, cmd::GetDifference{pts}))->kind;
  };
  EXPECT_EQ(kind(1), reply::Difference::Kind::kTooLong);
  EXPECT_EQ(kind(2), reply::Difference::Kind::kSlice);
  EXPECT_EQ(kind(2'147'483'647), reply::Difference::Kind::kTooLong);
}

TEST(Boxes, History) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  const Phone c = world.SignedIn("9996600003");
  for (int i = 0; i < 3; ++i) Discard(world, a, Dial(world, a, b).caller);
  Discard(world, a, Dial(world, a, c).caller);
  const Effects all = world.Send(a, cmd::GetHistory{b.query(), 0, 50});
  const auto* history = ReplyAs<reply::History>(all);
  EXPECT_EQ(history->total, 3);
  ASSERT_EQ(history->messages.size(), 3u);
  EXPECT_GT(history->messages[0].id, history->messages[2].id);
  const Effects older = world.Send(a, cmd::GetHistory{b.query(), 2, 50});
  EXPECT_EQ(ReplyAs<reply::History>(older)->messages.size(), 1u);
  EXPECT_EQ(ReplyAs<reply::History>(world.Send(a, cmd::GetHistory{b.query(), 0, -1}))->total, 3);
  EXPECT_EQ(RefusalIn(world.Send(a, cmd::GetHistory{{false, UserId(1), {}}, 0, 5})),
            Refusal::kPeerIdInvalid);
}

}  // namespace
}  // namespace trunkline::book

#include <algorithm>

#include "tests/server/rpc/views.h"
#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

using Kind = book::CallView::Kind;

class Updates : public testing::TestWithParam<int> {
 protected:
  Updates() {
    world_.SignedIn(GetParam());
    world_.Send(Wire(fn::help::GetConfig()));
  }
  Bytes Pushed(const book::UpdateBatch& batch) {
    const Outputs outputs = world_.Push(batch);
    const auto pushes = All<PushUpdates>(outputs);
    EXPECT_EQ(pushes.size(), 1u);
    return pushes.empty() ? Bytes() : pushes[0]->updates;
  }
  World world_;
};

INSTANTIATE_TEST_SUITE_P(Layers, Updates,
                         testing::Values(133, 140, 142, 160, 161, 176, 177, 195, 196, 198, 201, 202,
                                         229));

TEST_P(Updates, ARing) {
  book::UpdateBatch batch;
  batch.users = {Person(1), Person(2)};
  batch.updates.resize(1);
  batch.updates[0].call = View(Kind::kRequested);
  batch.date = 5;
  const Parsed<api::AnyUpdates> parsed(Pushed(batch));
  ASSERT_TRUE(parsed.ok());
  const auto& updates = *parsed->As<api::Updates>();
  EXPECT_EQ(updates.seq, 0);
  EXPECT_EQ(updates.date, 5);
  EXPECT_EQ(updates.users.size(), 2u);
  const auto& call = *updates.updates[0].As<api::UpdatePhoneCall>();
  EXPECT_EQ(call.phone_call.As<api::PhoneCallRequested>()->g_a_hash.size(), 32u);
}

TEST_P(Updates, LoneSignallingIsShort) {
  book::UpdateBatch batch;
  batch.updates.resize(1);
  batch.updates[0].kind = book::Update::Kind::kSignalling;
  batch.updates[0].call_id = CallId(55);
  batch.updates[0].data = Bytes(300, 9);
  const Parsed<api::AnyUpdates> parsed(Pushed(batch));
  ASSERT_TRUE(parsed.ok());
  const auto& update =
      *parsed->As<api::UpdateShort>()->update.As<api::UpdatePhoneCallSignalingData>();
  EXPECT_EQ(update.phone_call_id, 55);
  EXPECT_EQ(AsBytes(update.data).size(), 300u);
  batch.updates.push_back(batch.updates[0]);
  EXPECT_EQ(IdOf(Pushed(batch)), api::Updates::kId);
}

TEST_P(Updates, TooLongStandsAlone) {
  book::UpdateBatch batch;
  batch.updates.resize(2);
  batch.updates[1].kind = book::Update::Kind::kTooLong;
  EXPECT_EQ(Pushed(batch), Bytes({0x7e, 0xaf, 0x17, 0xe3}));
}

TEST_P(Updates, ADeletedMessage) {
  book::UpdateBatch batch;
  batch.updates.resize(1);
  batch.updates[0].kind = book::Update::Kind::kDeleteMessage;
  batch.updates[0].message.id = 7;
  batch.updates[0].pts = 12;
  const Bytes pushed = Pushed(batch);
  const Parsed<api::AnyUpdates> parsed(pushed);
  ASSERT_TRUE(parsed.ok());
  const auto& updates = *parsed->As<api::Updates>();
  ASSERT_EQ(updates.updates.size(), 1u);
  const auto& deleted = *updates.updates[0].As<api::UpdateDeleteMessages>();
  ASSERT_EQ(deleted.messages.size(), 1u);
  EXPECT_EQ(deleted.messages[0], 7);
  EXPECT_EQ(deleted.pts, 12);
  EXPECT_EQ(deleted.pts_count, 1);
}

TEST_P(Updates, PrivacyBlockedAndStatus) {
  book::UpdateBatch batch;
  batch.updates.resize(3);
  batch.updates[0].kind = book::Update::Kind::kPrivacy;
  batch.updates[0].privacy_key = book::PrivacyKey::kPhoneP2p;
  batch.updates[0].rules = {{book::PrivacyRule::Kind::kDisallowUsers, {UserId(3)}},
                            {book::PrivacyRule::Kind::kAllowContacts, {}}};
  batch.updates[1].kind = book::Update::Kind::kPeerBlocked;
  batch.updates[1].user = UserId(4);
  batch.updates[1].flag = true;
  batch.updates[2].kind = book::Update::Kind::kUserStatus;
  batch.updates[2].user = UserId(5);
  batch.updates[2].online_until = 99;
  const Bytes pushed = Pushed(batch);
  const Parsed<api::AnyUpdates> parsed(pushed);
  ASSERT_TRUE(parsed.ok());
  const auto& updates = *parsed->As<api::Updates>();
  const auto& privacy = *updates.updates[0].As<api::UpdatePrivacy>();
  EXPECT_EQ(privacy.key.id(), api::PrivacyKeyPhoneP2P::kId);
  EXPECT_EQ(privacy.rules[0].As<api::PrivacyValueDisallowUsers>()->users[0], 3);
  EXPECT_EQ(privacy.rules[1].id(), api::PrivacyValueAllowContacts::kId);
  const auto& blocked = *updates.updates[1].As<api::UpdatePeerBlocked>();
  EXPECT_EQ(blocked.peer_id.As<api::PeerUser>()->user_id, 4);
  // updatePeerBlocked#246a4b22 peer_id:Peer blocked:Bool until layer 160; its Bool is not read into
  // the newest form, so look at the bytes: peerUser#59511722, 4, boolTrue.
  if (GetParam() < 161) {
    const Bytes old{0x22, 0x17, 0x51, 0x59, 4, 0, 0, 0, 0, 0, 0, 0, 0xb5, 0x75, 0x72, 0x99};
    EXPECT_NE(std::search(pushed.begin(), pushed.end(), old.begin(), old.end()), pushed.end());
  } else {
    EXPECT_TRUE(blocked.blocked());
  }
  const auto& status = *updates.updates[2].As<api::UpdateUserStatus>();
  EXPECT_EQ(status.status.As<api::UserStatusOnline>()->expires, 99);
}

}  // namespace
}  // namespace trunkline::rpc

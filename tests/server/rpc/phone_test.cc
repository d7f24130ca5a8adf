#include "common/crypto/dh.h"
#include "tests/server/rpc/views.h"
#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;
using Kind = book::CallView::Kind;

class Phone : public testing::TestWithParam<int> {
 protected:
  Phone() {
    world_.SignedIn(GetParam());
    peer_.id = 55;
    peer_.access_hash = 66;
    protocol_.set_udp_p2p(true);
    protocol_.min_layer = 65;
    protocol_.max_layer = 92;
    protocol_.library_versions = versions_;
  }
  template <class M>
  Outputs Send(const M& method) {
    return world_.CallAt(method, GetParam());
  }
  template <class C, class M>
  const C* Asked(const M& method) {
    outputs_ = Send(method);
    const auto found = Commands<C>(outputs_);
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? nullptr : found[0];
  }

  World world_;
  Outputs outputs_;
  std::vector<std::string_view> versions_{"9.0.0", "11.0.0"};
  api::InputPhoneCall peer_;
  api::PhoneCallProtocol protocol_;
  std::string g_ = std::string(255, '\x07');
};

INSTANTIATE_TEST_SUITE_P(Layers, Phone, testing::Values(133, 158, 198, 229));

TEST_P(Phone, RequestCall) {
  api::InputUser user;
  user.user_id = 2;
  user.access_hash = 20;
  fn::phone::RequestCall request;
  request.set_video(true);
  request.user_id = &user;
  request.random_id = -3;
  request.g_a_hash = g_;
  request.protocol = &protocol_;
  const auto* const asked = Asked<cmd::RequestCall>(request);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->user.id, UserId(2));
  EXPECT_EQ(asked->user.access_hash, AccessHash(20));
  EXPECT_TRUE(asked->video);
  EXPECT_EQ(asked->random_id, -3);
  EXPECT_EQ(asked->g_a_hash, Bytes(255, 7));
  EXPECT_TRUE(asked->protocol.udp_p2p && !asked->protocol.udp_reflector);
  EXPECT_EQ(asked->protocol.library_versions, (std::vector<std::string>{"9.0.0", "11.0.0"}));
  const api::InputUserEmpty nobody;
  request.user_id = &nobody;
  EXPECT_EQ(ErrorIn(Send(request)), "400 USER_ID_INVALID");
}

TEST_P(Phone, VersionsAreBounded) {
  fn::phone::AcceptCall accept;
  accept.peer = &peer_;
  accept.protocol = &protocol_;
  versions_.assign(33, "1.0.0");
  protocol_.library_versions = versions_;
  const auto refused_by_book = [&] {
    const book::Protocol& asked = Asked<cmd::AcceptCall>(accept)->protocol;
    return asked.min_layer > asked.max_layer && asked.library_versions.empty();
  };
  EXPECT_TRUE(refused_by_book());
  for (const std::string& bad : {std::string(33, '1'), std::string("a\xff"), std::string()}) {
    versions_.assign(1, bad);
    protocol_.library_versions = versions_;
    EXPECT_TRUE(refused_by_book());
  }
}

TEST_P(Phone, AcceptConfirmReceived) {
  fn::phone::AcceptCall accept;
  accept.peer = &peer_;
  accept.g_b = g_;
  accept.protocol = &protocol_;
  const auto* const accepted = Asked<cmd::AcceptCall>(accept);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->peer.id, CallId(55));
  EXPECT_EQ(accepted->peer.access_hash, AccessHash(66));
  EXPECT_EQ(accepted->g_b, Bytes(255, 7));

  fn::phone::ConfirmCall confirm;
  confirm.peer = &peer_;
  confirm.g_a = g_;
  confirm.key_fingerprint = -9;
  confirm.protocol = &protocol_;
  const auto* const confirmed = Asked<cmd::ConfirmCall>(confirm);
  ASSERT_NE(confirmed, nullptr);
  EXPECT_EQ(confirmed->key_fingerprint, -9);
  EXPECT_EQ(confirmed->g_a, Bytes(255, 7));

  fn::phone::ReceivedCall received;
  received.peer = &peer_;
  ASSERT_NE(Asked<cmd::ReceivedCall>(received), nullptr);
  EXPECT_EQ(AnswerIn(world_.Reply(world_.last(), book::reply::Done{})),
            Bytes({0xb5, 0x75, 0x72, 0x99}));
}

TEST_P(Phone, DiscardCall) {
  const api::PhoneCallDiscardReasonBusy busy;
  fn::phone::DiscardCall discard;
  discard.peer = &peer_;
  discard.duration = 31;
  discard.reason = &busy;
  discard.connection_id = 4;
  const auto* const asked = Asked<cmd::DiscardCall>(discard);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->reason, call::Reason::kBusy);
  EXPECT_EQ(asked->duration, 31);
  EXPECT_EQ(asked->connection_id, 4);

  book::UpdateBatch batch;
  batch.date = 1'700'000'050;
  batch.users = {Person(1), Person(2)};
  book::Update ended;
  ended.call = View(Kind::kDiscarded);
  book::Update message;
  message.kind = book::Update::Kind::kNewMessage;
  message.pts = 9;
  message.message.id = 8;
  message.message.out = true;
  message.message.from_id = UserId(1);
  message.message.peer_id = UserId(2);
  message.message.call_id = CallId(55);
  message.message.reason = call::Reason::kMissed;
  batch.updates = {ended, message};
  const Bytes result = AnswerIn(world_.Reply(world_.last(), batch));
  EXPECT_EQ(IdOf(result), 0x74ae4240u);
  const Parsed<api::AnyUpdates> parsed(result);
  ASSERT_TRUE(parsed.ok());
  const auto& updates = *parsed->As<api::Updates>();
  EXPECT_EQ(updates.seq, 0);
  EXPECT_EQ(updates.users.size(), 2u);
  ASSERT_EQ(updates.updates.size(), 2u);
  const auto& added = *updates.updates[1].As<api::UpdateNewMessage>();
  EXPECT_EQ(added.pts, 9);
  EXPECT_EQ(added.pts_count, 1);
  const auto& service = *added.message.As<api::MessageService>();
  EXPECT_TRUE(service.out());
  EXPECT_EQ(service.from_id().As<api::PeerUser>()->user_id, 1);
  EXPECT_EQ(service.peer_id.As<api::PeerUser>()->user_id, 2);
  const auto& action = *service.action.As<api::MessageActionPhoneCall>();
  EXPECT_EQ(action.call_id, 55);
  EXPECT_EQ(action.reason().id(), api::PhoneCallDiscardReasonMissed::kId);
  EXPECT_FALSE(action.has_duration());
}

TEST_P(Phone, SignallingIsVerbatim) {
  fn::phone::SendSignalingData send;
  send.peer = &peer_;
  const std::string most(64 * 1024, '\0');
  send.data = most;
  const auto* const asked = Asked<cmd::SendSignalling>(send);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->data.size(), most.size());
  const std::string more = most + "x";
  send.data = more;
  EXPECT_EQ(Asked<cmd::SendSignalling>(send)->data.size(), more.size());  // for the book to refuse
}

TEST_P(Phone, RatingDebugAndLog) {
  fn::phone::SetCallRating rating;
  rating.peer = &peer_;
  rating.rating = 77;
  rating.comment = "bad\x02 #echo";
  const auto* const rated = Asked<cmd::SetCallRating>(rating);
  ASSERT_NE(rated, nullptr);
  EXPECT_EQ(rated->rating, 77);
  EXPECT_EQ(rated->comment, "bad #echo");
  const Parsed<api::AnyUpdates> empty(AnswerIn(world_.Reply(world_.last(), book::UpdateBatch{})));
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->As<api::Updates>()->updates.empty());

  api::DataJSON json;
  fn::phone::SaveCallDebug debug;
  debug.peer = &peer_;
  debug.debug = &json;
  json.data = R"({"a":[1,2.5e3,"\u00e9"],"b":null})";
  const auto* const saved = Asked<cmd::SaveCallDebug>(debug);
  ASSERT_NE(saved, nullptr);
  EXPECT_EQ(saved->json, json.data);
  json.data = "{";
  EXPECT_FALSE(Asked<cmd::SaveCallDebug>(debug)->valid);
  const std::string large = '"' + std::string(64 * 1024, 'x') + '"';
  json.data = large;
  EXPECT_TRUE(Asked<cmd::SaveCallDebug>(debug)->valid);  // too large to be looked at
}

TEST_P(Phone, DhConfig) {
  fn::messages::GetDhConfig get;
  for (const std::int32_t length : {0, 1, 256, 1024}) {
    get.random_length = length;
    get.version = 0;
    const Parsed<api::messages::AnyDhConfig> full(AnswerIn(Send(get)));
    ASSERT_TRUE(full.ok());
    const auto& config = *full->As<api::messages::DhConfig>();
    EXPECT_EQ(config.g, 3);
    EXPECT_EQ(config.p, AsText(crypto::DhPrime()));
    EXPECT_EQ(config.random.size(), static_cast<std::size_t>(length));
    get.version = config.version;
    const Parsed<api::messages::AnyDhConfig> same(AnswerIn(Send(get)));
    ASSERT_TRUE(same.ok());
    EXPECT_EQ(same->As<api::messages::DhConfigNotModified>()->random.size(),
              static_cast<std::size_t>(length));
  }
  for (const std::int32_t length : {-1, 1025}) {
    get.random_length = length;
    EXPECT_EQ(ErrorIn(Send(get)), "400 RANDOM_LENGTH_INVALID");
  }
}

TEST_P(Phone, CallConfig) {
  const Parsed<api::AnyDataJSON> parsed(AnswerIn(Send(fn::phone::GetCallConfig())));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->As<api::DataJSON>()->data, "{}");
}

// The id of layers 196 to 201 is understood in a session of any layer.
TEST(PhoneIds, RequestsAreReadByIdNotByLayer) {
  World world;
  world.SignedIn(229);
  fn::phone::RequestCall request;
  api::InputUserSelf self;
  api::PhoneCallProtocol protocol;
  request.user_id = &self;
  request.protocol = &protocol;
  const Bytes body = Wire(request, 198);
  EXPECT_EQ(IdOf(body), 0xa6c4600cu);
  EXPECT_EQ(Commands<cmd::RequestCall>(world.Send(body)).size(), 1u);
}

}  // namespace
}  // namespace trunkline::rpc

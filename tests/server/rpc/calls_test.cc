#include <map>

#include "tests/server/rpc/views.h"
#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

namespace cmd = book::cmd;
using Kind = book::CallView::Kind;

constexpr int kCallLayers[] = {133, 140, 142, 176, 177, 195, 196, 198, 201, 202, 229};

// The answer to phone.requestCall in a session of `layer`.
Bytes CallResult(const book::CallView& view, int layer) {
  World world;
  world.SignedIn(layer);
  fn::phone::RequestCall request;
  api::InputUser user;
  api::PhoneCallProtocol protocol;
  request.user_id = &user;
  request.protocol = &protocol;
  const Outputs asked = world.CallAt(request, layer);
  EXPECT_EQ(Commands<cmd::RequestCall>(asked).size(), 1u);
  return AnswerIn(world.Reply(world.last(), book::reply::Call{view, {Person(1), Person(2)}}));
}

// phone.phoneCall#ec82e140 phone_call:PhoneCall users:Vector<User>
std::uint32_t CallId32(int layer, Kind kind) {
  const Bytes result = CallResult(View(kind), layer);
  EXPECT_EQ(IdOf(result), 0xec82e140u);
  return IdOf(ByteView(result).subspan(4));
}

struct Ids {
  Kind kind;
  std::uint32_t from_133, from_177, from_196, from_202;
};

TEST(CallConstructors, IdsByLayer) {
  constexpr Ids kIds[] = {
      {Kind::kWaiting, 0xc5226f17, 0xc5226f17, 0xeed42858, 0xc5226f17},
      {Kind::kRequested, 0x14b0ed0c, 0x14b0ed0c, 0x45361c63, 0x14b0ed0c},
      {Kind::kAccepted, 0x3660c311, 0x3660c311, 0x22fd7181, 0x3660c311},
      {Kind::kActive, 0x967f7c67, 0x30535af5, 0x3ba5940c, 0x30535af5},
      {Kind::kDiscarded, 0x50ca4de1, 0x50ca4de1, 0xf9d25503, 0x50ca4de1},
  };
  for (const Ids& ids : kIds) {
    for (const int layer : kCallLayers) {
      const std::uint32_t id = layer < 177   ? ids.from_133
                               : layer < 196 ? ids.from_177
                               : layer < 202 ? ids.from_196
                                             : ids.from_202;
      EXPECT_EQ(CallId32(layer, ids.kind), id) << layer;
    }
  }
}

TEST(CallConstructors, ReadBackAtEveryLayer) {
  for (const int layer : kCallLayers) {
    const Parsed<api::phone::AnyPhoneCall> parsed(CallResult(View(Kind::kActive), layer));
    ASSERT_TRUE(parsed.ok()) << layer;
    const auto& wire = *parsed->As<api::phone::PhoneCall>();
    ASSERT_EQ(wire.users.size(), 2u);
    EXPECT_EQ(wire.users[1].As<api::User>()->access_hash(), 20);
    const auto& call = *wire.phone_call.As<api::PhoneCall>();
    EXPECT_TRUE(call.video() && call.p2p_allowed() && !call.conference_supported());
    EXPECT_EQ(call.id, 55);
    EXPECT_EQ(call.access_hash, 66);
    EXPECT_EQ(call.admin_id, 1);
    EXPECT_EQ(call.participant_id, 2);
    EXPECT_EQ(AsBytes(call.g_a_or_b).size(), 255u);
    EXPECT_EQ(call.key_fingerprint, -7);
    EXPECT_EQ(call.start_date, 1'700'000'009);
    EXPECT_FALSE(call.custom_parameters());
    const auto& protocol = *call.protocol.As<api::PhoneCallProtocol>();
    ASSERT_EQ(protocol.library_versions.size(), 2u);
    EXPECT_EQ(protocol.library_versions[0], "9.0.0");
    // TCP relays only for clients that can tell.
    const bool tcp = layer >= 142;
    ASSERT_EQ(call.connections.size(), tcp ? 3u : 2u) << layer;
    EXPECT_EQ(call.connections[0].As<api::PhoneConnection>()->peer_tag.size(), 16u);
    if (tcp) {
      EXPECT_TRUE(call.connections[1].As<api::PhoneConnection>()->tcp());
    }
    EXPECT_EQ(call.connections.back().As<api::PhoneConnectionWebrtc>()->username, "u");
  }
}

TEST(CallConstructors, WaitingAndItsReceiveDate) {
  book::CallView view = View(Kind::kWaiting);
  for (const bool received : {false, true}) {
    view.receive_date = received ? std::optional(5) : std::nullopt;
    const Parsed<api::phone::AnyPhoneCall> parsed(CallResult(view, 198));
    ASSERT_TRUE(parsed.ok());
    const auto& wire = *parsed->As<api::phone::PhoneCall>();
    const auto* const waiting = wire.phone_call.As<api::PhoneCallWaiting>();
    EXPECT_EQ(waiting->has_receive_date(), view.receive_date.has_value());
    EXPECT_EQ(waiting->receive_date(), view.receive_date.value_or(0));
  }
}

TEST(CallConstructors, ReasonsOfAnEndedCall) {
  const std::map<call::Reason, std::uint32_t> ids = {
      {call::Reason::kMissed, 0x85e42301},
      {call::Reason::kDisconnect, 0xe095c1a0},
      {call::Reason::kHangup, 0x57adc690},
      {call::Reason::kBusy, 0xfaf7e8c9},
      {call::Reason::kMigrateConferenceCall, 0x9fbbf1f7},
  };
  book::CallView view = View(Kind::kDiscarded);
  view.need_debug = true;
  for (const int layer : kCallLayers) {
    for (const auto& [reason, id] : ids) {
      view.reason = reason;
      const bool unknown = reason == call::Reason::kMigrateConferenceCall && layer < 202;
      const Parsed<api::phone::AnyPhoneCall> parsed(CallResult(view, layer));
      ASSERT_TRUE(parsed.ok());
      const auto& call =
          *parsed->As<api::phone::PhoneCall>()->phone_call.As<api::PhoneCallDiscarded>();
      EXPECT_EQ(call.reason().id(), unknown ? 0x57adc690 : id) << layer;
      EXPECT_EQ(call.duration(), 12);
      EXPECT_TRUE(call.need_debug() && call.video() && !call.need_rating());
    }
  }
}

}  // namespace
}  // namespace trunkline::rpc

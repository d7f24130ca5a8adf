// phone.requestCall: repeats, busy and glare, refusals; ratings and debug data after the call.

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using Kind = CallView::Kind;
using call::Reason;

class RequestTest : public testing::Test {
 protected:
  World world_;
  Phone a1_ = world_.SignedIn("9996600001");
  Phone a2_ = world_.SignedIn("9996600001");
  Phone b1_ = world_.SignedIn("9996600002");
  Phone b2_ = world_.SignedIn("9996600002");
  Phone c1_ = world_.SignedIn("9996600003");
};

TEST_F(RequestTest, SameRandomIdIsTheSameCall) {
  const cmd::RequestCall request = world_.Request(b1_);
  const Effects first = world_.Send(a1_, request);
  const Effects again = world_.Send(a1_, request);
  const CallId id = ReplyAs<reply::Call>(first)->call.id;
  EXPECT_EQ(ReplyAs<reply::Call>(again)->call.id, id);
  EXPECT_TRUE(UpdatesTo(again, b1_).empty());
  Discard(world_, a1_, {id, ReplyAs<reply::Call>(first)->call.access_hash});
  const Effects ended = world_.Send(a1_, request);
  EXPECT_EQ(ReplyAs<reply::Call>(ended)->call.kind, Kind::kWaiting);
  EXPECT_EQ(ReplyAs<reply::Call>(ended)->call.id, id);
  EXPECT_EQ(ReplyAs<reply::Call>(ended)->call.protocol, TestProtocol());
  EXPECT_EQ(CallTo(ended, a1_)->kind, Kind::kDiscarded);
  EXPECT_EQ(Count<fact::CallRequested>(world_.journal()), 1u);
}

TEST_F(RequestTest, IdsCountOnWithTheClockAndNeverFallBehindAnOlderCalls) {
  const auto next = [this] {
    const Dialled call = Dial(world_, a1_, b1_);
    Discard(world_, a1_, call.caller);
    return call.caller.id.value();
  };
  const std::int64_t first = next();
  const std::int64_t second = next();
  EXPECT_EQ(second, first + 1);  // the fixture's clock is before the count's beginning
  world_.Wait(std::chrono::hours(24 * 365 * 10));
  const std::int64_t later = next();
  EXPECT_GT(later, second + 1'000'000'000);
  world_.Wait(-std::chrono::hours(24));
  EXPECT_EQ(next(), later + 1);
  EXPECT_EQ(later >> 44, first >> 44);  // the slot stays
}

TEST_F(RequestTest, BusyCalleeRefusesTheThird) {
  Connect(world_, a1_, b1_);
  const Dialled third = Dial(world_, c1_, b1_);
  EXPECT_EQ(ReplyAs<reply::Call>(third.effects)->call.kind, Kind::kWaiting);
  EXPECT_EQ(CallTo(third.effects, c1_)->reason, Reason::kBusy);
  EXPECT_EQ(MessageIn(UpdatesTo(third.effects, c1_))->message.reason, Reason::kBusy);
  EXPECT_FALSE(CallTo(third.effects, b1_));
  EXPECT_TRUE(MessageIn(UpdatesTo(third.effects, b1_)));
  EXPECT_TRUE(MessageIn(UpdatesTo(third.effects, b2_)));
}

TEST_F(RequestTest, ReceivedIsBusyRequestedIsNot) {
  const Dialled first = Dial(world_, a1_, b1_);
  const Dialled second = Dial(world_, c1_, b1_);
  EXPECT_EQ(CallTo(second.effects, b1_)->kind, Kind::kRequested);
  Discard(world_, c1_, second.caller);
  world_.Send(b1_, cmd::ReceivedCall{first.callee});
  EXPECT_EQ(CallTo(Dial(world_, c1_, b1_).effects, c1_)->reason, Reason::kBusy);
}

TEST_F(RequestTest, CallerIsBusyOnceAccepted) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Dialled early = Dial(world_, c1_, a1_);
  EXPECT_EQ(CallTo(early.effects, a1_)->kind, Kind::kRequested);
  Discard(world_, c1_, early.caller);
  Accept(world_, b1_, call);
  EXPECT_EQ(CallTo(Dial(world_, c1_, a1_).effects, c1_)->reason, Reason::kBusy);
}

TEST_F(RequestTest, GlareEndsTheSecond) {
  const Dialled first = Dial(world_, a1_, b1_);
  const Dialled second = Dial(world_, b1_, a1_);
  EXPECT_EQ(ReplyAs<reply::Call>(second.effects)->call.kind, Kind::kWaiting);
  EXPECT_EQ(CallTo(second.effects, b1_)->reason, Reason::kBusy);
  EXPECT_FALSE(CallTo(second.effects, a1_));
  EXPECT_EQ(ReplyAs<reply::Call>(Accept(world_, b1_, first))->call.kind, Kind::kWaiting);
}

TEST_F(RequestTest, SecondOutgoingCallEndsTheOlder) {
  Dial(world_, a1_, b1_);
  const Dialled second = Dial(world_, a1_, c1_);
  EXPECT_EQ(CallTo(second.effects, b1_)->reason, Reason::kMissed);
  EXPECT_EQ(CallTo(second.effects, c1_)->kind, Kind::kRequested);
  Accept(world_, c1_, second);
  Confirm(world_, a1_, second);
  world_.Wait(std::chrono::seconds(4));
  const Dialled third = Dial(world_, a1_, b1_);
  EXPECT_EQ(CallTo(third.effects, c1_)->reason, Reason::kHangup);
  EXPECT_EQ(CallTo(third.effects, c1_)->duration, 4);
  EXPECT_EQ(CallTo(third.effects, b1_)->kind, Kind::kRequested);
}

TEST_F(RequestTest, RequestRefusals) {
  cmd::RequestCall request = world_.Request(b1_);
  const auto refusal = [this](cmd::RequestCall changed) {
    return RefusalIn(world_.Send(a1_, std::move(changed)));
  };
  request.user = {true, {}, {}};
  EXPECT_EQ(refusal(request), Refusal::kUserIdInvalid);
  request.user = a1_.query();
  EXPECT_EQ(refusal(request), Refusal::kUserIdInvalid);
  request.user = {false, b1_.user, AccessHash(4)};
  EXPECT_EQ(refusal(request), Refusal::kUserIdInvalid);
  request.user = b1_.query();
  request.g_a_hash.pop_back();
  EXPECT_EQ(refusal(request), Refusal::kGAHashInvalid);
  request.g_a_hash = HashOf(Ga());
  request.protocol.udp_p2p = request.protocol.udp_reflector = false;
  EXPECT_EQ(refusal(request), Refusal::kCallProtocolFlagsInvalid);
  request.protocol = TestProtocol();
  request.protocol.min_layer = 93;
  EXPECT_EQ(refusal(request), Refusal::kCallProtocolLayerInvalid);
  request.protocol = TestProtocol();
  request.protocol.max_layer = 64;
  EXPECT_EQ(refusal(request), Refusal::kCallProtocolLayerInvalid);
  EXPECT_EQ(Count<fact::CallRequested>(world_.journal()), 0u);
  EXPECT_EQ(Count<fact::CallEnded>(world_.journal()), 0u);
}

TEST_F(RequestTest, DisabledDeviceDoesNotRing) {
  world_.Send(b2_, cmd::ChangeAuthorizationSettings{0, true, true});
  const Dialled call = Dial(world_, a1_, b1_);
  EXPECT_TRUE(CallTo(call.effects, b1_));
  EXPECT_TRUE(UpdatesTo(call.effects, b2_).empty());
}

TEST_F(RequestTest, RatingIsClampedAndNeedsTheEnd) {
  const Dialled call = Connect(world_, a1_, b1_);
  const cmd::SetCallRating rating{call.caller, true, 9, "ok #echo"};
  EXPECT_EQ(RefusalIn(world_.Send(a1_, rating)), Refusal::kCallPeerInvalid);
  Discard(world_, a1_, call.caller);
  const Effects rated = world_.Send(a1_, rating);
  EXPECT_TRUE(ReplyAs<UpdateBatch>(rated)->updates.empty());
  const auto& fact = std::get<fact::CallRated>(world_.journal().back().body);
  EXPECT_EQ(fact.rating, 5);
  EXPECT_EQ(fact.by, a1_.user);
  EXPECT_EQ(RefusalIn(world_.Send(c1_, rating)), Refusal::kCallPeerInvalid);
}

TEST_F(RequestTest, DebugIsBounded) {
  const Dialled call = Connect(world_, a1_, b1_);
  const std::string huge(64 * 1024 + 1, 'x');
  EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SaveCallDebug{call.caller, huge})),
            Refusal::kDataTooLong);
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(
        ReplyAs<reply::Done>(world_.Send(a1_, cmd::SaveCallDebug{call.caller, "{}"}))->flag);
  }
  EXPECT_EQ(Count<fact::CallDebugSaved>(world_.journal()), 4u);
}

}  // namespace
}  // namespace trunkline::book

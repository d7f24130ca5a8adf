// Several devices of one user, and requests that come too late, twice or from strangers.

#include "tests/e2e/fixture.h"
#include "tests/e2e/live_call.h"

namespace trunkline::e2e {
namespace {

class DevicesTest : public WithServer {
 protected:
  DevicesTest() : pair_(NewPair()), call_(pair_.a.get(), pair_.b.get(), pair_.b_for_a, &entropy_) {}

  Pair pair_;
  LiveCall call_;
};

TEST_F(DevicesTest, GarbagePeerIsInvalid) {
  const api::InputPhoneCall garbage{.id = 0x123456789, .access_hash = 42};
  const api::PhoneCallDiscardReasonHangup reason;
  EXPECT_EQ(pair_.a->Ask(fn::phone::DiscardCall{.peer = &garbage, .reason = &reason}).Text(),
            "400 CALL_PEER_INVALID");
  EXPECT_EQ(pair_.a->Ask(fn::phone::ReceivedCall{.peer = &garbage}).Text(),
            "400 CALL_PEER_INVALID");
  ASSERT_TRUE(call_.Request());
  api::InputPhoneCall wrong_hash = call_.PeerFor(*pair_.a);
  wrong_hash.access_hash ^= 1;
  EXPECT_EQ(pair_.a->Ask(fn::phone::DiscardCall{.peer = &wrong_hash, .reason = &reason}).Text(),
            "400 CALL_PEER_INVALID");
  EXPECT_TRUE(call_.TellsEnd(*pair_.a, call_.AskDiscard(*pair_.a)));
}

TEST_F(DevicesTest, TwoDevicesRingAndTheLateOneCannotHarm) {
  const auto b2 = SignedIn(pair_.b_number);
  ASSERT_TRUE(b2->Ask(fn::updates::GetState{}).ok());
  ASSERT_TRUE(call_.Request());
  ASSERT_TRUE(call_.Ring(*b2)) << "the second device rings";
  ASSERT_TRUE(call_.Ring(*pair_.b)) << "the first device rings";
  ASSERT_TRUE(call_.Receive());
  ASSERT_TRUE(call_.Accept());
  EXPECT_NE(b2->AwaitCall<api::PhoneCallDiscarded>(), nullptr) << "the other device stops ringing";

  EXPECT_EQ(call_.AskDiscard(*b2).Text(), "400 CALL_ALREADY_ACCEPTED");
  ASSERT_TRUE(call_.Confirm()) << "the call goes on";
  EXPECT_EQ(call_.AskDiscard(*b2).Text(), "400 CALL_ALREADY_ACCEPTED");
  EXPECT_TRUE(call_.SignalsFlow());
  EXPECT_FALSE(pair_.a->HasCall<api::PhoneCallDiscarded>());
  EXPECT_FALSE(pair_.b->HasCall<api::PhoneCallDiscarded>());
  EXPECT_TRUE(call_.TellsEnd(*pair_.a, call_.AskDiscard(*pair_.a, 3)));
  EXPECT_NE(pair_.b->AwaitCall<api::PhoneCallDiscarded>(), nullptr);
}

TEST_F(DevicesTest, SecondAcceptIsTooLate) {
  const auto b2 = SignedIn(pair_.b_number);
  ASSERT_TRUE(b2->Ask(fn::updates::GetState{}).ok());
  ASSERT_TRUE(call_.UpToRinging());
  ASSERT_TRUE(call_.Ring(*b2));
  ASSERT_TRUE(call_.Accept());
  const load::Reply late = call_.AskAccept(*b2);
  EXPECT_EQ(late.Text(), "400 CALL_ALREADY_ACCEPTED");
  EXPECT_EQ(call_.AskAccept(*pair_.b).Text(), "400 CALL_ALREADY_ACCEPTED");
  EXPECT_TRUE(call_.TellsEnd(*pair_.b, call_.AskDiscard(*pair_.b)));
}

TEST_F(DevicesTest, OneDeviceDeclinesForAll) {
  const auto b2 = SignedIn(pair_.b_number);
  ASSERT_TRUE(b2->Ask(fn::updates::GetState{}).ok());
  ASSERT_TRUE(call_.UpToRinging());
  ASSERT_TRUE(call_.Ring(*b2));
  EXPECT_TRUE(call_.TellsEnd(*b2, call_.AskDiscard(*b2)));
  const auto* end = pair_.a->AwaitCall<api::PhoneCallDiscarded>();
  ASSERT_NE(end, nullptr);
  EXPECT_NE(end->reason().As<api::PhoneCallDiscardReasonBusy>(), nullptr);
  const auto* other = pair_.b->AwaitCall<api::PhoneCallDiscarded>();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->reason().As<api::PhoneCallDiscardReasonBusy>(), nullptr) << "no busy tone there";
}

TEST_F(DevicesTest, DiscardTwiceTellsTheSame) {
  ASSERT_TRUE(call_.Establish());
  const load::Reply first = call_.AskDiscard(*pair_.a, 7);
  ASSERT_TRUE(call_.TellsEnd(*pair_.a, first));
  const load::Reply second = call_.AskDiscard(*pair_.a, 99);
  ASSERT_TRUE(call_.TellsEnd(*pair_.a, second));
  const auto one = pair_.a->Result<fn::phone::DiscardCall>(first)->As<api::Updates>();
  const auto two = pair_.a->Result<fn::phone::DiscardCall>(second)->As<api::Updates>();
  ASSERT_EQ(one->updates.size(), two->updates.size());
  for (std::size_t i = 0; i < one->updates.size(); ++i) {
    Bytes a, b;
    tl::AppendTo(a, one->updates[i], 198);
    tl::AppendTo(b, two->updates[i], 198);
    EXPECT_EQ(ToHex(a), ToHex(b)) << "update " << i;
  }
  // The other side's discard crosses on the wire: it gets the same end, with the first duration.
  const load::Reply crossing = call_.AskDiscard(*pair_.b, 50);
  EXPECT_TRUE(call_.TellsEnd(*pair_.b, crossing));
  EXPECT_EQ(call_.AskAccept(*pair_.b).Text(), "400 CALL_ALREADY_DECLINED");
}

TEST_F(DevicesTest, CallersOtherDeviceHasNoSay) {
  const auto a2 = SignedIn(pair_.a_number);
  call_.AddOwnDevice(a2.get());
  ASSERT_TRUE(call_.Establish());
  EXPECT_EQ(call_.AskDiscard(*a2).Text(), "400 CALL_PEER_INVALID");
  EXPECT_TRUE(call_.SignalsFlow());
  EXPECT_TRUE(call_.TellsEnd(*pair_.b, call_.AskDiscard(*pair_.b, 1)));
  EXPECT_NE(a2->Await<api::UpdateNewMessage>(), nullptr) << "it sees the message of the call";
}

TEST_F(DevicesTest, ThirdUserIsAStranger) {
  const auto stranger = SignedIn(NewNumber());
  ASSERT_TRUE(call_.Establish());
  EXPECT_EQ(call_.AskDiscard(*stranger).Text(), "400 CALL_PEER_INVALID");
  EXPECT_EQ(call_.AskSignal(*stranger, "x").Text(), "400 CALL_PEER_INVALID");
  EXPECT_TRUE(call_.SignalsFlow());
}

TEST_F(DevicesTest, SignallingEndsWithTheCall) {
  ASSERT_TRUE(call_.Establish());
  ASSERT_TRUE(call_.TellsEnd(*pair_.b, call_.AskDiscard(*pair_.b, 1)));
  EXPECT_EQ(call_.AskSignal(*pair_.a, "late").Text(), "400 CALL_NOT_ACTIVE");
}

TEST_F(DevicesTest, OfflineDeviceLearnsByDifference) {
  const auto state = pair_.b->Result<fn::updates::GetState>(pair_.b->Ask(fn::updates::GetState{}));
  ASSERT_TRUE(state.has_value());
  const auto* before = state->As<api::updates::State>();
  ASSERT_NE(before, nullptr);
  pair_.b->client().Disconnect();

  ASSERT_TRUE(call_.Request());
  ASSERT_TRUE(call_.TellsEnd(*pair_.a, call_.AskDiscard(*pair_.a)));

  pair_.b->client().ForgetSession();
  ASSERT_TRUE(pair_.b->Connect()) << pair_.b->failure();
  const auto any = pair_.b->Result<fn::updates::GetDifference>(pair_.b->Ask(
      fn::updates::GetDifference{.pts = before->pts, .date = before->date, .qts = before->qts}));
  ASSERT_TRUE(any.has_value());
  const auto* difference = any->As<api::updates::Difference>();
  ASSERT_NE(difference, nullptr);
  ASSERT_EQ(difference->new_messages.size(), 1u);
  const auto* message = difference->new_messages[0].As<api::MessageService>();
  ASSERT_NE(message, nullptr);
  const auto* action = message->action.As<api::MessageActionPhoneCall>();
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->call_id, call_.id());
  EXPECT_NE(action->reason().As<api::PhoneCallDiscardReasonMissed>(), nullptr);
  EXPECT_EQ(difference->state.As<api::updates::State>()->pts, before->pts + 1);
}

TEST_F(DevicesTest, RingsOnReconnectWhileItStillRings) {
  pair_.b->client().Disconnect();
  ASSERT_TRUE(call_.Request());
  pair_.b->client().ForgetSession();
  ASSERT_TRUE(pair_.b->Connect()) << pair_.b->failure();
  ASSERT_TRUE(pair_.b->Ask(fn::updates::GetState{}).ok());
  ASSERT_TRUE(call_.Ring(*pair_.b));
  EXPECT_TRUE(call_.Receive() && call_.Accept() && call_.Confirm());
}

TEST_F(DevicesTest, SignallingWaitsForAPeerThatIsAway) {
  ASSERT_TRUE(call_.Establish());
  pair_.b->client().Disconnect();
  for (const char* data : {"one", "two", "three"})
    ASSERT_TRUE(call_.AskSignal(*pair_.a, data).ok());
  pair_.b->client().ForgetSession();
  ASSERT_TRUE(pair_.b->Connect()) << pair_.b->failure();
  ASSERT_TRUE(pair_.b->Ask(fn::updates::GetState{}).ok());
  for (const char* data : {"one", "two", "three"}) {
    const auto* signal = pair_.b->Await<api::UpdatePhoneCallSignalingData>();
    ASSERT_NE(signal, nullptr) << data;
    EXPECT_EQ(signal->data, data);
  }
}

TEST_F(DevicesTest, AKeptSessionGetsWhatItMissed) {
  ASSERT_TRUE(call_.Establish());
  pair_.b->client().Disconnect();
  for (const char* data : {"one", "two"}) ASSERT_TRUE(call_.AskSignal(*pair_.a, data).ok());
  ASSERT_TRUE(pair_.b->Connect()) << pair_.b->failure();
  EXPECT_TRUE(pair_.b->Ping()) << "the server sees where the session went";
  for (const char* data : {"one", "two"}) {
    const auto* signal = pair_.b->Await<api::UpdatePhoneCallSignalingData>();
    ASSERT_NE(signal, nullptr) << data;
    EXPECT_EQ(signal->data, data);
  }
  EXPECT_TRUE(call_.SignalsFlow());
}

}  // namespace
}  // namespace trunkline::e2e

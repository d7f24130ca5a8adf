// Devices that come and go: rings and news for the late, queued signalling, deadlines.

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using Kind = CallView::Kind;
using call::Reason;

class PresenceTest : public testing::Test {
 protected:
  Effects Close(const Phone& phone) { return world_.Send(phone, cmd::SessionClosed{}); }
  Effects Open(const Phone& phone) { return world_.Send(phone, cmd::SessionOpened{}); }

  World world_;
  Phone a1_ = world_.SignedIn("9996600001");
  Phone b1_ = world_.SignedIn("9996600002");
  Phone b2_ = world_.SignedIn("9996600002");
};

TEST_F(PresenceTest, LateDeviceStillRings) {
  Close(b2_);
  const Dialled call = Dial(world_, a1_, b1_);
  EXPECT_TRUE(UpdatesTo(call.effects, b2_).empty());
  EXPECT_EQ(CallTo(Open(b2_), b2_)->kind, Kind::kRequested);
  EXPECT_TRUE(UpdatesTo(Open(b1_), b1_).empty());  // it was told
  Accept(world_, b1_, call);
  EXPECT_TRUE(UpdatesTo(Open(b2_), b2_).empty());
}

TEST_F(PresenceTest, DifferenceCarriesTheRing) {
  Close(b1_);
  Close(b2_);
  Dial(world_, a1_, b1_);
  const Effects effects = world_.Send(b1_, cmd::GetDifference{1});
  const auto* difference = ReplyAs<reply::Difference>(effects);
  EXPECT_EQ(difference->kind, reply::Difference::Kind::kFull);
  ASSERT_EQ(difference->other_updates.size(), 1u);
  EXPECT_EQ(difference->other_updates[0].call.kind, Kind::kRequested);
  EXPECT_EQ(difference->users.size(), 2u);
  EXPECT_EQ(difference->state.pts, 1);
}

TEST_F(PresenceTest, RingingDeviceThatWentAwayHearsWhoTookTheCall) {
  const Dialled call = Dial(world_, a1_, b1_);
  Close(b2_);
  Accept(world_, b1_, call);
  const Effects back = Open(b2_);
  EXPECT_EQ(CallTo(back, b2_)->kind, Kind::kDiscarded);
  EXPECT_EQ(CallTo(back, b2_)->reason, Reason::kHangup);
  Close(b2_);
  EXPECT_TRUE(UpdatesTo(Open(b2_), b2_).empty());  // once
}

TEST_F(PresenceTest, CallerHearsOfTheAcceptWhenItIsBack) {
  const Dialled call = Dial(world_, a1_, b1_);
  Close(a1_);
  const Effects accept = Accept(world_, b1_, call);
  EXPECT_TRUE(UpdatesTo(accept, a1_).empty());
  EXPECT_EQ(CallTo(Open(a1_), a1_)->kind, Kind::kAccepted);
}

TEST_F(PresenceTest, CalleeHearsOfTheConfirmBeforeItsSignals) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  Close(b1_);
  Confirm(world_, a1_, call);
  for (std::uint8_t packet = 1; packet <= 3; ++packet) {
    const Effects sent = world_.Send(a1_, cmd::SendSignalling{call.caller, {packet}});
    EXPECT_TRUE(ReplyAs<reply::Done>(sent)->flag);
    EXPECT_TRUE(UpdatesTo(sent, b1_).empty());
  }
  const auto updates = UpdatesTo(Open(b1_), b1_);
  ASSERT_EQ(updates.size(), 4u);
  EXPECT_EQ(updates[0].call.kind, Kind::kActive);
  for (std::uint8_t i = 1; i <= 3; ++i) EXPECT_EQ(updates[i].data, Bytes{i});
  EXPECT_TRUE(UpdatesTo(Open(b1_), b1_).empty());
}

TEST_F(PresenceTest, EndedWhileAway) {
  const Dialled call = Connect(world_, a1_, b1_);
  Close(b1_);
  Discard(world_, a1_, call.caller, Reason::kHangup, 12);
  const Effects back = Open(b1_);
  EXPECT_EQ(CallTo(back, b1_)->kind, Kind::kDiscarded);
  EXPECT_EQ(CallTo(back, b1_)->duration, 12);
}

// The process dies while two phones ring. Whoever comes back after the end must not ring on.
TEST_F(PresenceTest, ARestartOwesTheEndToEveryPhoneThatMayRing) {
  const Dialled call = Dial(world_, a1_, b1_);
  world_.Restart();
  Open(a1_);
  Discard(world_, a1_, call.caller, Reason::kMissed);
  for (const Phone& phone : {b1_, b2_}) {
    const Effects back = Open(phone);
    ASSERT_TRUE(CallTo(back, phone).has_value());
    EXPECT_EQ(CallTo(back, phone)->kind, Kind::kDiscarded);
    EXPECT_EQ(CallTo(back, phone)->reason, Reason::kMissed);
  }
}

TEST_F(PresenceTest, ARestartOwesWhatMayNotHaveBeenTold) {
  const Dialled call = Connect(world_, a1_, b1_);
  Discard(world_, b1_, call.callee, Reason::kHangup, 3);
  world_.Restart();
  EXPECT_EQ(CallTo(Open(a1_), a1_)->kind, Kind::kDiscarded);
  EXPECT_EQ(CallTo(Open(b2_), b2_)->kind, Kind::kDiscarded);
  EXPECT_FALSE(CallTo(Open(a1_), a1_).has_value());  // once
  world_.Restart();
  world_.Wait(std::chrono::minutes(11));
  EXPECT_FALSE(CallTo(Open(a1_), a1_).has_value());  // nobody cares any more
}

TEST_F(PresenceTest, SignalQueueIsBounded) {
  const Dialled call = Connect(world_, a1_, b1_);
  Close(b1_);
  const auto send = [&](std::size_t bytes) {
    return RefusalIn(world_.Send(a1_, cmd::SendSignalling{call.caller, Bytes(bytes)}));
  };
  for (int i = 0; i < 100; ++i) ASSERT_EQ(send(10), Refusal::kNone);
  EXPECT_EQ(send(10), Refusal::kFloodWait);  // never in silence
  EXPECT_EQ(UpdatesTo(Open(b1_), b1_).size(), 100u);
  EXPECT_EQ(send(10), Refusal::kNone);
}

TEST_F(PresenceTest, SignallingHasAPace) {
  const Dialled call = Connect(world_, a1_, b1_);
  const auto send = [&](std::size_t bytes) {
    return RefusalIn(world_.Send(a1_, cmd::SendSignalling{call.caller, Bytes(bytes)}));
  };
  EXPECT_EQ(send(48 * 1024), Refusal::kNone);
  EXPECT_EQ(send(48 * 1024), Refusal::kNone);
  EXPECT_EQ(send(1), Refusal::kFloodWait);
  world_.Wait(std::chrono::seconds(2));
  EXPECT_EQ(send(8 * 1024), Refusal::kNone);
  EXPECT_EQ(send(1), Refusal::kFloodWait);
  // The other side has its own.
  EXPECT_EQ(RefusalIn(world_.Send(b1_, cmd::SendSignalling{call.callee, Bytes(1024)})),
            Refusal::kNone);
}

TEST_F(PresenceTest, LostSignallingEndsTheCall) {
  const Dialled call = Connect(world_, a1_, b1_);
  world_.Send(b1_, cmd::UpdatesLost{});  // nothing was sent to it yet
  EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SendSignalling{call.caller, Bytes(10)})),
            Refusal::kNone);
  const Effects told = world_.Send(b1_, cmd::UpdatesLost{});
  for (const Phone& phone : {a1_, b1_}) {
    ASSERT_TRUE(CallTo(told, phone).has_value());
    EXPECT_EQ(CallTo(told, phone)->kind, Kind::kDiscarded);
    EXPECT_EQ(CallTo(told, phone)->reason, Reason::kDisconnect);
  }
}

TEST_F(PresenceTest, UnreachableCalleeTimesOutSooner) {
  Close(b1_);
  Close(b2_);
  const Dialled call = Dial(world_, a1_, b1_);
  EXPECT_FALSE(CallTo(world_.Wait(std::chrono::milliseconds(24'999)), a1_));
  EXPECT_EQ(world_.book().NextDeadline(), world_.now() + Duration(1));
  const Effects end = world_.Wait(Duration(1));
  EXPECT_EQ(CallTo(end, a1_)->reason, Reason::kMissed);
  EXPECT_EQ(world_.book().stats().live_calls, 0u);
}

TEST_F(PresenceTest, RingTimesOutFromReceived) {
  const Dialled call = Dial(world_, a1_, b1_);
  world_.Wait(std::chrono::seconds(10));
  world_.Send(b1_, cmd::ReceivedCall{call.callee});
  EXPECT_FALSE(CallTo(world_.Wait(std::chrono::milliseconds(94'999)), a1_));
  const Effects end = world_.Wait(Duration(1));
  EXPECT_EQ(CallTo(end, a1_)->reason, Reason::kMissed);
  EXPECT_EQ(CallTo(end, b1_)->reason, Reason::kMissed);
  EXPECT_EQ(CallTo(end, b2_)->reason, Reason::kMissed);
}

TEST_F(PresenceTest, CalleesOwnRingTimerIsNoDecline) {
  const Dialled call = Dial(world_, a1_, b1_);
  world_.Send(b1_, cmd::ReceivedCall{call.callee});
  world_.Wait(std::chrono::seconds(88));
  const Effects end = Discard(world_, b1_, call.callee, Reason::kBusy);
  EXPECT_EQ(CallTo(end, a1_)->reason, Reason::kMissed);
}

TEST_F(PresenceTest, AcceptedCallThatNeverConnects) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  EXPECT_FALSE(CallTo(world_.Wait(std::chrono::milliseconds(29'999)), b1_));
  EXPECT_EQ(CallTo(world_.Wait(Duration(1)), b1_)->reason, Reason::kDisconnect);
}

TEST_F(PresenceTest, ActiveCallOutlivesConnectionsButNotADay) {
  Connect(world_, a1_, b1_);
  Close(a1_);
  Close(b1_);
  world_.Wait(std::chrono::hours(23));
  EXPECT_EQ(world_.book().stats().live_calls, 1u);
  world_.Wait(std::chrono::hours(1));
  EXPECT_EQ(world_.book().stats().live_calls, 0u);
}

TEST_F(PresenceTest, OnlineAndLastSeen) {
  const auto view = [this](const Phone& of) {
    const Effects effects = world_.Send(a1_, cmd::GetUsers{{of.query()}});
    return ReplyAs<reply::Users>(effects)->users.at(0);
  };
  EXPECT_GT(view(b1_).online_until, UnixDate(world_.now()));
  world_.Send(b1_, cmd::UpdateStatus{true});
  EXPECT_EQ(view(b1_).online_until, 0);
  EXPECT_EQ(view(b1_).was_online, UnixDate(world_.now()));
  world_.Send(b1_, cmd::UpdateStatus{false});
  EXPECT_GT(view(b1_).online_until, 0);
  Close(b1_);
  EXPECT_GT(view(b1_).online_until, 0);  // the other device
  world_.Wait(std::chrono::seconds(50));
  Close(b2_);
  EXPECT_EQ(view(b1_).was_online, UnixDate(world_.now()));
}

TEST_F(PresenceTest, SessionsAreBoundedAndCounted) {
  const std::size_t before = world_.book().stats().sessions;
  Phone many = b1_;
  for (int i = 0; i < 100; ++i) {
    many.session.session = SessionId(10'000 + i);
    Open(many);
  }
  EXPECT_EQ(world_.book().stats().sessions, before + 31);
  world_.Send(b1_, cmd::LogOut{});
  EXPECT_EQ(world_.book().stats().sessions, before - 1);
}

}  // namespace
}  // namespace trunkline::book

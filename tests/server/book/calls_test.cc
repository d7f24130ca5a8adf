// One call from request to the messages after it: who is told what, and in which order.

#include <algorithm>

#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using Kind = CallView::Kind;
using call::Reason;

class CallsTest : public testing::Test {
 protected:
  World world_;
  Phone a1_ = world_.SignedIn("9996600001");
  Phone a2_ = world_.SignedIn("9996600001");
  Phone b1_ = world_.SignedIn("9996600002");
  Phone b2_ = world_.SignedIn("9996600002");
  Phone c1_ = world_.SignedIn("9996600003");
};

TEST_F(CallsTest, RequestRingsEveryDeviceOfTheCallee) {
  const Dialled call = Dial(world_, a1_, b1_);
  const auto* reply = ReplyAs<reply::Call>(call.effects);
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->call.kind, Kind::kWaiting);
  EXPECT_FALSE(reply->call.receive_date);
  EXPECT_EQ(reply->users.size(), 2u);
  for (const Phone& phone : {b1_, b2_}) {
    const auto batches = PushesTo(call.effects, phone.session);
    ASSERT_EQ(batches.size(), 1u);
    EXPECT_EQ(batches[0].users.size(), 2u);
    const CallView ring = batches[0].updates.at(0).call;
    EXPECT_EQ(ring.kind, Kind::kRequested);
    EXPECT_EQ(ring.g_a_hash, HashOf(Ga()));
    EXPECT_EQ(ring.admin_id, a1_.user);
    EXPECT_EQ(ring.participant_id, b1_.user);
    EXPECT_NE(ring.access_hash, reply->call.access_hash);
    EXPECT_EQ(ring.protocol, TestProtocol());
  }
  EXPECT_TRUE(UpdatesTo(call.effects, a2_).empty());
  EXPECT_TRUE(std::holds_alternative<Reply>(call.effects.front()));
}

TEST_F(CallsTest, IdsCarryTheSlot) {
  const Dialled call = Dial(world_, a1_, b1_);
  EXPECT_EQ(call.caller.id.value() >> 44, 5);
  EXPECT_EQ(a1_.user.value() >> 40, 5);
}

TEST_F(CallsTest, OnlyTheFirstReceivedIsTold) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Effects first = world_.Send(b1_, cmd::ReceivedCall{call.callee});
  EXPECT_TRUE(ReplyAs<reply::Done>(first)->flag);
  EXPECT_EQ(CallTo(first, a1_)->kind, Kind::kWaiting);
  EXPECT_EQ(CallTo(first, a1_)->receive_date, UnixDate(world_.now()));
  const Effects second = world_.Send(b2_, cmd::ReceivedCall{call.callee});
  EXPECT_TRUE(ReplyAs<reply::Done>(second)->flag);
  EXPECT_TRUE(UpdatesTo(second, a1_).empty());
}

TEST_F(CallsTest, AcceptAnswersWaitingAndStopsTheOthers) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Effects accept = Accept(world_, b1_, call);
  const CallView reply = ReplyAs<reply::Call>(accept)->call;
  EXPECT_EQ(reply.kind, Kind::kWaiting);
  EXPECT_EQ(reply.access_hash, call.callee.access_hash);
  EXPECT_EQ(reply.protocol.library_versions, std::vector<std::string>{"9.0.0"});
  const CallView told = *CallTo(accept, a1_);
  EXPECT_EQ(told.kind, Kind::kAccepted);
  EXPECT_EQ(told.g_b, Gb());
  EXPECT_EQ(told.access_hash, call.caller.access_hash);
  EXPECT_EQ(told.protocol, reply.protocol);
  const CallView other = *CallTo(accept, b2_);
  EXPECT_EQ(other.kind, Kind::kDiscarded);
  EXPECT_EQ(other.reason, Reason::kHangup);
  EXPECT_FALSE(other.duration);
  EXPECT_FALSE(MessageIn(UpdatesTo(accept, b2_)));
  EXPECT_TRUE(UpdatesTo(accept, b1_).empty());
}

TEST_F(CallsTest, ConfirmConnectsBoth) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  const Effects confirm = Confirm(world_, a1_, call);
  const CallView a = ReplyAs<reply::Call>(confirm)->call;
  const CallView b = *CallTo(confirm, b1_);
  for (const CallView& view : {a, b}) {
    EXPECT_EQ(view.kind, Kind::kActive);
    EXPECT_EQ(view.key_fingerprint, 77);
    EXPECT_TRUE(view.p2p_allowed);
    EXPECT_EQ(view.start_date, UnixDate(world_.now()));
    ASSERT_EQ(view.connections.size(), 3u);
    EXPECT_EQ(view.connections[0].peer_tag.size(), 16u);
  }
  EXPECT_EQ(a.g_a_or_b, Gb());
  EXPECT_EQ(b.g_a_or_b, Ga());
  Bytes tag = a.connections[0].peer_tag;
  EXPECT_EQ(tag.back() & 1, 0);
  tag.back() |= 1;
  EXPECT_EQ(tag, b.connections[0].peer_tag);
  const auto turn = std::ranges::find(a.connections, true, &Connection::turn);
  ASSERT_NE(turn, a.connections.end());
  const Connection& other = b.connections[static_cast<std::size_t>(turn - a.connections.begin())];
  EXPECT_EQ(other.id, turn->id);
  EXPECT_FALSE(turn->password.empty());
  EXPECT_NE(turn->password, other.password);
  EXPECT_TRUE(UpdatesTo(confirm, b2_).empty());
}

TEST_F(CallsTest, DiscardTellsEverybodyOnce) {
  const Dialled call = Connect(world_, a1_, b1_);
  const Effects end = Discard(world_, b1_, call.callee, Reason::kHangup, 31);
  const auto* own = ReplyAs<UpdateBatch>(end);
  ASSERT_EQ(own->updates.size(), 2u);
  EXPECT_EQ(own->updates[0].call.kind, Kind::kDiscarded);
  EXPECT_EQ(own->updates[0].call.reason, Reason::kHangup);
  EXPECT_EQ(own->updates[0].call.duration, 31);
  EXPECT_EQ(own->updates[1].message.out, false);
  EXPECT_EQ(own->updates[1].message.from_id, a1_.user);
  EXPECT_EQ(own->updates[1].message.peer_id, a1_.user);
  EXPECT_EQ(own->updates[1].pts, 2);
  EXPECT_EQ(own->users.size(), 2u);
  EXPECT_TRUE(UpdatesTo(end, b1_).empty());
  EXPECT_EQ(CallTo(end, a1_)->duration, 31);
  const Update message = *MessageIn(UpdatesTo(end, a1_));
  EXPECT_TRUE(message.message.out);
  EXPECT_EQ(message.message.peer_id, b1_.user);
  EXPECT_EQ(message.message.duration, 31);
  for (const Phone& phone : {a2_, b2_}) {
    EXPECT_FALSE(CallTo(end, phone));
    EXPECT_TRUE(MessageIn(UpdatesTo(end, phone)));
  }
}

// L-01
TEST_F(CallsTest, RepeatedDiscardGetsTheSameAnswerAndNoSecondMessage) {
  const Dialled call = Connect(world_, a1_, b1_);
  const Effects first = Discard(world_, a1_, call.caller, Reason::kHangup, 31);
  const std::size_t rows = world_.journal().size();
  const Effects again = Discard(world_, a1_, call.caller, Reason::kDisconnect, 99);
  const auto *one = ReplyAs<UpdateBatch>(first), *two = ReplyAs<UpdateBatch>(again);
  ASSERT_EQ(two->updates.size(), one->updates.size());
  EXPECT_EQ(two->updates[0].call.reason, one->updates[0].call.reason);
  EXPECT_EQ(two->updates[0].call.duration, one->updates[0].call.duration);
  EXPECT_EQ(two->updates[1].pts, one->updates[1].pts);
  EXPECT_EQ(two->updates[1].message.id, one->updates[1].message.id);
  EXPECT_EQ(two->date, one->date);
  EXPECT_EQ(again.size(), 1u);
  EXPECT_EQ(world_.journal().size(), rows);
  const Effects peer = Discard(world_, b1_, call.callee);
  EXPECT_EQ(ReplyAs<UpdateBatch>(peer)->updates[0].call.duration, 31);
}

TEST_F(CallsTest, DeclineEndsTheRingEverywhere) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Effects end = Discard(world_, b1_, call.callee, Reason::kBusy);
  EXPECT_EQ(ReplyAs<UpdateBatch>(end)->updates[0].call.reason, Reason::kBusy);
  EXPECT_EQ(CallTo(end, a1_)->reason, Reason::kBusy);
  EXPECT_EQ(CallTo(end, b2_)->reason, Reason::kHangup);  // never a busy tone on this side
  EXPECT_FALSE(MessageIn(UpdatesTo(end, a1_))->message.duration);
}

TEST_F(CallsTest, CancelledCallIsMissed) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Effects end = Discard(world_, a1_, call.caller, Reason::kHangup);
  EXPECT_EQ(CallTo(end, b1_)->reason, Reason::kMissed);
  EXPECT_EQ(CallTo(end, b2_)->reason, Reason::kMissed);
  EXPECT_EQ(MessageIn(UpdatesTo(end, b1_))->message.reason, Reason::kMissed);
}

TEST_F(CallsTest, LateSecondDevice) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  EXPECT_EQ(RefusalIn(Accept(world_, b2_, call)), Refusal::kCallAlreadyAccepted);
  EXPECT_EQ(RefusalIn(Discard(world_, b2_, call.callee, Reason::kMissed)),
            Refusal::kCallAlreadyAccepted);
  const Effects received = world_.Send(b2_, cmd::ReceivedCall{call.callee});
  EXPECT_TRUE(ReplyAs<reply::Done>(received)->flag);
  EXPECT_EQ(ReplyAs<reply::Call>(Confirm(world_, a1_, call))->call.kind, Kind::kActive);
}

TEST_F(CallsTest, AcceptTwice) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  const Effects again = Accept(world_, b1_, call);
  EXPECT_EQ(RefusalIn(again), Refusal::kCallAlreadyAccepted);
  EXPECT_TRUE(UpdatesTo(again, a1_).empty());
  const Effects other_key =
      world_.Send(b1_, cmd::AcceptCall{call.callee, KeyPart(0x20), TestProtocol()});
  EXPECT_EQ(RefusalIn(other_key), Refusal::kCallAlreadyAccepted);
  Confirm(world_, a1_, call);
  EXPECT_EQ(RefusalIn(Accept(world_, b1_, call)), Refusal::kCallAlreadyAccepted);
}

TEST_F(CallsTest, AfterTheEnd) {
  const Dialled call = Dial(world_, a1_, b1_);
  Discard(world_, a1_, call.caller);
  EXPECT_EQ(RefusalIn(Accept(world_, b1_, call)), Refusal::kCallAlreadyDeclined);
  EXPECT_EQ(RefusalIn(Confirm(world_, a1_, call)), Refusal::kCallAlreadyDeclined);
  EXPECT_EQ(RefusalIn(world_.Send(b1_, cmd::ReceivedCall{call.callee})),
            Refusal::kCallAlreadyDeclined);
  EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SendSignalling{call.caller, {1}})),
            Refusal::kCallNotActive);
}

TEST_F(CallsTest, StrangersAndGarbageIds) {
  const Dialled call = Dial(world_, a1_, b1_);
  const cmd::PeerCall wrong_hash{call.caller.id, AccessHash(1)};
  const cmd::PeerCall unknown{CallId(-3), AccessHash(9)};
  EXPECT_EQ(RefusalIn(Discard(world_, c1_, call.caller)), Refusal::kCallPeerInvalid);
  EXPECT_EQ(RefusalIn(Discard(world_, a2_, call.caller)), Refusal::kCallPeerInvalid);
  EXPECT_EQ(RefusalIn(Discard(world_, a1_, call.callee)), Refusal::kCallPeerInvalid);
  for (const cmd::PeerCall& peer : {wrong_hash, unknown, cmd::PeerCall{}}) {
    EXPECT_EQ(RefusalIn(Discard(world_, a1_, peer)), Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(b1_, cmd::ReceivedCall{peer})), Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(b1_, cmd::AcceptCall{peer, Gb(), TestProtocol()})),
              Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::ConfirmCall{peer, Ga(), 1, TestProtocol()})),
              Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SendSignalling{peer, {1}})),
              Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SetCallRating{peer, true, 5, ""})),
              Refusal::kCallPeerInvalid);
    EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SaveCallDebug{peer, "{}"})),
              Refusal::kCallPeerInvalid);
  }
}

TEST_F(CallsTest, ConfirmNeedsTheHashedKeyPart) {
  const Dialled call = Dial(world_, a1_, b1_);
  Accept(world_, b1_, call);
  const Effects wrong =
      world_.Send(a1_, cmd::ConfirmCall{call.caller, KeyPart(0x30), 1, TestProtocol()});
  EXPECT_EQ(RefusalIn(wrong), Refusal::kGAInvalid);
  EXPECT_EQ(CallTo(wrong, b1_)->reason, Reason::kDisconnect);
  EXPECT_EQ(CallTo(wrong, a1_)->reason, Reason::kDisconnect);
  EXPECT_TRUE(MessageIn(UpdatesTo(wrong, a1_)));
  EXPECT_EQ(RefusalIn(Confirm(world_, a1_, call)), Refusal::kCallAlreadyDeclined);
}

TEST_F(CallsTest, AcceptNeedsAKeyPartInRange) {
  for (const Bytes& g_b : {Bytes{}, Bytes{3}, Bytes(256, 0xff), Bytes(257, 0x40)}) {
    const Dialled call = Dial(world_, a1_, b1_);
    const Effects effects = world_.Send(b1_, cmd::AcceptCall{call.callee, g_b, TestProtocol()});
    EXPECT_EQ(RefusalIn(effects), Refusal::kGBInvalid);
    EXPECT_EQ(CallTo(effects, a1_)->reason, Reason::kDisconnect);
  }
}

TEST_F(CallsTest, NothingInCommonEndsTheCall) {
  const Dialled call = Dial(world_, a1_, b1_);
  const Effects effects =
      world_.Send(b1_, cmd::AcceptCall{call.callee, Gb(), TestProtocol({"3.0.0"})});
  EXPECT_EQ(RefusalIn(effects), Refusal::kCallProtocolCompatLayerInvalid);
  EXPECT_EQ(CallTo(effects, a1_)->reason, Reason::kDisconnect);
  EXPECT_EQ(CallTo(effects, b2_)->reason, Reason::kDisconnect);
}

TEST_F(CallsTest, SignalsGoToTheBoundDeviceOnly) {
  const Dialled call = Connect(world_, a1_, b1_);
  const Effects effects = world_.Send(a1_, cmd::SendSignalling{call.caller, {1, 2, 3}});
  EXPECT_TRUE(ReplyAs<reply::Done>(effects)->flag);
  const auto updates = UpdatesTo(effects, b1_);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].kind, Update::Kind::kSignalling);
  EXPECT_EQ(updates[0].data, (Bytes{1, 2, 3}));
  EXPECT_TRUE(UpdatesTo(effects, b2_).empty());
  EXPECT_EQ(RefusalIn(world_.Send(b2_, cmd::SendSignalling{call.callee, {1}})),
            Refusal::kCallPeerInvalid);
  EXPECT_EQ(RefusalIn(world_.Send(a1_, cmd::SendSignalling{call.caller, Bytes(64 * 1024 + 1)})),
            Refusal::kDataTooLong);
}

TEST_F(CallsTest, LogOutEndsTheCallsOfTheDevice) {
  const Dialled call = Connect(world_, a1_, b1_);
  const Effects other = world_.Send(a2_, cmd::LogOut{});
  EXPECT_FALSE(CallTo(other, b1_));
  world_.Wait(std::chrono::seconds(8));
  const Effects out = world_.Send(b1_, cmd::LogOut{});
  EXPECT_TRUE(ReplyAs<reply::Done>(out)->flag);
  EXPECT_EQ(CallTo(out, a1_)->reason, Reason::kDisconnect);
  EXPECT_EQ(CallTo(out, a1_)->duration, 8);
  EXPECT_FALSE(CallTo(out, b1_));
  EXPECT_TRUE(MessageIn(UpdatesTo(out, b2_)));
  EXPECT_EQ(RefusalIn(world_.Send(b1_, cmd::GetState{})), Refusal::kAuthKeyUnregistered);
}

TEST_F(CallsTest, DestroyedKeyOfTheCallerIsAMissedCall) {
  Dial(world_, a1_, b1_);
  const Effects gone = world_.Send(a1_, cmd::DestroyKey{});
  EXPECT_TRUE(ReplyAs<reply::Done>(gone)->flag);
  EXPECT_EQ(CallTo(gone, b1_)->reason, Reason::kMissed);
  EXPECT_FALSE(ReplyAs<reply::Done>(world_.Send(a1_, cmd::DestroyKey{}))->flag);
}

}  // namespace
}  // namespace trunkline::book

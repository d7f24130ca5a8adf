// What the back office does to live calls and to boxes: the server hangs up, messages go, and every
// device ends up with the same box however it hears of that.

#include <algorithm>
#include <map>
#include <random>

#include "server/book/limits.h"
#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using Kind = CallView::Kind;
using call::EndedBy;
using call::Reason;

class BoxTest : public testing::Test {
 protected:
  // Rung and hung up: one message in either box.
  void Call() {
    const Dialled call = Dial(world_, a1_, b1_);
    Discard(world_, a1_, call.caller);
  }
  std::vector<std::int32_t> History(const Phone& phone, const Phone& peer) {
    const auto effects = world_.Send(phone, cmd::GetHistory{peer.query(), 0, kHistoryMax});
    std::vector<std::int32_t> ids;
    for (const MessageView& message : ReplyAs<reply::History>(effects)->messages) {
      ids.push_back(message.id);
    }
    return ids;
  }
  std::int32_t PtsOf(const Phone& phone) {
    return ReplyAs<reply::State>(world_.Send(phone, cmd::GetState{}))->pts;
  }

  World world_;
  Phone a1_ = world_.SignedIn("9996600001");
  Phone a2_ = world_.SignedIn("9996600001");
  Phone b1_ = world_.SignedIn("9996600002");
};

void ExpectDeletion(const std::vector<Update>& updates, std::int32_t id, std::int32_t pts) {
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].kind, Update::Kind::kDeleteMessage);
  EXPECT_EQ(updates[0].message.id, id);
  EXPECT_EQ(updates[0].pts, pts);
}

// L-06
TEST_F(BoxTest, ADeletedMessageLeavesItsOwnersBoxOnly) {
  Call();
  Call();
  const auto effects = world_.DeleteMessage(a1_.user, 1);
  ASSERT_TRUE(effects);
  ExpectDeletion(UpdatesTo(*effects, a1_), 1, 4);
  ExpectDeletion(UpdatesTo(*effects, a2_), 1, 4);
  EXPECT_TRUE(UpdatesTo(*effects, b1_).empty());
  EXPECT_EQ(History(a1_, b1_), std::vector<std::int32_t>{2});
  EXPECT_EQ(History(b1_, a1_), (std::vector<std::int32_t>{2, 1}));
  EXPECT_EQ(PtsOf(a1_), 4);
  EXPECT_EQ(PtsOf(b1_), 3);
}

TEST_F(BoxTest, WhatIsGoneIsNotDeletedAgain) {
  Call();
  EXPECT_FALSE(world_.DeleteMessage(a1_.user, 0));
  EXPECT_FALSE(world_.DeleteMessage(a1_.user, 2));
  EXPECT_FALSE(world_.DeleteMessage(UserId(99), 1));
  EXPECT_TRUE(world_.DeleteMessage(a1_.user, 1));
  EXPECT_FALSE(world_.DeleteMessage(a1_.user, 1));
  EXPECT_EQ(Count<fact::MessageDeleted>(world_.journal()), 1u);
  Call();
  EXPECT_EQ(History(a1_, b1_), std::vector<std::int32_t>{2});  // ids are never given again
}

TEST_F(BoxTest, ADeviceThatWasAwayHearsOfItWithTheDifference) {
  Call();
  Call();
  world_.Send(a2_, cmd::SessionClosed{});
  EXPECT_TRUE(UpdatesTo(*world_.DeleteMessage(a1_.user, 2), a2_).empty());
  for (int round = 0; round < 2; ++round) {
    const auto effects = world_.Send(a2_, cmd::GetDifference{3});
    const auto* difference = ReplyAs<reply::Difference>(effects);
    EXPECT_EQ(difference->kind, reply::Difference::Kind::kFull);
    EXPECT_TRUE(difference->messages.empty());
    ExpectDeletion(difference->other_updates, 2, 4);
    EXPECT_EQ(difference->state.pts, 4);
    world_.Restart();
  }
  // One that missed the message too is only told that it is gone.
  const auto effects = world_.Send(a2_, cmd::GetDifference{1});
  const auto* difference = ReplyAs<reply::Difference>(effects);
  ASSERT_EQ(difference->messages.size(), 1u);
  EXPECT_EQ(difference->messages[0].id, 1);
  ExpectDeletion(difference->other_updates, 2, 4);
}

TEST_F(BoxTest, AMessageOlderThanTheBoxKeepsCanGoToo) {
  for (int i = 0; i < kBoxMessagesMax + 5; ++i) Call();
  const std::int32_t pts = PtsOf(a1_);
  ExpectDeletion(UpdatesTo(*world_.DeleteMessage(a1_.user, 2), a1_), 2, pts + 1);
  const auto& fact = std::get<fact::MessageDeleted>(world_.journal().back().body);
  EXPECT_EQ(fact.newest_message_id, kBoxMessagesMax + 5);
  world_.Restart();
  const auto effects = world_.Send(a1_, cmd::GetDifference{pts});
  ExpectDeletion(ReplyAs<reply::Difference>(effects)->other_updates, 2, pts + 1);
}

// A client as the API wants it: applies what continues its pts, else asks for the difference.
struct Mirror {
  std::int32_t pts = 1;
  std::map<std::int32_t, bool> messages;  // by id; those deleted before they were heard of too

  void Apply(const Update& update) {
    if (update.kind == Update::Kind::kNewMessage) messages.try_emplace(update.message.id, true);
    if (update.kind == Update::Kind::kDeleteMessage) messages[update.message.id] = false;
  }
  void Hear(const std::vector<Update>& updates) {
    for (const Update& update : updates) {
      if (update.pts != pts + 1) continue;
      pts = update.pts;
      Apply(update);
    }
  }
  std::vector<std::int32_t> Shown() const {
    std::vector<std::int32_t> ids;
    for (const auto& [id, shown] : messages) {
      if (shown) ids.insert(ids.begin(), id);
    }
    ids.resize(std::min<std::size_t>(ids.size(), kHistoryMax));
    return ids;
  }
};

class MirrorTest : public BoxTest, public testing::WithParamInterface<int> {
 protected:
  void CatchUp(const Phone& phone, Mirror& mirror) {
    for (;;) {
      const auto effects = world_.Send(phone, cmd::GetDifference{mirror.pts});
      const auto* difference = ReplyAs<reply::Difference>(effects);
      ASSERT_NE(difference, nullptr);
      if (difference->kind == reply::Difference::Kind::kEmpty) return;
      ASSERT_NE(difference->kind, reply::Difference::Kind::kTooLong);
      const auto news = difference->messages.size() + difference->other_updates.size();
      ASSERT_LE(news, static_cast<std::size_t>(difference->state.pts - mirror.pts));
      for (const MessageView& message : difference->messages) {
        mirror.messages.try_emplace(message.id, true);
      }
      for (const Update& update : difference->other_updates) mirror.Apply(update);
      mirror.pts = difference->state.pts;
      if (difference->kind == reply::Difference::Kind::kFull) return;
    }
  }
};

TEST_P(MirrorTest, EveryDeviceEndsUpWithTheSameBox) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  Mirror online, away;
  std::int32_t last_id = 0, deleted = 0;
  for (int step = 0; step < 600; ++step) {
    Effects effects;
    if (last_id == 0 || random() % 3 == 0) {
      const Dialled call = Dial(world_, a1_, b1_);
      effects = Discard(world_, b1_, call.callee);
      ++last_id;
    } else {
      const auto id = static_cast<std::int32_t>(1 + random() % static_cast<unsigned>(last_id));
      const bool gone = online.messages.contains(id) && !online.messages.at(id);
      const auto told = world_.DeleteMessage(a1_.user, id);
      EXPECT_EQ(told.has_value(), !gone) << id;
      if (told) effects = *told;
      deleted += told ? 1 : 0;
    }
    online.Hear(UpdatesTo(effects, a1_));
    EXPECT_EQ(online.pts, 1 + last_id + deleted);  // no gap
    if (random() % 40 == 0) {
      world_.Restart();
      world_.Send(a1_, cmd::SessionOpened{});
      world_.Send(b1_, cmd::SessionOpened{});
    }
    if (random() % 90 != 0) continue;
    CatchUp(a2_, away);
    EXPECT_EQ(away.pts, online.pts);
    EXPECT_EQ(away.Shown(), online.Shown());
    EXPECT_EQ(History(a1_, b1_), online.Shown());
  }
  EXPECT_GT(deleted, 50);
}
INSTANTIATE_TEST_SUITE_P(Seeds, MirrorTest, testing::Range(1, 9));

// A box of far more deletions than it keeps pts: still the same book after a restart.
TEST_F(BoxTest, ManyDeletionsOfOneBox) {
  for (int i = 0; i < kBoxMessagesMax; ++i) Call();
  for (std::int32_t id = 1; id <= kBoxMessagesMax; ++id) {
    ASSERT_TRUE(world_.DeleteMessage(a1_.user, id)) << id;
  }
  for (const bool restarted : {false, true}) {
    if (restarted) world_.Restart();
    EXPECT_TRUE(History(a1_, b1_).empty());
    EXPECT_EQ(PtsOf(a1_), 1 + 2 * kBoxMessagesMax);
    const auto behind = world_.Send(a1_, cmd::GetDifference{kBoxMessagesMax});
    EXPECT_EQ(ReplyAs<reply::Difference>(behind)->kind, reply::Difference::Kind::kTooLong);
    const auto slice = world_.Send(a1_, cmd::GetDifference{kBoxMessagesMax + 1});
    EXPECT_EQ(ReplyAs<reply::Difference>(slice)->other_updates.size(), std::size_t{kDifferenceMax});
  }
  Call();
  EXPECT_EQ(History(a1_, b1_), std::vector<std::int32_t>{kBoxMessagesMax + 1});
  EXPECT_TRUE(world_.DeleteMessage(a1_.user, kBoxMessagesMax + 1));
  EXPECT_TRUE(History(a1_, b1_).empty());
}

// ---- The server hangs up

const fact::CallEnded& LastEnd(const World& world) {
  return std::get<fact::CallEnded>(world.journal().back().body);
}

// L-08
TEST_F(BoxTest, TheServerHangsUpInEveryState) {
  for (int stage = 0; stage < 4; ++stage) {
    const Dialled call = Dial(world_, a1_, b1_);
    if (stage > 0) world_.Send(b1_, cmd::ReceivedCall{call.callee});
    if (stage > 1) Accept(world_, b1_, call);
    if (stage > 2) Confirm(world_, a1_, call);
    world_.Wait(std::chrono::seconds(3));
    const auto effects = world_.HangUp(call.caller.id);
    ASSERT_TRUE(effects) << stage;
    for (const Phone& phone : {a1_, b1_}) {
      const auto told = CallTo(*effects, phone);
      ASSERT_TRUE(told) << stage;
      EXPECT_EQ(told->kind, Kind::kDiscarded);
      EXPECT_EQ(told->reason, Reason::kHangup);
      EXPECT_EQ(told->duration.value_or(-1), stage == 3 ? 3 : -1);
      EXPECT_TRUE(MessageIn(UpdatesTo(*effects, phone)));
    }
    EXPECT_EQ(LastEnd(world_).ended_by, EndedBy::kServer);
    const CallTrace* trace = world_.book().TraceOf(call.caller.id);
    EXPECT_TRUE(std::any_of(trace->events.begin(), trace->events.end(), [](const TraceEvent& line) {
      return line.what == TraceWhat::kEnded && line.why == Why::kRecordDiscarded;
    }));
    EXPECT_FALSE(world_.HangUp(call.caller.id));
    EXPECT_EQ(world_.book().stats().live_calls, 0u);
  }
  EXPECT_FALSE(world_.HangUp(CallId(5)));
}

TEST_F(BoxTest, WhoEndedACallIsWrittenDown) {
  const auto by = [this] { return LastEnd(world_).ended_by; };
  Dialled call = Dial(world_, a1_, b1_);
  Discard(world_, a1_, call.caller);
  EXPECT_EQ(by(), EndedBy::kCaller);
  call = Dial(world_, a1_, b1_);
  Discard(world_, b1_, call.callee);
  EXPECT_EQ(by(), EndedBy::kCallee);
  call = Connect(world_, a1_, b1_);
  Discard(world_, b1_, call.callee);
  EXPECT_EQ(by(), EndedBy::kCallee);
  Dial(world_, a1_, b1_);
  world_.Wait(std::chrono::minutes(10));
  EXPECT_EQ(by(), EndedBy::kServer);
  Connect(world_, a1_, b1_);
  const Phone c = world_.SignedIn("9996600003");
  Dial(world_, c, b1_);  // busy
  EXPECT_EQ(by(), EndedBy::kCallee);
  world_.Send(b1_, cmd::LogOut{});
  const auto& journal = world_.journal();
  const auto ended = std::find_if(journal.rbegin(), journal.rend(), [](const Fact& fact) {
    return std::holds_alternative<fact::CallEnded>(fact.body);
  });
  EXPECT_EQ(std::get<fact::CallEnded>(ended->body).ended_by, EndedBy::kServer);
}

TEST_F(BoxTest, ARefusedChangeNeverHappened) {
  Call();
  const Dialled call = Connect(world_, a1_, b1_);
  world_.OfficeInVain(call.caller.id, a1_.user, 1);
  EXPECT_EQ(PtsOf(a1_), 2);
  EXPECT_EQ(History(a1_, b1_), std::vector<std::int32_t>{1});
  EXPECT_EQ(world_.book().stats().live_calls, 1u);
  EXPECT_TRUE(ReplyAs<reply::Done>(world_.Send(b1_, cmd::SendSignalling{call.callee, {1}}))->flag);
  EXPECT_TRUE(world_.HangUp(call.caller.id));
  ExpectDeletion(UpdatesTo(*world_.DeleteMessage(a1_.user, 1), a1_), 1, 4);
}

}  // namespace
}  // namespace trunkline::book

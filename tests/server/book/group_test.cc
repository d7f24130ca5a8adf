// Groups and restarts: a book restored from its facts goes on where it was, a group that was undone
// never happened, and whatever is sent, the journal stays in order.

#include <map>
#include <random>

#include "tests/server/book/describe.h"
#include "tests/server/book/world.h"

namespace trunkline::book {
namespace {

using Kind = CallView::Kind;
using call::Reason;

TEST(Restart, CallGoesOnAfterEveryStage) {
  for (int stage = 0; stage < 5; ++stage) {
    World world;
    const Phone a = world.SignedIn("9996600001");
    const Phone b = world.SignedIn("9996600002");
    const auto reached = [&](int at) {
      if (at != stage) return;
      world.Restart();
      world.Send(a, cmd::SessionOpened{});
      world.Send(b, cmd::SessionOpened{});
    };
    const Dialled call = Dial(world, a, b);
    reached(0);
    world.Send(b, cmd::ReceivedCall{call.callee});
    reached(1);
    EXPECT_EQ(ReplyAs<reply::Call>(Accept(world, b, call))->call.kind, Kind::kWaiting);
    reached(2);
    const CallView active = ReplyAs<reply::Call>(Confirm(world, a, call))->call;
    EXPECT_EQ(active.g_a_or_b, Gb()) << stage;
    EXPECT_EQ(active.access_hash, call.caller.access_hash);
    reached(3);
    EXPECT_TRUE(ReplyAs<reply::Done>(world.Send(b, cmd::SendSignalling{call.callee, {1}}))->flag);
    const Effects end = Discard(world, a, call.caller, Reason::kHangup, 5);
    EXPECT_EQ(CallTo(end, b)->duration, 5) << stage;
    reached(4);
    const Effects again = Discard(world, b, call.callee, Reason::kHangup, 9);
    EXPECT_EQ(ReplyAs<UpdateBatch>(again)->updates.at(0).call.duration, 5);
    EXPECT_EQ(ReplyAs<UpdateBatch>(again)->updates.at(1).pts, 2);
    EXPECT_EQ(Count<fact::CallEnded>(world.journal()), 1u);
  }
}

TEST(Restart, DevicesHearTheLastNewsAgain) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  const Dialled call = Dial(world, a, b);
  world.Restart();
  EXPECT_EQ(CallTo(world.Send(b, cmd::SessionOpened{}), b)->kind, Kind::kRequested);
  EXPECT_TRUE(UpdatesTo(world.Send(a, cmd::SessionOpened{}), a).empty());
  Accept(world, b, call);
  world.Restart();
  EXPECT_EQ(CallTo(world.Send(a, cmd::SessionOpened{}), a)->kind, Kind::kAccepted);
  EXPECT_TRUE(UpdatesTo(world.Send(b, cmd::SessionOpened{}), b).empty());
  Confirm(world, a, call);
  world.Restart();
  EXPECT_EQ(CallTo(world.Send(b, cmd::SessionOpened{}), b)->kind, Kind::kActive);
  EXPECT_TRUE(UpdatesTo(world.Send(a, cmd::SessionOpened{}), a).empty());
}

TEST(Restart, PassedDeadlinesFireAtOnce) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  Dial(world, a, b);
  world.Restart();
  world.Wait(std::chrono::minutes(10));
  EXPECT_EQ(world.book().stats().live_calls, 0u);
  const auto& ended = std::get<fact::CallEnded>(world.journal().back().body);
  EXPECT_EQ(ended.reason, Reason::kMissed);
}

TEST(Restart, KeysComeBackWithTheirSecrets) {
  World world;
  const AuthKeyId id = world.NewKey();
  world.Restart();
  const auto stored = world.book().StoredKeys();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].id, id);
  world.Send(world.NewPhone(), cmd::GetState{});
  EXPECT_TRUE(world.book().StoredKeys().empty());  // no need for them any more
}

TEST(Restart, FoldedFactsWithJumpingVersions) {
  // The store may give back one row where there were many.
  Book book(TestConfig(), nullptr);
  fact::UserCreated created;
  created.id = UserId(7);
  book.Restore({Stream::kUser, 7, 12, created});
  book.Restore({Stream::kUser, 7, 12, fact::ContactAdded{UserId(7), UserId(8), "A", ""}});
  book.Restore({Stream::kCall, 9, 4, fact::CallEnded{}});  // of a call that was trimmed
  EXPECT_EQ(book.stats().users, 1u);
  EXPECT_EQ(book.stats().live_calls, 0u);
}

// Each command refused by the store must leave nothing behind: two worlds, one of which also tried
// in vain, go on alike.
TEST(Rollback, LeavesNoTrace) {
  World world, other;
  std::vector<Phone> phones[2];
  World* worlds[2] = {&world, &other};
  for (int w = 0; w < 2; ++w) {
    for (const char* number : {"9996600001", "9996600002", "9996600002"}) {
      phones[w].push_back(worlds[w]->SignedIn(number));
    }
  }
  const Dialled first[2] = {Dial(world, phones[0][0], phones[0][1]),
                            Dial(other, phones[1][0], phones[1][1])};
  const auto script = [&](int w) {
    const cmd::PeerCall caller = first[w].caller, callee = first[w].callee;
    const std::vector<std::pair<int, CommandBody>> steps = {
        {1, cmd::ReceivedCall{callee}},
        {2, cmd::SessionClosed{}},
        {1, cmd::AcceptCall{callee, Gb(), TestProtocol()}},
        {2, cmd::SessionOpened{}},
        {0, cmd::ConfirmCall{caller, Ga(), 5, TestProtocol()}},
        {1, cmd::SessionClosed{}},
        {0, cmd::SendSignalling{caller, {1, 2}}},
        {1, cmd::SessionOpened{}},
        {0, cmd::DiscardCall{caller, false, 4, Reason::kHangup, 0}},
        {0, cmd::RequestCall{phones[w][1].query(), true, 99, HashOf(Ga()), TestProtocol()}},
        {0, cmd::SendCode{"9996600009"}},
        {1, cmd::Block{phones[w][0].query(), true}},
        {1, cmd::AddContact{phones[w][0].query(), "Al", "", ""}},
        {1, cmd::UpdateStatus{true}},
        {1, cmd::SetPrivacy{PrivacyKey::kPhoneCall, {{PrivacyRule::Kind::kDisallowAll, {}}}}},
        {2, cmd::LogOut{}},
        {0, cmd::DestroyKey{}},
        {1, cmd::GetAuthorizations{}},
        {1, cmd::GetDifference{1}},
    };
    return steps;
  };
  const auto with = script(0), without = script(1);
  for (std::size_t i = 0; i < with.size(); ++i) {
    SCOPED_TRACE(i);
    const Phone& phone = phones[0][static_cast<std::size_t>(with[i].first)];
    // Sessions are there or not, whatever the disk says, so their commands are not tried in vain.
    const bool presence = std::holds_alternative<cmd::SessionOpened>(with[i].second) ||
                          std::holds_alternative<cmd::SessionClosed>(with[i].second);
    if (!presence) {
      for (const auto& [who, body] : with) {
        if (std::holds_alternative<cmd::SessionOpened>(body)) continue;
        if (std::holds_alternative<cmd::SessionClosed>(body)) continue;
        world.SendInVain(phones[0][static_cast<std::size_t>(who)], body);
      }
    }
    const Effects a = world.Send(phone, with[i].second);
    const Effects b =
        other.Send(phones[1][static_cast<std::size_t>(without[i].first)], without[i].second);
    EXPECT_EQ(Describe(a), Describe(b));
  }
  EXPECT_EQ(Describe(world.journal()), Describe(other.journal()));
}

TEST(Rollback, DeadlinesRestAndFireAgain) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  Dial(world, a, b);
  const WallTime late = world.now() + std::chrono::minutes(10);
  std::vector<Fact> facts;
  Effects effects;
  world.book().FireDeadlines(late, facts, effects);
  EXPECT_EQ(Count<fact::CallEnded>(facts), 1u);
  world.book().RollbackGroup();
  EXPECT_EQ(world.book().stats().live_calls, 1u);
  EXPECT_EQ(world.book().NextDeadline(), late + std::chrono::seconds(1));
  facts.clear();
  world.book().FireDeadlines(late, facts, effects);
  EXPECT_TRUE(facts.empty());
  world.book().FireDeadlines(late + std::chrono::seconds(1), facts, effects);
  EXPECT_EQ(Count<fact::CallEnded>(facts), 1u);
}

TEST(Rollback, WelcomeIsRepeated) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  world.Send(b, cmd::SessionClosed{});
  Dial(world, a, b);
  EXPECT_EQ(CallTo(world.SendInVain(b, cmd::SessionOpened{}), b)->kind, Kind::kRequested);
  ASSERT_TRUE(world.book().NextDeadline());
  EXPECT_EQ(CallTo(world.Wait(std::chrono::seconds(1)), b)->kind, Kind::kRequested);
  EXPECT_FALSE(CallTo(world.Wait(std::chrono::seconds(1)), b));
}

TEST(Rollback, SeveralStepsAtOnce) {
  World world;
  const Phone a = world.SignedIn("9996600001");
  const Phone b = world.SignedIn("9996600002");
  std::vector<Fact> facts;
  Effects effects;
  const auto step = [&](const Phone& phone, CommandBody body) {
    effects.clear();
    world.book().Step({{phone.session, MessageId(1), phone.device}, std::move(body)}, world.now(),
                      facts, effects);
  };
  step(a, world.Request(b));
  const CallView ring = *CallTo(effects, b);
  step(b, cmd::DiscardCall{{ring.id, ring.access_hash}, false, 0, Reason::kBusy, 0});
  EXPECT_EQ(facts.size(), 2u);
  world.book().RollbackGroup();
  EXPECT_EQ(ReplyAs<reply::State>(world.Send(a, cmd::GetState{}))->pts, 1);
  EXPECT_EQ(RefusalIn(Discard(world, b, {ring.id, ring.access_hash})), Refusal::kCallPeerInvalid);
}

TEST(Rollback, RefusalsNameTheRightError) {
  const Requester from{{AuthKeyId(1), SessionId(2)}, MessageId(3), AuthKeyId(1)};
  const auto refusal = [&](CommandBody body) {
    const std::optional<Effect> effect = Book::RefusalOf({from, std::move(body)});
    return std::get<reply::Refused>(std::get<Reply>(*effect).body).refusal;
  };
  EXPECT_EQ(refusal(cmd::AcceptCall{}), Refusal::kCallOccupyFailed);
  EXPECT_EQ(refusal(cmd::DiscardCall{}), Refusal::kCallOccupyFailed);
  EXPECT_EQ(refusal(cmd::SignIn{}), Refusal::kInternal);
  EXPECT_FALSE(Book::RefusalOf({from, cmd::SessionOpened{}}));
  const std::optional<Effect> key = Book::RefusalOf({from, cmd::CreateKey{}});
  EXPECT_TRUE(std::get<KeyStored>(*key).taken);
}

// -- whatever is sent --

class Monkey {
 public:
  explicit Monkey(std::uint64_t seed) : random_(seed) {
    for (const char* number :
         {"9996600001", "9996600001", "9996600002", "9996600002", "9996600003"}) {
      phones_.push_back(world_.SignedIn(number));
    }
    peers_.emplace_back();
  }

  void Play(int steps) {
    for (int i = 0; i < steps; ++i) Act();
    world_.Wait(std::chrono::hours(25));
    EXPECT_EQ(world_.book().stats().live_calls, 0u);
    CheckJournal();
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  const Phone& AnyPhone() { return phones_[Below(phones_.size())]; }
  cmd::PeerCall AnyPeer() {
    return peers_[peers_.size() - 1 - Below(std::min<std::size_t>(peers_.size(), 8))];
  }

  CommandBody AnyCommand() {
    switch (Below(16)) {
      case 0:
      case 1:
        return world_.Request(AnyPhone());
      case 2:
      case 3:
        return cmd::ReceivedCall{AnyPeer()};
      case 4:
      case 5:
        return cmd::AcceptCall{AnyPeer(), Below(9) == 0 ? Bytes{1} : Gb(), TestProtocol()};
      case 6:
      case 7:
        return cmd::ConfirmCall{AnyPeer(), Below(9) == 0 ? Gb() : Ga(), 1, TestProtocol()};
      case 8:
        return cmd::DiscardCall{AnyPeer(), false, static_cast<std::int32_t>(random_()),
                                static_cast<Reason>(Below(5)), 0};
      case 9:
        return cmd::SendSignalling{AnyPeer(), Bytes(Below(70'000))};
      case 10:
        return cmd::SetCallRating{AnyPeer(), false, static_cast<std::int32_t>(random_()), "\xc3"};
      case 11:
        return cmd::SessionOpened{};
      case 12:
        return cmd::SessionClosed{};
      case 13:
        return cmd::GetDifference{static_cast<std::int32_t>(random_())};
      case 14:
        return cmd::GetHistory{AnyPhone().query(), static_cast<std::int32_t>(random_()),
                               static_cast<std::int32_t>(random_())};
      default:
        return Below(20) == 0 ? CommandBody(cmd::LogOut{})
                              : CommandBody(cmd::UpdateStatus{Below(2) == 0});
    }
  }

  void Act() {
    const std::size_t what = Below(100);
    if (what == 0) return world_.Restart();
    if (what < 5) {
      world_.Wait(std::chrono::seconds(Below(60)));
      return;
    }
    const Phone phone = AnyPhone();
    if (what < 15) {
      world_.SendInVain(phone, AnyCommand());
      return;
    }
    Learn(world_.Send(phone, AnyCommand()));
  }

  void Learn(const Effects& effects) {
    if (const auto* call = ReplyAs<reply::Call>(effects)) {
      peers_.push_back({call->call.id, call->call.access_hash});
    }
    for (const Effect& effect : effects) {
      const auto* push = std::get_if<Push>(&effect);
      if (push == nullptr) continue;
      for (const Update& update : push->batch->updates) {
        if (update.kind != Update::Kind::kPhoneCall) continue;
        peers_.push_back({update.call.id, update.call.access_hash});
      }
    }
  }

  void CheckJournal() {
    std::map<std::pair<int, std::int64_t>, std::int32_t> versions;
    std::map<CallId, fact::CallRequested> requested;
    std::map<CallId, int> ends;
    std::map<UserId, std::int32_t> pts;
    for (const Fact& fact : world_.journal()) {
      EXPECT_EQ(fact.version, (++versions[{static_cast<int>(fact.stream), fact.id}]));
      if (const auto* request = std::get_if<fact::CallRequested>(&fact.body)) {
        requested[request->id] = *request;
      }
      const auto* ended = std::get_if<fact::CallEnded>(&fact.body);
      if (ended == nullptr) continue;
      EXPECT_EQ(++ends[ended->id], 1);
      EXPECT_EQ(ended->caller_pts, ++pts[requested[ended->id].caller] + 1);
      EXPECT_EQ(ended->callee_pts, ++pts[requested[ended->id].callee] + 1);
    }
    EXPECT_EQ(ends.size(), requested.size());
    EXPECT_FALSE(requested.empty());
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<Phone> phones_;
  std::vector<cmd::PeerCall> peers_;
};

TEST(Property, AnyCommandsKeepTheJournalInOrder) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Monkey(seed).Play(600);
  }
}

}  // namespace
}  // namespace trunkline::book

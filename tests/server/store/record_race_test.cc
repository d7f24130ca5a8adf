// What people do to a call and what a back office does to its record, two at a time, in every order
// of their steps, from every phase, and each order again with each step refused by the store
// (section 11, item 2): M-10 to M-14, X-01 and X-03 hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/server/store/race_world.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

using records::EventType;

// What people do among themselves is tests/server/book/interleavings_test.cc's.
constexpr std::size_t kOfPeople = 6;

// `step`: which of its own. A look-up is a step too: between it and the change others act.
struct Operation {
  const char* name;
  int steps;
  void (*run)(RaceWorld&, const RaceCall&, int step);
};

void HangUp(RaceWorld& world, bool caller, const RaceCall& call) {
  world.Send(caller ? world.caller() : world.callee(),
             book::cmd::DiscardCall{caller ? call.caller : call.callee, false, 1,
                                    call::Reason::kHangup, 0});
}

void Discard(RaceWorld& world, const RaceCall& call, int step) {
  const bool visible = world.Look(call).visible;
  if (step == 0) return;
  world.Change([&](records::Ledger& ledger, records::Live& live) {
    const auto found = ledger.Discard(world.actor(), {call.record.Hex(), std::nullopt, false}, live,
                                      world.now_ms());
    EXPECT_EQ(found.value_or(false), visible) << "what is hidden can't be discarded";
    return found.status();
  });
}

void Purge(RaceWorld& world, const RaceCall& call, int step) {
  if (step > 0 && !world.PurgeDue()) return;
  world.Change([&](records::Ledger& ledger, records::Live& live) {
    if (step > 0) return ledger.PurgeSlice(1, live, world.now_ms()).status();
    const records::PurgeRequest request = {
        records::PurgeRequest::Kind::kCalls, {call.record.Hex()}, "", false};
    return ledger.Purge(world.actor(), request, world.now_ms()).status();
  });
}

const Operation kOperations[] = {
    {"receivedCall", 1,
     [](RaceWorld& world, const RaceCall& call, int) {
       world.Send(world.callee(), book::cmd::ReceivedCall{call.callee});
     }},
    {"acceptCall", 1,
     [](RaceWorld& world, const RaceCall& call, int) {
       world.Send(world.callee(),
                  book::cmd::AcceptCall{call.callee, book::Gb(), book::TestProtocol()});
     }},
    {"confirmCall", 1,
     [](RaceWorld& world, const RaceCall& call, int) {
       world.Send(world.caller(),
                  book::cmd::ConfirmCall{call.caller, book::Ga(), 77, book::TestProtocol()});
     }},
    {"discardCall by the caller", 1,
     [](RaceWorld& world, const RaceCall& call, int) { HangUp(world, true, call); }},
    {"discardCall by the callee", 1,
     [](RaceWorld& world, const RaceCall& call, int) { HangUp(world, false, call); }},
    {"the deadline", 1,
     [](RaceWorld& world, const RaceCall&, int) {
       world.Pass(std::chrono::hours(25));
       world.FireDeadlines();
     }},
    {"note delete", 1,
     [](RaceWorld& world, const RaceCall& call, int) {
       world.Change([&](records::Ledger& ledger, records::Live&) {
         return ledger.RemoveNote(world.actor(), call.record.Hex(), call.note.Hex(), world.now_ms())
             .status();
       });
     }},
    {"discard", 2, Discard},
    {"purge", 2, Purge},
};

// Events of what changed, in order; those of contacts and conversations are another test's.
std::vector<EventType> EventsOf(const RecordSeen& before, const RecordSeen& after, bool purge) {
  std::vector<EventType> events;
  if (!before.row) return events;
  const int phase = after.row ? after.phase : 4;
  if (before.phase < 1 && phase == 1) events.push_back(EventType::kCallRinging);
  if (before.phase < 2 && phase == 2) events.push_back(EventType::kCallAnswered);
  if (before.phase < 4 && phase == 4) {
    events.insert(events.end(), {EventType::kCallEnded, EventType::kFetchMessages});
  }
  if (!after.row) events.push_back(purge ? EventType::kCallPurged : EventType::kCallDiscarded);
  if (after.row && before.visible && !after.visible) events.push_back(EventType::kCallPurging);
  if (after.row && after.notes < before.notes) events.push_back(EventType::kCallNoteRemoved);
  return events;
}

struct Play {
  int phase = 0;
  const Operation* operations[2] = {};
  std::string order;  // 0 or 1: whose step
  int refused = -1;   // which step the store refuses
  bool lazy = false;  // nothing is projected until somebody has to

  std::string Text() const {
    return "from phase " + std::to_string(phase) + ": " + operations[0]->name + " and " +
           operations[1]->name + ", order " + order + ", refused " + std::to_string(refused) +
           (lazy ? ", projected late" : "");
  }
};

class Referee {
 public:
  Referee(RaceWorld* world, const Play& play)
      : world_(*world), play_(play), call_(world->NewCall(play.phase)) {
    world_.Project();
    seen_ = world_.Look(call_);
    newest_ = world_.newest_event();
    Expect(seen_.visible && seen_.phase == play.phase, "M-13: visible from its request on");
  }

  void Run() {
    int next[2] = {};
    for (std::size_t at = 0; at < play_.order.size(); ++at) {
      const int which = play_.order[at] - '0';
      Step(*play_.operations[which], next[which]++, static_cast<int>(at) == play_.refused);
    }
    End();
  }
  const std::string& broken() const { return broken_; }

 private:
  void Step(const Operation& operation, int step, bool refused) {
    world_.set_refusing(refused);
    operation.run(world_, call_, step);
    world_.set_refusing(false);
    if (!play_.lazy) Watch(refused, operation.run == Purge);
  }

  void Watch(bool refused, bool purge) {
    world_.Project();
    const RecordSeen now = world_.Look(call_);
    std::vector<EventType> told;
    for (const records::Event& event : world_.EventsAfter(newest_)) {
      Expect(event.seq == ++newest_, "X-01: seq has no gap");
      const bool of_contact =
          event.type == EventType::kConversationRemoved || event.type == EventType::kContactRemoved;
      if (!of_contact) told.push_back(event.type);
    }
    Expect(!refused || (told.empty() && now == seen_), "M-10: refused is nothing at all");
    Expect(told == EventsOf(seen_, now, purge), "M-10, X-03: events are what was committed");
    Expect(!now.row || now.phase >= seen_.phase, "M-11: phase only moves forward");
    Expect(now.rows <= 1, "M-12: one record a call");
    Expect(seen_.visible || !now.visible, "M-13: what is hidden stays hidden");
    Expect(now.row || now.details == 0, "M-14: what hangs on a record goes with it");
    Expect(seen_.row || !now.row, "M-12: a record that is gone doesn't come back");
    seen_ = now;
  }

  // Whatever was left undone is done, and the book and the tables agree on what became of it.
  void End() {
    HangUp(world_, true, call_);
    world_.Project();
    if (!play_.lazy) Watch(false, false);
    for (int slices = 0; slices < 10 && world_.PurgeDue(); ++slices) Purge(world_, call_, 1);
    if (!play_.lazy) Watch(false, true);
    const RecordSeen last = world_.Look(call_);
    Expect(world_.book().stats().live_calls == 0, "every call ends");
    Expect(last.row == last.visible, "nothing waits for a purge");
    Expect(!last.row || (last.rows == 1 && last.phase == 4), "M-12: one record, ended");
    const auto status = world_.reader().StatusOf(world_.actor().organization, call_.record.Hex());
    const bool purged = status.ok() && status->state == records::PurgeState::kPurged;
    const std::vector<UserId> both = {world_.caller().user, world_.callee().user};
    const std::vector<UserId> owner = {world_.caller().user};
    const std::vector<UserId> expected = last.row ? std::vector<UserId>() : purged ? both : owner;
    Expect(world_.deleted() == expected, "messages go with the record, and only with it");
  }

  void Expect(bool held, const char* rule) {
    if (!held && broken_.empty()) broken_ = rule;
  }

  RaceWorld& world_;
  const Play& play_;
  const RaceCall call_;
  RecordSeen seen_;
  std::int64_t newest_ = 0;
  std::string broken_;
};

template <class Each>
void ForEachPlay(Each each) {
  for (int phase = 0; phase <= 4; ++phase) {
    for (const Operation& one : kOperations) {
      const Operation* const from = std::max(&one, kOperations + kOfPeople);
      for (const Operation* other = from; other != std::end(kOperations); ++other) {
        Play play{phase, {&one, other}, std::string(static_cast<std::size_t>(one.steps), '0')};
        play.order += std::string(static_cast<std::size_t>(other->steps), '1');
        do {
          for (play.refused = -1; play.refused < std::ssize(play.order); ++play.refused) {
            if (!each(play)) return;
          }
          play.refused = -1;
          play.lazy = true;
          if (!each(play)) return;
          play.lazy = false;
        } while (std::next_permutation(play.order.begin(), play.order.end()));
      }
    }
  }
}

class RecordRaceTest : public ScratchDir {
 protected:
  std::string FirstBroken(bool forgetful) {
    RaceWorld world(MustOpen(), file());
    world.set_forgetful(forgetful);
    std::string broken;
    ForEachPlay([&](const Play& play) {
      Referee referee(&world, play);
      referee.Run();
      ++plays_;
      if (!referee.broken().empty()) broken = referee.broken() + " (" + play.Text() + ")";
      return broken.empty();
    });
    return broken;
  }
  int plays_ = 0;
};

TEST_F(RecordRaceTest, EveryOrderOfTwoKeepsTheRules) {
  EXPECT_EQ(FirstBroken(false), "");
  std::printf("%d plays\n", plays_);
  EXPECT_GT(plays_, 1000);
}

TEST_F(RecordRaceTest, ABookThatKeepsWhatTheStoreRefusedIsFound) {
  EXPECT_NE(FirstBroken(true), "");
}

}  // namespace
}  // namespace trunkline::store

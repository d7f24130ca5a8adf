// What comes back from calls, and what it changes.
#include <cmath>
#include <functional>

#include "tests/server/picker/world.h"

namespace trunkline::picker {
namespace {

using namespace test;
using std::chrono::seconds;

class FeedbackTest : public testing::Test {
 protected:
  FeedbackTest() {
    for (int i = 1; i <= 12; ++i) {
      const bool london = i % 2 == 1;
      EXPECT_TRUE(
          picker_.Add(Reflector(i, london ? "london" : "frankfurt", london ? kLondon : kFrankfurt))
              .ok());
    }
    Beat(picker_, kNow);
  }
  Assignment Call() { return picker_.Pick(Between(kLondon, kParis), kNow, random_++); }
  const Entry& EntryOf(EntryId id) { return picker_.fleet().at(*picker_.fleet().IndexOf(id)); }
  EntryId First(const Assignment& call) { return call.offer.entries[0].id; }
  FlowSummary Flow(const Assignment& call, std::size_t slot, std::uint64_t packets) {
    return {.relay = call.offer.entries[slot].id,
            .caller = {true, 40, 0, 10},
            .callee = {true, 40, 0, 10},
            .packets = packets,
            .bytes = packets * 160,
            .duration = seconds(10)};
  }

  Picker picker_;
  std::uint64_t random_ = 1;
};

TEST_F(FeedbackTest, TheCarrierIsWhoForwardedMedia) {
  Assignment call = Call();
  EXPECT_TRUE(picker_.OnFlow(call, Flow(call, 1, 30), kNow));  // ICE checks
  EXPECT_EQ(call.carrier, -1);
  picker_.OnFlow(call, Flow(call, 1, 1'000), kNow);
  EXPECT_EQ(call.carrier, 1);
  EXPECT_EQ(EntryOf(call.offer.entries[1].id).counted, 1);
  EXPECT_EQ(EntryOf(First(call)).counted, 0);
  picker_.OnFlow(call, Flow(call, 0, 5'000), kNow);
  EXPECT_EQ(call.carrier, 0);
  picker_.OnFlow(call, Flow(call, 1, 1'100), kNow);
  EXPECT_EQ(call.carrier, 0);
  picker_.OnEnd(call, {.duration = seconds(60)}, kNow);
  for (const Entry& entry : picker_.fleet().entries()) EXPECT_EQ(entry.counted, 0);
}

struct BadFlow {
  const char* what;
  std::function<void(FlowSummary&)> change;
};

TEST_F(FeedbackTest, FlowsThatAreRefused) {
  const BadFlow rows[] = {
      {"not offered", [](FlowSummary& f) { f.relay = EntryId(99); }},
      {"no number", [](FlowSummary& f) { f.caller.rtt_ms = NAN; }},
      {"infinite", [](FlowSummary& f) { f.callee.rtt_ms = INFINITY; }},
      {"negative", [](FlowSummary& f) { f.callee.rtt_ms = -1; }},
      {"loss over one", [](FlowSummary& f) { f.caller.loss = 1.5F; }},
  };
  for (const BadFlow& row : rows) {
    Assignment call = Call();
    FlowSummary flow = Flow(call, 0, 1'000);
    row.change(flow);
    EXPECT_FALSE(picker_.OnFlow(call, flow, kNow)) << row.what;
    EXPECT_EQ(call.carrier, -1) << row.what;
  }
  EXPECT_EQ(picker_.stats().flows_refused, std::size(rows));
}

TEST_F(FeedbackTest, LegsMoveThePrediction) {
  for (int i = 0; i < 40; ++i) {
    Assignment call = Call();
    for (std::size_t slot = 0; slot < call.offer.count; ++slot) {
      FlowSummary flow = Flow(call, slot, 1'000);
      const bool london = flow.relay.value() % 2 == 1;
      flow.caller.rtt_ms = london ? 150 : 40;  // geography is wrong about London
      picker_.OnFlow(call, flow, kNow);
    }
    picker_.OnEnd(call, {.duration = seconds(60)}, kNow);
  }
  EXPECT_EQ(First(Call()).value() % 2, 0);
}

TEST_F(FeedbackTest, OneSlowRelayOfASiteIsToldApart) {
  for (int i = 0; i < 400; ++i) {
    Assignment call = Call();
    for (std::size_t slot = 0; slot < call.offer.count; ++slot) {
      FlowSummary flow = Flow(call, slot, 1'000);
      if (flow.relay == EntryId(1)) flow.caller.loss = flow.callee.loss = 0.08F;
      picker_.OnFlow(call, flow, kNow);
    }
    picker_.OnEnd(call, {.duration = seconds(60)}, kNow);
  }
  Call();
  EXPECT_GT(VerdictOn(picker_, 1).score_ms, VerdictOn(picker_, 3).score_ms + 20);
}

struct OutcomeRow {
  const char* what;
  std::function<void(Picker&, Assignment&)> tell;
  float good, bad;
};

TEST_F(FeedbackTest, OutcomesOfTheCarrier) {
  const auto carried = [this](Assignment& call) {
    picker_.OnFlow(call, Flow(call, 0, 1'000), kNow);
  };
  const OutcomeRow rows[] = {
      {"long call",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnEnd(c, {Ending::kHangup, seconds(60)}, kNow);
       },
       1, 0},
      {"long call that broke off",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnEnd(c, {Ending::kDisconnect, seconds(60)}, kNow);
       },
       1, 0},
      {"broke off at once",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnEnd(c, {Ending::kDisconnect, seconds(5)}, kNow);
       },
       0, 1},
      {"hung up at once",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnEnd(c, {Ending::kHangup, seconds(5)}, kNow);
       },
       0, 0},
      {"never established",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnEnd(c, {Ending::kDisconnect, seconds(0)}, kNow);
       },
       0, 0},
      {"nobody knows who carried it",
       [&](Picker& p, Assignment& c) {
         p.OnEnd(c, {Ending::kDisconnect, seconds(5)}, kNow);
       },
       0, 0},
      {"libtgvoip told who",
       [&](Picker& p, Assignment& c) {
         p.OnEnd(c, {Ending::kDisconnect, seconds(5), c.offer.entries[0].id.value() ^ kTcpMark},
                 kNow);
       },
       0, 1},
      {"hello, and nothing ever flowed",
       [&](Picker& p, Assignment& c) {
         FlowSummary flow{.relay = c.offer.entries[0].id};
         flow.caller.hello = true;
         p.OnFlow(c, flow, kNow);
       },
       0, 1},
      {"nobody came",
       [&](Picker& p, Assignment& c) { p.OnFlow(c, {.relay = c.offer.entries[0].id}, kNow); }, 0,
       0},
      {"one star, dropped",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnRating(c, 1, 1 << 6, kNow);
       },
       0, 1},
      {"one star, echo: not the relay's",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnRating(c, 1, 1 << 0, kNow);
       },
       0, 0},
      {"five stars",
       [&](Picker& p, Assignment& c) {
         carried(c);
         p.OnRating(c, 5, 0, kNow);
       },
       1, 0},
      {"a rating of an unknown carrier",
       [&](Picker& p, Assignment& c) { p.OnRating(c, 1, 1 << 6, kNow); }, 0, 0},
  };
  for (const OutcomeRow& row : rows) {
    Assignment call = Call();
    Entry& entry = picker_.fleet().at(*picker_.fleet().IndexOf(First(call)));
    entry.good = entry.bad = 0;
    row.tell(picker_, call);
    EXPECT_EQ(entry.good, row.good) << row.what;
    EXPECT_EQ(entry.bad, row.bad) << row.what;
  }
}

TEST_F(FeedbackTest, HintsAreCountedByKind) {
  Assignment call = Call();
  picker_.OnEnd(call,
                {.duration = seconds(30),
                 .caller_connection = First(call).value() ^ kTcpMark,
                 .callee_connection = 12'345},
                kNow);
  call = Call();
  picker_.OnEnd(call, {.duration = seconds(30)}, kNow);
  EXPECT_EQ(picker_.stats().hints_offered, 1u);
  EXPECT_EQ(picker_.stats().hints_tcp, 1u);
  EXPECT_EQ(picker_.stats().hints_foreign, 1u);
  EXPECT_EQ(picker_.stats().hints_none, 2u);
}

// London is predicted nearer, the clients keep preferring Frankfurt.
TEST_F(FeedbackTest, APreferenceMovesThePrediction) {
  const auto prefer = [&](Duration duration, int times) {
    for (int i = 0; i < times; ++i) {
      Assignment call = Call();
      std::int64_t even = 0;
      for (const Offered& offered : call.offer.list()) {
        if (offered.id.value() % 2 == 0) even = offered.id.value();
      }
      picker_.OnEnd(call, {.duration = duration, .caller_connection = even}, kNow);
    }
  };
  const Request request = Between(kLondon, kLondon);
  picker_.Choose(request, kNow, 1);
  const float before =
      VerdictOn(picker_, 2).rtt_ms - static_cast<float>(VerdictOn(picker_, 1).rtt_ms);
  prefer(seconds(10), 50);  // too short to have measured
  picker_.Choose(request, kNow, 1);
  EXPECT_EQ(VerdictOn(picker_, 2).rtt_ms - static_cast<float>(VerdictOn(picker_, 1).rtt_ms),
            before);
  prefer(seconds(60), 50);
  picker_.Choose(Between(kLondon, kParis), kNow, 1);
  EXPECT_LE(VerdictOn(picker_, 2).rtt_ms, VerdictOn(picker_, 1).rtt_ms + 1);
}

TEST_F(FeedbackTest, EndedCallsTeachHowLongTheyLast) {
  const double before = picker_.durations().Survival(seconds(600));
  for (int i = 0; i < 100; ++i) {
    Assignment call = Call();
    picker_.OnEnd(call, {.duration = seconds(2'000)}, kNow);
  }
  EXPECT_GT(picker_.durations().Survival(seconds(600)), before + 0.3);
}

}  // namespace
}  // namespace trunkline::picker

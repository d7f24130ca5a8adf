// What is offered, in which slot, and why the rest isn't.
#include "server/picker/picker.h"

#include <functional>
#include <map>
#include <set>

#include "tests/server/picker/world.h"

namespace trunkline::picker {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Test;

class PickerTest : public Test {
 protected:
  void Add(const EntryConfig& config) {
    ASSERT_TRUE(picker_.Add(config).ok()) << config.id.value();
  }
  // Two relays in London, one each elsewhere, a TURN and a STUN entry.
  void AddWorld() {
    Add(Reflector(1, "london", kLondon));
    Add(Reflector(2, "london", kLondon));
    Add(Reflector(3, "frankfurt", kFrankfurt));
    Add(Reflector(4, "newyork", kNewYork));
    Add(Reflector(5, "tokyo", kTokyo));
    Add(Webrtc(Kind::kTurn, 6, kParis));
    Add(Webrtc(Kind::kStun, 7, kParis));
    Beat(picker_, kNow);
  }
  Offer Choose(const Request& request, WallTime now = kNow) {
    return picker_.Choose(request, now, random_++);
  }

  Picker picker_;
  std::uint64_t random_ = 1;
};

TEST_F(PickerTest, TheFourSlots) {
  AddWorld();
  const Offer offer = Choose(Between(kLondon, kParis));
  ASSERT_EQ(offer.count, 4);
  EXPECT_FALSE(offer.panic);
  EXPECT_TRUE(offer.entries[0].id.value() <= 2);
  EXPECT_EQ(offer.entries[0].why, Why::kBest);
  EXPECT_EQ(offer.entries[1].id, EntryId(3));
  EXPECT_EQ(offer.entries[1].why, Why::kOtherDomain);
  EXPECT_EQ(offer.entries[3].id, EntryId(6));
  EXPECT_EQ(offer.entries[3].why, Why::kFallback);
  EXPECT_EQ(WhyOf(picker_, 7), Why::kNoDirect);
  EXPECT_EQ(WhyOf(picker_, 5), Why::kOutscored);
  std::set<EntryId> ids;
  for (const Offered& offered : offer.list()) ids.insert(offered.id);
  EXPECT_EQ(ids.size(), offer.count);
}

TEST_F(PickerTest, TheMiddleBeatsTheCallersNearest) {
  Add(Reflector(1, "london", kLondon));
  Add(Reflector(2, "newyork", kNewYork));
  Add(Reflector(3, "iceland", {64.1F, -21.9F, true}));
  Add(Reflector(4, "tokyo", kTokyo));
  Beat(picker_, kNow);
  // On the way from Moscow to Chicago lies Iceland.
  const Offer offer = Choose(Between({55.8F, 37.6F, true}, {41.9F, -87.6F, true}));
  EXPECT_EQ(offer.entries[0].id, EntryId(3));
}

struct PickRow {
  const char* what;
  std::function<void(Picker&, Request&)> change;
  std::int64_t id;
  Why why;
};

TEST_F(PickerTest, WhyAnEntryIsNotOffered) {
  const PickRow rows[] = {
      {"draining", [](Picker& p, Request&) { p.fleet().SetDraining(EntryId(3), true); }, 3,
       Why::kDraining},
      {"no beat",
       [](Picker& p, Request&) { p.fleet().Heartbeat(EntryId(3), {}, kNow - seconds(5)); }, 3,
       Why::kDown},
      {"wrong secret",
       [](Picker& p, Request&) { p.fleet().SetHealth(EntryId(6), Health::kMisconfigured); }, 6,
       Why::kMisconfigured},
      {"TURN is full", [](Picker& p, Request&) { p.fleet().SetHealth(EntryId(6), Health::kFull); },
       6, Why::kFull},
      {"ejected",
       [](Picker& p, Request&) {
         for (int i = 0; i < 5; ++i) p.fleet().NoteOutcome(2, true, kNow);
       },
       3, Why::kEjected},
      {"overloaded",
       [](Picker& p, Request&) { p.fleet().Heartbeat(EntryId(3), {.calls = 90}, kNow); }, 3,
       Why::kOverloaded},
      {"lies that it has nothing",
       [](Picker& p, Request&) {
         p.fleet().at(2).counted = 90;
         p.fleet().Heartbeat(EntryId(3), {}, kNow);
       },
       3, Why::kOverloaded},
      {"libtgvoip knows no TURN", [](Picker&, Request& r) { r.stack = kLibtgvoip; }, 6,
       Why::kStack},
      {"the relay's version serves libtgvoip alone",
       [](Picker& p, Request&) { p.fleet().at(2).stacks = kLibtgvoip; }, 3, Why::kStack},
      {"a client without IPv4",
       [](Picker&, Request& r) {
         r.callee.ipv4 = false;
         r.callee.ipv6 = true;
       },
       3, Why::kFamily},
      {"wants a label", [](Picker&, Request& r) { r.labels_wanted = 1; }, 3, Why::kLabels},
      {"refuses a label",
       [](Picker& p, Request& r) {
         p.fleet().at(2).labels = 6;
         r.labels_refused = 2;
       },
       3, Why::kLabels},
      {"STUN without p2p", [](Picker&, Request&) {}, 7, Why::kNoDirect},
      {"far away", [](Picker&, Request&) {}, 5, Why::kOutscored},
      {"as near, more loaded",
       [](Picker& p, Request&) { p.fleet().Heartbeat(EntryId(1), {.calls = 20}, kNow); }, 1,
       Why::kBusier},
  };
  for (const PickRow& row : rows) {
    picker_ = Picker();
    AddWorld();
    Request request = Between(kLondon, kLondon);
    row.change(picker_, request);
    const Offer offer = Choose(request);
    EXPECT_FALSE(Offers(offer, row.id)) << row.what;
    EXPECT_EQ(WhyName(WhyOf(picker_, row.id)), WhyName(row.why)) << row.what;
    EXPECT_EQ(VerdictOn(picker_, row.id).slot, 0) << row.what;
    EXPECT_EQ(picker_.Explain().size(), picker_.fleet().entries().size()) << row.what;
  }
}

TEST_F(PickerTest, EveryOfferedEntryHasItsVerdict) {
  AddWorld();
  picker_.fleet().Heartbeat(EntryId(3), {.calls = 30}, kNow);
  const Offer offer = Choose(Between(kLondon, kParis));
  for (std::size_t i = 0; i < offer.count; ++i) {
    const Verdict verdict = VerdictOn(picker_, offer.entries[i].id.value());
    EXPECT_EQ(verdict.slot, i + 1);
    EXPECT_EQ(verdict.why, offer.entries[i].why);
    EXPECT_GT(verdict.rtt_ms, 20);
    EXPECT_GE(verdict.score_ms, verdict.rtt_ms);
    EXPECT_GT(verdict.deviation_ms, 10);
  }
  EXPECT_EQ(VerdictOn(picker_, 3).load_permille, 300);
}

TEST_F(PickerTest, FamiliesMustMeet) {
  EntryConfig both = Reflector(1, "london", kLondon), six = Reflector(2, "frankfurt", kFrankfurt);
  both.ipv6 = "2001:db8::1";
  six.ip = "";
  six.ipv6 = "2001:db8::2";
  Add(both);
  Add(six);
  Beat(picker_, kNow);
  Request request = Between(kLondon, kLondon);
  request.callee.ipv4 = false;
  request.callee.ipv6 = true;
  EXPECT_EQ(Ids(Choose(request)), std::vector<std::int64_t>{1});  // bridges the families
  request.caller.ipv6 = true;
  EXPECT_EQ(Choose(request).count, 2);
}

TEST_F(PickerTest, WithoutAnotherDomainTheSameOneServes) {
  Add(Reflector(1, "london", kLondon));
  Add(Reflector(2, "london", kLondon));
  Beat(picker_, kNow);
  const Offer offer = Choose(Between(kLondon, kLondon));
  ASSERT_EQ(offer.count, 2);
  EXPECT_EQ(offer.entries[1].why, Why::kSameDomain);
}

TEST_F(PickerTest, AnotherDomainComesBeforeANearerRelay) {
  Add(Reflector(1, "london", kLondon));
  Add(Reflector(2, "london", kLondon));
  Add(Reflector(3, "sydney", kSydney));
  Beat(picker_, kNow);
  const Offer offer = Choose(Between(kLondon, kParis));
  ASSERT_EQ(offer.count, 3);
  EXPECT_EQ(offer.entries[1].id, EntryId(3));
}

TEST_F(PickerTest, TurnAloneFillsTheSlots) {
  Add(Webrtc(Kind::kTurn, 1, kLondon));
  Add(Webrtc(Kind::kTurn, 2, kTokyo));
  const Offer offer = Choose(Between(kLondon, kLondon));
  EXPECT_EQ(Ids(offer), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(PickerTest, TheTcpEntryIsAFallbackForThoseWhoKnowIt) {
  Add(Reflector(1, "london", kLondon));
  EntryConfig tcp = Reflector(2, "london", kLondon);
  tcp.kind = Kind::kReflectorTcp;
  Add(tcp);
  Beat(picker_, kNow);
  Request request = Between(kLondon, kLondon);
  EXPECT_EQ(Choose(request).entries[1].why, Why::kFallback);
  request.tcp_entries = false;
  EXPECT_EQ(Choose(request).count, 1);
  EXPECT_EQ(WhyOf(picker_, 2), Why::kStack);
}

TEST_F(PickerTest, StunComesLastWhenBothMayConnectDirectly) {
  AddWorld();
  Request request = Between(kLondon, kParis);
  request.p2p = true;
  const Offer offer = Choose(request);
  ASSERT_EQ(offer.count, 5);
  EXPECT_EQ(offer.entries[4].id, EntryId(7));
  EXPECT_EQ(offer.entries[4].why, Why::kDirect);
}

TEST_F(PickerTest, ExploresWhatMayBeBetter) {
  Add(Reflector(1, "london", kLondon));
  Add(Reflector(2, "frankfurt", kFrankfurt));
  Add(Reflector(3, "paris", kParis));
  Add(Reflector(4, "madrid", {40.4F, -3.7F, true}));
  Beat(picker_, kNow);
  const Request request = Between(kLondon, kLondon);
  const auto tell = [&](std::int64_t id, float rtt_ms) {
    Assignment call;
    call.who = request;
    call.offer.count = 1;
    call.offer.entries[0].id = EntryId(id);
    FlowSummary flow{.relay = EntryId(id), .packets = 1'000, .duration = seconds(10)};
    flow.caller = flow.callee = {true, rtt_ms, 0, 10};
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(picker_.OnFlow(call, flow, kNow));
  };
  tell(1, 32);
  tell(2, 36);
  tell(3, 40);
  // Madrid is predicted a little worse than Paris is known to be, but it may be the best of all.
  Offer offer = Choose(request);
  EXPECT_GT(VerdictOn(picker_, 4).score_ms, VerdictOn(picker_, 2).score_ms);
  EXPECT_EQ(offer.entries[2].id, EntryId(4));
  EXPECT_EQ(offer.entries[2].why, Why::kExplored);
  tell(4, 60);
  offer = Choose(request);
  EXPECT_EQ(offer.entries[2].id, EntryId(3));
  EXPECT_EQ(offer.entries[2].why, Why::kNextBest);
}

TEST_F(PickerTest, TwoChoicesSpreadEvenlyBetweenBeats) {
  for (int i = 1; i <= 8; ++i) Add(Reflector(i, "london", kLondon));
  Beat(picker_, kNow);
  std::map<EntryId, int> firsts;
  for (int i = 0; i < 400; ++i) {
    ++firsts[picker_.Pick(Between(kLondon, kLondon), kNow, random_ += 77).offer.entries[0].id];
  }
  EXPECT_EQ(firsts.size(), 8u);
  for (const auto& [id, calls] : firsts) EXPECT_LT(calls, 50 * 1.25) << id.value();
}

TEST_F(PickerTest, PanicOffersAllAndSaysSo) {
  AddWorld();
  const WallTime later = kNow + seconds(10);
  picker_.fleet().Heartbeat(EntryId(4), {}, later);
  const Offer offer =
      Choose(Between(kLondon, kParis), later);  // of six that relay, two are healthy
  EXPECT_TRUE(offer.panic);
  EXPECT_EQ(offer.count, 4);
  EXPECT_TRUE(offer.entries[0].id.value() <= 2);
}

TEST_F(PickerTest, TheDeadAreOfferedOnlyInsteadOfNothing) {
  AddWorld();
  const WallTime later = kNow + seconds(10);
  // Every relay is silent; the TURN server, which is probed, lives.
  const Offer turn = Choose(Between(kLondon, kParis), later);
  EXPECT_FALSE(turn.panic);
  ASSERT_EQ(turn.count, 1);
  EXPECT_EQ(turn.entries[0].kind, Kind::kTurn);
  // libtgvoip can't use it.
  Request old = Between(kLondon, kParis);
  old.stack = kLibtgvoip;
  const Offer silent = Choose(old, later);
  EXPECT_TRUE(silent.panic);
  EXPECT_GT(silent.count, 0);
  for (const Offered& offered : silent.list()) EXPECT_EQ(offered.kind, Kind::kReflector);
}

TEST_F(PickerTest, AnEmptyFleetOffersNothing) {
  EXPECT_EQ(picker_.Pick(Between(kLondon, kParis), kNow, 1).offer.count, 0);
  EXPECT_EQ(picker_.stats().empty, 1u);
}

TEST_F(PickerTest, ADeadRelayIsOutWithinFiveSeconds) {
  AddWorld();
  for (int ms = 0; ms <= 5'000; ms += 500) {
    const WallTime now = kNow + milliseconds(ms);
    if (ms % 1'000 == 0) {
      for (const std::int64_t id : {2, 3, 4, 5}) picker_.fleet().Heartbeat(EntryId(id), {}, now);
    }
    Choose(Between(kLondon, kLondon), now);
    EXPECT_EQ(WhyOf(picker_, 1) == Why::kDown, ms > 4'000) << ms;
  }
  EXPECT_FALSE(Choose(Between(kLondon, kLondon), kNow + seconds(5)).panic);
}

TEST_F(PickerTest, WhatIsStoredStaysAsItWas) {
  AddWorld();
  const Assignment call = picker_.Pick(Between(kLondon, kParis), kNow, 5);
  const Offer told = call.offer;
  picker_.fleet().SetDraining(told.entries[0].id, true);
  picker_.Pick(Between(kTokyo, kSydney), kNow, 6);
  EXPECT_EQ(call.offer, told);
}

TEST_F(PickerTest, SameInputsSameOffer) {
  AddWorld();
  EXPECT_EQ(picker_.Choose(Between(kLondon, kParis), kNow, 42),
            picker_.Choose(Between(kLondon, kParis), kNow, 42));
}

TEST_F(PickerTest, CountsWhatItGivesAndTakesItBack) {
  AddWorld();
  std::vector<Assignment> calls;
  for (int i = 0; i < 50; ++i)
    calls.push_back(picker_.Pick(Between(kLondon, kParis), kNow, random_++));
  float counted = 0;
  for (const Entry& entry : picker_.fleet().entries()) counted += entry.counted;
  EXPECT_NEAR(counted, 50, 0.01);
  for (Assignment& call : calls) {
    picker_.OnEnd(call, {}, kNow);
    picker_.OnEnd(call, {}, kNow);  // a second time changes nothing
  }
  for (const Entry& entry : picker_.fleet().entries()) {
    EXPECT_EQ(entry.counted, 0);
    EXPECT_EQ(entry.offered, 0u);
  }
}

TEST_F(PickerTest, AfterARestartLiveCallsCountAgain) {
  AddWorld();
  Assignment call = picker_.Pick(Between(kLondon, kParis), kNow, 1);
  call.counted = false;
  Picker restarted;
  std::swap(picker_, restarted);
  AddWorld();
  picker_.Adopt(call);
  EXPECT_EQ(picker_.fleet().entries()[2].offered, 1u);
  picker_.fleet().Remove(EntryId(3));
  picker_.OnEnd(call, {}, kNow);  // of an entry that is gone
  EXPECT_EQ(picker_.fleet().entries()[0].counted, 0);
}

TEST_F(PickerTest, DirectCallsWeighLess) {
  AddWorld();
  Request request = Between(kLondon, kLondon);
  request.p2p = true;
  picker_.Pick(request, kNow, 1);
  float counted = 0;
  for (const Entry& entry : picker_.fleet().entries()) counted += entry.counted;
  EXPECT_NEAR(counted, kRelayedOfP2p, 0.001);
  EXPECT_EQ(picker_.fleet().entries()[6].counted, 0);  // STUN carries nothing
}

TEST_F(PickerTest, ADearRelayIsChosenOnlyWhereItPays) {
  EntryConfig dear = Reflector(1, "london", kLondon);
  dear.price_ms = 50;
  Add(dear);
  Add(Reflector(2, "frankfurt", kFrankfurt));
  Beat(picker_, kNow);
  EXPECT_EQ(Choose(Between(kLondon, kLondon)).entries[0].id, EntryId(2));
}

// A burst of calls, more than a relay that said nothing of its capacity is taken to bear.
TEST_F(PickerTest, TheOnlyRelayIsOfferedWhateverItsLoad) {
  Add(Reflector(1, "london", kLondon));
  Beat(picker_, kNow);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(picker_.Pick(Between(kLondon, kParis), kNow, 1).offer.count, 1) << i;
  }
  Add(Reflector(2, "paris", kParis));
  Beat(picker_, kNow);
  const Offer offer = Choose(Between(kLondon, kParis));
  ASSERT_EQ(offer.count, 1);
  EXPECT_EQ(offer.entries[0].id, EntryId(2));
  EXPECT_FALSE(offer.panic);
}

}  // namespace
}  // namespace trunkline::picker

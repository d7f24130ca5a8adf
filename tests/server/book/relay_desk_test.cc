// The relays of calls: what is offered, minted, learned and told.
#include "server/book/relay_desk.h"

#include <set>

#include "gtest/gtest.h"
#include "relay/tag.h"

namespace trunkline::book {
namespace {

using namespace std::chrono_literals;  // NOLINT
using picker::EntryId;
using relay::Side;

const WallTime kNow = FromUnixSeconds(1'700'000'000);
constexpr CallId kCall(7);

relay::TagKey KeyOf(std::uint8_t fill) {
  relay::TagKey key;
  std::ranges::fill(key.mutable_view(), fill);
  return key;
}

picker::EntryConfig Registration(std::uint32_t id) {
  picker::EntryConfig relay;
  relay.id = EntryId(id);
  relay.ip = "192.0.2." + std::to_string(id);
  relay.port = 4431;
  relay.region = "r" + std::to_string(id);
  return relay;
}

class RelayDeskTest : public testing::Test {
 protected:
  void Join(std::uint32_t id) {
    ASSERT_EQ(desk_.Register(Registration(id)), std::nullopt);
    desk_.SetTagKey(id, 2, KeyOf(static_cast<std::uint8_t>(id)));
    ASSERT_TRUE(desk_.Beat(id, {}, false, kNow));
  }
  Relays Offer(CallId call, WallTime now = kNow) {
    Relays relays = desk_.Offer(call, {}, now, entropy_);
    desk_.Commit(now);
    return relays;
  }
  std::set<std::int64_t> IdsOf(const Relays& relays) {
    std::set<std::int64_t> ids;
    for (const Connection& connection : relays.caller) ids.insert(connection.id);
    return ids;
  }
  picker::FlowSummary Flow(std::uint64_t packets) {
    picker::FlowSummary flow;
    flow.packets = packets;
    flow.bytes = packets * 100;
    flow.duration = 10s;
    flow.caller.hello = flow.callee.hello = true;
    return flow;
  }

  RelayDesk desk_;
  SeededEntropy entropy_{1};
};

// What a genuine tag says.
relay::TagFields Verified(const relay::TagKey& key, std::uint8_t key_id, const Bytes& tag) {
  const auto fields = relay::ParseTag(std::span(tag).first<relay::kTagPrefixBytes>());
  CHECK(fields.has_value());
  EXPECT_EQ(fields->key_id, key_id);
  const relay::Tag genuine = relay::MintTag(key, *fields);
  EXPECT_EQ(Bytes(genuine.begin(), genuine.end()), tag);
  return *fields;
}

TEST_F(RelayDeskTest, BothSidesGetTheSameRelaysWithTagsOfTheirOwn) {
  Join(1);
  Join(2);
  const Relays relays = Offer(kCall);
  ASSERT_EQ(relays.caller.size(), 2u);
  ASSERT_EQ(relays.callee.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Connection& caller = relays.caller[i];
    const Connection& callee = relays.callee[i];
    EXPECT_EQ(caller.id, callee.id);
    EXPECT_EQ(caller.ip, "192.0.2." + std::to_string(caller.id));
    const relay::TagKey key = KeyOf(static_cast<std::uint8_t>(caller.id));
    relay::TagFields fields = Verified(key, 2, caller.peer_tag);
    EXPECT_EQ(fields.side, Side::kCaller);
    EXPECT_FALSE(relay::TagExpired(fields.expiry_slot, kNow + 24h));
    EXPECT_TRUE(relay::TagExpired(fields.expiry_slot, kNow + 25h));
    fields.side = Side::kCallee;
    EXPECT_EQ(Verified(key, 2, callee.peer_tag), fields);
  }
}

TEST_F(RelayDeskTest, TheSecondAnswerIsTheFirst) {
  Join(1);
  Join(2);
  const Relays first = Offer(kCall);
  Join(3);
  const Relays again = Offer(kCall);
  ASSERT_EQ(first.caller.size(), again.caller.size());
  for (std::size_t i = 0; i < first.caller.size(); ++i) {
    EXPECT_EQ(first.caller[i].id, again.caller[i].id);
    EXPECT_EQ(first.caller[i].peer_tag, again.caller[i].peer_tag);
  }
}

// A phone would find nobody there.
TEST_F(RelayDeskTest, ARelayIsOfferedFromItsFirstBeatToItsLast) {
  ASSERT_EQ(desk_.Register(Registration(1)), std::nullopt);
  Join(2);
  EXPECT_EQ(IdsOf(Offer(CallId(1))), std::set<std::int64_t>{2});
  desk_.Beat(1, {}, false, kNow);
  EXPECT_EQ(IdsOf(Offer(CallId(2))).size(), 2u);
  desk_.Lose(1);
  EXPECT_EQ(IdsOf(Offer(CallId(3))), std::set<std::int64_t>{2});
  ASSERT_EQ(desk_.Register(Registration(1)), std::nullopt);
  desk_.Beat(1, {}, false, kNow);
  EXPECT_EQ(IdsOf(Offer(CallId(4))).size(), 2u);
}

TEST_F(RelayDeskTest, EitherMayDrainARelay) {
  Join(1);
  Join(2);
  EXPECT_FALSE(desk_.SetDraining(EntryId(9), true));
  EXPECT_TRUE(desk_.SetDraining(EntryId(1), true));
  EXPECT_EQ(IdsOf(Offer(CallId(1))), std::set<std::int64_t>{2});
  desk_.Beat(1, {}, true, kNow);
  desk_.SetDraining(EntryId(1), false);
  EXPECT_EQ(IdsOf(Offer(CallId(2))), std::set<std::int64_t>{2});
  desk_.Beat(1, {}, false, kNow);
  EXPECT_EQ(IdsOf(Offer(CallId(3))).size(), 2u);
  // What the operator wants survives that the relay comes again.
  desk_.SetDraining(EntryId(1), true);
  Join(1);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->state, picker::State::kDraining);
}

TEST_F(RelayDeskTest, RefusesWhatWouldConfuseClients) {
  Join(1);
  picker::EntryConfig twin = Registration(2);
  twin.ip = Registration(1).ip;
  EXPECT_EQ(desk_.Register(twin)->why, "relay 2: its address is that of relay 1");
  RelayConfig configured;
  configured.id = 1;
  configured.ip = "192.0.2.77";
  configured.port = 1;
  EXPECT_EQ(desk_.Configure(configured)->why,
            "relay 1: the id is taken by the relay at 192.0.2.1 port 4431");
  configured.id = 5;
  EXPECT_EQ(desk_.Configure(configured), std::nullopt);
  const auto refusal = desk_.Register(Registration(5));
  EXPECT_EQ(refusal->why, "relay 5: the id is taken by the relay at 192.0.2.77 port 1");
  EXPECT_FALSE(refusal->no_room);
}

TEST_F(RelayDeskTest, AFullTableMayHaveRoomLater) {
  picker::EntryConfig relay = Registration(1);
  for (int i = 0; i < 65; ++i) relay.labels.push_back(std::to_string(i));
  const auto refusal = desk_.Register(relay);
  EXPECT_EQ(refusal->why, "relay 1: too_many_labels");
  EXPECT_TRUE(refusal->no_room);
  for (std::uint32_t i = 1; i <= picker::kSitesMax; ++i) Join(i);
  EXPECT_EQ(desk_.Register(Registration(200))->why, "relay 200: too_many_sites");
  EXPECT_TRUE(desk_.Register(Registration(200))->no_room);
  for (std::uint32_t i = picker::kSitesMax + 1; i <= picker::kEntriesMax; ++i) {
    picker::EntryConfig more = Registration(i);
    more.region = "r1";
    ASSERT_EQ(desk_.Register(more), std::nullopt);
  }
  EXPECT_EQ(desk_.Register(Registration(999))->why, "relay 999: too_many_entries");
  EXPECT_TRUE(desk_.Register(Registration(999))->no_room);
}

TEST_F(RelayDeskTest, AnotherRelayMayComeWhereOneHasGone) {
  Join(1);
  picker::EntryConfig heir = Registration(2);
  heir.ip = Registration(1).ip;
  EXPECT_TRUE(desk_.Register(heir).has_value());
  desk_.Lose(1);
  EXPECT_EQ(desk_.Register(heir), std::nullopt);
  EXPECT_FALSE(desk_.Find(EntryId(1), kNow).has_value());
}

TEST_F(RelayDeskTest, ARelayThatWentIsListedForAWhile) {
  Join(1);
  Join(2);
  desk_.Lose(1);
  desk_.Beat(2, {}, false, kNow + 9min);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->state, picker::State::kDown);
  // It comes back, and its first beat is still to come.
  ASSERT_EQ(desk_.Register(Registration(1)), std::nullopt);
  desk_.Beat(2, {}, false, kNow + 11min);
  ASSERT_TRUE(desk_.Beat(1, {}, false, kNow + 11min));
  desk_.Lose(1);
  desk_.Beat(2, {}, false, kNow + 22min);
  EXPECT_FALSE(desk_.Find(EntryId(1), kNow).has_value());
  EXPECT_FALSE(desk_.Beat(1, {}, false, kNow + 22min));
}

TEST_F(RelayDeskTest, AForecastKnowsOfCallsThatOnlyTheRelayKnows) {
  Join(1);
  picker::LoadReport load;
  load.calls = 4'000'000'000;
  ASSERT_TRUE(desk_.Beat(1, load, true, kNow));
  const RelayStatus status = *desk_.Find(EntryId(1), kNow);
  EXPECT_EQ(status.state, picker::State::kDraining);
  EXPECT_GT(status.empty_in->likely, 1min);
}

// Neither side can speak against a relay twice.
TEST_F(RelayDeskTest, ACallIsRatedOnce) {
  for (const std::uint32_t id : {1u, 2u, 3u}) Join(id);
  const Relays relays = Offer(kCall);
  const auto id = static_cast<std::uint32_t>(relays.caller[0].id);
  const relay::CallKey key = relay::CallKeyOf(relays.caller[0].peer_tag.data());
  ASSERT_TRUE(desk_.TakeFlow(id, key, Flow(1000), kNow));
  desk_.End(kCall, {});
  desk_.Commit(kNow);
  for (int i = 0; i < 20; ++i) desk_.Rate(kCall, 1, picker::kRatingOfNetwork, kNow);
  EXPECT_EQ(desk_.stats().ratings, 1u);
  EXPECT_EQ(desk_.Find(EntryId(id), kNow)->state, picker::State::kUp);
}

TEST_F(RelayDeskTest, AGroupThatIsUndoneLeavesNothing) {
  Join(1);
  desk_.SetAddress(kCall, Side::kCaller, {});
  desk_.Offer(kCall, {}, kNow, entropy_);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->offered_calls, 1u);
  desk_.Rollback();
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->offered_calls, 0u);
  EXPECT_FALSE(desk_.Explain(kCall).has_value());
  Offer(kCall);
  desk_.End(kCall, {});
  desk_.Rollback();
  EXPECT_TRUE(desk_.Explain(kCall)->live);
  desk_.End(kCall, {});
  desk_.Commit(kNow);
  EXPECT_FALSE(desk_.Explain(kCall)->live);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->offered_calls, 0u);
}

TEST_F(RelayDeskTest, FlowsFindTheirCallByItsTag) {
  Join(1);
  Join(2);
  const Relays relays = Offer(kCall);
  const relay::CallKey key = relay::CallKeyOf(relays.caller[0].peer_tag.data());
  const auto id = static_cast<std::uint32_t>(relays.caller[0].id);
  EXPECT_TRUE(desk_.TakeFlow(id, key, Flow(1000), kNow + 10s));
  EXPECT_TRUE(desk_.TakeFlow(id, key, Flow(1500), kNow + 20s));
  EXPECT_FALSE(desk_.TakeFlow(id, key ^ std::uint64_t{1} << 30, Flow(1), kNow));
  EXPECT_FALSE(desk_.TakeFlow(77, key, Flow(1), kNow));
  const RelayStatus status = *desk_.Find(EntryId(id), kNow);
  EXPECT_EQ(status.packets, 1500u);
  EXPECT_EQ(status.bytes, 150'000u);
  EXPECT_EQ(status.carried_calls, 1u);
  const RelayExplanation told = *desk_.Explain(kCall);
  EXPECT_TRUE(told.entries[0].carrier);
  EXPECT_EQ(told.entries[0].packets, 1500u);
  // The relay's last word comes after the end.
  desk_.End(kCall, {});
  desk_.Commit(kNow);
  EXPECT_TRUE(desk_.TakeFlow(id, key, Flow(1600), kNow + 21s));
}

// A relay whose link broke doesn't know what arrived.
TEST_F(RelayDeskTest, ASummaryThatIsToldAgainCountsOnce) {
  Join(1);
  const Relays relays = Offer(kCall);
  const relay::CallKey key = relay::CallKeyOf(relays.caller[0].peer_tag.data());
  picker::FlowSummary silent = Flow(0);  // speaks against the relay
  silent.duration = {};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(desk_.TakeFlow(1, key, silent, kNow + 10s));
  EXPECT_EQ(desk_.stats().flows, 1u);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->state, picker::State::kUp);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(desk_.TakeFlow(1, key, Flow(1000), kNow + 10s));
  EXPECT_EQ(desk_.stats().flows, 2u);
  EXPECT_EQ(desk_.Find(EntryId(1), kNow)->packets, 1000u);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(desk_.TakeFlow(77, key, Flow(1), kNow));
  EXPECT_EQ(desk_.stats().flows_refused, 3u);
}

// For records; of calls that it was offered to, and not of silence.
TEST_F(RelayDeskTest, WhatIsToldInTheEndIsKeptOnce) {
  constexpr FlowSide kSpoke{100, 9'000, 5'000, 9'000}, kSilent{};
  Join(1);
  const Relays relays = Offer(kCall);
  const relay::CallKey key = relay::CallKeyOf(relays.caller[0].peer_tag.data());
  desk_.TakeEnded(1, key, kSilent, kSilent);
  desk_.TakeEnded(77, key, kSpoke, kSilent);
  desk_.TakeEnded(1, key ^ std::uint64_t{1} << 30, kSpoke, kSilent);
  EXPECT_TRUE(desk_.ended_flows().empty());
  // A summary of the same figures told while it lived is another matter.
  EXPECT_TRUE(desk_.TakeFlow(1, key, Flow(100), kNow));
  for (int i = 0; i < 3; ++i) desk_.TakeEnded(1, key, kSilent, kSpoke);
  ASSERT_EQ(desk_.ended_flows().Take().size(), 1u);
  desk_.Rollback();
  const std::vector<fact::CallRelayed> told = desk_.ended_flows().Take();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id, kCall);
  EXPECT_EQ(told[0].callee.bytes, 9'000);
  desk_.Commit(kNow);
  EXPECT_TRUE(desk_.ended_flows().empty());
  desk_.TakeEnded(1, key, kSpoke, kSpoke);
  EXPECT_FALSE(desk_.ended_flows().empty());
}

TEST_F(RelayDeskTest, CallsOfAnEarlierProcessAreKnownByTheirTags) {
  Join(1);
  const Relays relays = Offer(kCall);
  RelayDesk next;
  next.Restore(kCall, relays.caller, kNow);
  next.Commit(kNow);
  ASSERT_EQ(next.Register(Registration(1)), std::nullopt);
  next.Beat(1, {}, false, kNow);
  const relay::CallKey key = relay::CallKeyOf(relays.callee[0].peer_tag.data());
  EXPECT_TRUE(next.TakeFlow(1, key, Flow(1000), kNow + 10s));
  next.Forget(kCall);
  EXPECT_FALSE(next.TakeFlow(1, key, Flow(1000), kNow + 10s));
  EXPECT_EQ(next.Find(EntryId(1), kNow)->offered_calls, 0u);
}

// The journal's tail: a call that was live in the projections and ended.
TEST_F(RelayDeskTest, ACallThatEndedBeforeTheStartCountsNowhere) {
  RelayConfig reflector;
  reflector.id = 4;
  reflector.ip = "192.0.2.4";
  reflector.port = 4431;
  ASSERT_EQ(desk_.Configure(reflector), std::nullopt);
  const Relays relays = Offer(kCall);
  RelayDesk next;
  ASSERT_EQ(next.Configure(reflector), std::nullopt);
  next.Restore(kCall, relays.caller, kNow);
  EXPECT_EQ(next.Find(EntryId(4), kNow)->offered_calls, 1u);
  next.Forget(kCall);
  EXPECT_EQ(next.Find(EntryId(4), kNow)->offered_calls, 0u);
}

TEST_F(RelayDeskTest, ExplainsWhatWasLeftOut) {
  Join(1);
  Join(2);
  desk_.SetDraining(EntryId(2), true);
  Offer(kCall);
  const RelayExplanation told = *desk_.Explain(kCall);
  ASSERT_EQ(told.entries.size(), 2u);
  EXPECT_EQ(told.entries[0].verdict.why, picker::Why::kBest);
  EXPECT_EQ(told.entries[0].verdict.slot, 1);
  EXPECT_EQ(told.entries[1].verdict.why, picker::Why::kDraining);
  EXPECT_EQ(told.entries[1].verdict.slot, 0);
}

TEST_F(RelayDeskTest, RemembersSoManyEndedCalls) {
  Join(1);
  relay::CallKey first = 0;
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(RelayDesk::kExplainedMax) + 1; ++i) {
    const Relays relays = Offer(CallId(i));
    if (i == 1) first = relay::CallKeyOf(relays.caller.at(0).peer_tag.data());
    desk_.End(CallId(i), {});
    desk_.Commit(kNow);
  }
  EXPECT_FALSE(desk_.Explain(CallId(1)).has_value());
  EXPECT_TRUE(desk_.Explain(CallId(2)).has_value());
  // Nothing is learned of the first any more, but its record isn't lost.
  EXPECT_FALSE(desk_.TakeFlow(1, first, Flow(100), kNow));
  desk_.TakeEnded(1, first, {100, 9'000, 5'000, 9'000}, {});
  ASSERT_EQ(desk_.ended_flows().Take().size(), 1u);
  EXPECT_EQ(desk_.ended_flows().Take()[0].id, CallId(1));
}

// Checked with: printf %s '1700086400:7.0' | openssl dgst -sha1 -hmac key -binary | base64
TEST_F(RelayDeskTest, TurnCredentials) {
  RelayConfig turn;
  turn.kind = Connection::Kind::kWebrtc;
  turn.id = 3;
  turn.ip = "192.0.2.3";
  turn.port = 3478;
  turn.turn = true;
  turn.turn_secret = "key";
  ASSERT_EQ(desk_.Configure(turn), std::nullopt);
  const Relays relays = Offer(kCall);
  EXPECT_EQ(relays.caller.at(0).username, "1700086400:7.0");
  EXPECT_EQ(relays.caller.at(0).password, "ZAw1klRlUN6ciQYDRF9GhSHMGVU=");
  desk_.SetHealth(EntryId(3), picker::Health::kMisconfigured, "401 with our secret");
  EXPECT_TRUE(Offer(CallId(8)).caller.empty());
  EXPECT_EQ(desk_.Find(EntryId(3), kNow)->detail, "401 with our secret");
}

// The key follows from the secret that the relay has too.
TEST_F(RelayDeskTest, StandaloneReflector) {
  RelayConfig reflector;
  reflector.id = 4;
  reflector.ip = "192.0.2.4";
  reflector.port = 4431;
  reflector.tag_secret = "0123456789abcdef";
  ASSERT_EQ(desk_.Configure(reflector), std::nullopt);
  const Relays relays = Offer(kCall);
  const relay::TagKey key = relay::DeriveTagKey(AsBytes(reflector.tag_secret), 4, 0);
  EXPECT_EQ(Verified(key, 0, relays.callee.at(0).peer_tag).side, Side::kCallee);
}

}  // namespace
}  // namespace trunkline::book

#include "server/picker/fleet.h"

#include <bit>
#include <cmath>
#include <functional>

#include "tests/server/picker/world.h"

namespace trunkline::picker {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct RefusalRow {
  const char* what;
  std::function<void(EntryConfig&)> change;
  std::optional<FleetError> error;
  std::int64_t other = 0;
};

// The table holds a reflector 1 and a TURN entry 2; what is changed is a good reflector 9.
TEST(FleetTest, WhatMayStandInTheTable) {
  const RefusalRow rows[] = {
      {"as it is", [](EntryConfig&) {}, std::nullopt},
      {"id 0", [](EntryConfig& c) { c.id = EntryId(0); }, FleetError::kIdOutOfRange},
      {"negative id", [](EntryConfig& c) { c.id = EntryId(-1); }, FleetError::kIdOutOfRange},
      {"largest id", [](EntryConfig& c) { c.id = EntryId(0xffffffff); }, std::nullopt},
      {"id under a mask", [](EntryConfig& c) { c.id = EntryId(0x100000000); },
       FleetError::kIdOutOfRange},
      {"id twice", [](EntryConfig& c) { c.id = EntryId(1); }, FleetError::kDuplicateId, 1},
      {"address twice", [](EntryConfig& c) { c.ip = "192.0.2.1"; }, FleetError::kDuplicateAddress,
       1},
      {"IPv6 address twice",
       [](EntryConfig& c) {
         c.ip = "";
         c.ipv6 = "2001:db8::1";
       },
       FleetError::kDuplicateAddress, 1},
      {"same host, other port",
       [](EntryConfig& c) {
         c.ip = "192.0.2.1";
         c.port = 600;
       },
       std::nullopt},
      {"TCP entry on the UDP entry's port",
       [](EntryConfig& c) {
         c.ip = "192.0.2.1";
         c.kind = Kind::kReflectorTcp;
       },
       FleetError::kDuplicateAddress, 1},
      {"STUN beside TURN",
       [](EntryConfig& c) {
         c.ip = "192.0.2.2";
         c.port = 3478;
         c.kind = Kind::kStun;
       },
       std::nullopt},
      {"TURN beside TURN",
       [](EntryConfig& c) {
         c.ip = "192.0.2.2";
         c.port = 3478;
         c.kind = Kind::kTurn;
       },
       FleetError::kDuplicateAddress, 2},
      {"no address", [](EntryConfig& c) { c.ip = ""; }, FleetError::kNoAddress},
      {"no port", [](EntryConfig& c) { c.port = 0; }, FleetError::kNoAddress},
      {"capacity is no number", [](EntryConfig& c) { c.capacity.calls = NAN; },
       FleetError::kBadNumber},
      {"negative price", [](EntryConfig& c) { c.price_ms = -1; }, FleetError::kBadNumber},
      {"off the globe", [](EntryConfig& c) { c.place.latitude = 91; }, FleetError::kBadNumber},
      {"long name", [](EntryConfig& c) { c.region = std::string(65, 'x'); },
       FleetError::kNameTooLong},
  };
  for (const RefusalRow& row : rows) {
    Fleet fleet;
    EntryConfig first = Reflector(1, "a", kLondon);
    first.ipv6 = "2001:db8::1";
    ASSERT_TRUE(fleet.Add(first).ok());
    ASSERT_TRUE(fleet.Add(Webrtc(Kind::kTurn, 2, kLondon)).ok());
    EntryConfig config = Reflector(9, "b", kLondon);
    row.change(config);
    const auto added = fleet.Add(config);
    ASSERT_EQ(added.ok(), !row.error) << row.what;
    EXPECT_EQ(fleet.entries().size(), row.error ? 2u : 3u) << row.what;
    if (added.ok()) continue;
    EXPECT_EQ(added.error().error, *row.error) << row.what;
    EXPECT_EQ(added.error().other, EntryId(row.other)) << row.what;
    EXPECT_FALSE(FleetErrorName(added.error().error).empty());
  }
}

TEST(FleetTest, TablesHaveAnEnd) {
  Fleet fleet;
  for (std::size_t i = 0; i < kEntriesMax; ++i) {
    EntryConfig config = Reflector(static_cast<std::int64_t>(i + 1), "a", kLondon);
    config.domain = std::to_string(i % kSitesMax);
    ASSERT_TRUE(fleet.Add(config).ok()) << i;
  }
  EXPECT_EQ(fleet.Add(Reflector(999, "a", kLondon)).error().error, FleetError::kTooManyEntries);
  ASSERT_TRUE(fleet.Remove(EntryId(1)));
  EXPECT_EQ(fleet.Add(Reflector(999, "new", kLondon)).error().error, FleetError::kTooManySites);
  ASSERT_TRUE(fleet.Remove(EntryId(1 + kSitesMax)));  // the other one of that site
  const auto added = fleet.Add(Reflector(999, "new", kLondon));
  ASSERT_TRUE(added.ok());
  EXPECT_TRUE(added->new_site);
  EXPECT_EQ(added->site, 0u);

  Fleet labelled;
  EntryConfig config = Reflector(1, "a", kLondon);
  for (int i = 0; i < 65; ++i) config.labels.push_back(std::to_string(i));
  EXPECT_EQ(labelled.Add(config).error().error, FleetError::kTooManyLabels);
}

std::vector<std::string> Names(int from, int count) {
  std::vector<std::string> names;
  for (int i = from; i < from + count; ++i) names.push_back("label-" + std::to_string(i));
  return names;
}

TEST(FleetTest, LabelsThatNoEntryHasMakeRoom) {
  constexpr int kAll = static_cast<int>(kLabelsMax);
  Fleet fleet;
  EntryConfig one = Reflector(1, "a", kLondon), two = Reflector(2, "b", kParis);
  one.labels = Names(0, kAll - 1);
  two.labels = {"label-0", "gold", "gold"};
  ASSERT_TRUE(fleet.Add(one).ok() && fleet.Add(two).ok());
  const auto shared = fleet.Label("label-0");
  ASSERT_TRUE(shared && fleet.Label("gold"));
  EXPECT_EQ(fleet.at(1).labels, *shared | *fleet.Label("gold"));
  EXPECT_FALSE(fleet.Label(""));

  // One more is too many, and what was refused has changed nothing.
  one.labels = Names(100, kAll - 1);
  EXPECT_EQ(fleet.Update(one).error().error, FleetError::kTooManyLabels);
  EXPECT_EQ(fleet.Label("label-0"), shared);
  EXPECT_TRUE(fleet.Label("label-1"));
  EXPECT_FALSE(fleet.Label("label-100"));

  // An update frees what it leaves; what another has stays what it is.
  one.labels = Names(100, kAll - 2);
  ASSERT_TRUE(fleet.Update(one).ok());
  EXPECT_EQ(fleet.Label("label-0"), shared);
  EXPECT_FALSE(fleet.Label("label-1"));
  EXPECT_EQ(fleet.at(0).labels & fleet.at(1).labels, 0u);
  EXPECT_EQ(std::popcount(fleet.at(0).labels), kAll - 2);

  ASSERT_TRUE(fleet.Remove(EntryId(1)));
  EXPECT_FALSE(fleet.Label("label-100"));
  one.labels = Names(200, kAll - 2);
  ASSERT_TRUE(fleet.Add(one).ok());
  EXPECT_TRUE(fleet.Label("label-200"));
}

TEST(FleetTest, AnUpdateKeepsWhatIsKnown) {
  Fleet fleet;
  ASSERT_TRUE(fleet.Add(Reflector(1, "a", kLondon)).ok());
  ASSERT_TRUE(fleet.Add(Reflector(2, "b", kParis)).ok());
  fleet.at(0).counted = 7;
  EntryConfig config = Reflector(1, "b", kParis);
  config.capacity.calls = 50;
  ASSERT_TRUE(fleet.Update(config).ok());
  EXPECT_EQ(fleet.entries().size(), 2u);
  EXPECT_EQ(fleet.entries()[0].counted, 7);
  EXPECT_FLOAT_EQ(fleet.entries()[0].load_of_call, 1 / 50.0F);
  EXPECT_EQ(fleet.entries()[0].site, fleet.entries()[1].site);
  EXPECT_EQ(fleet.SiteUses(0), 0u);
  config.ip = "192.0.2.2";
  EXPECT_EQ(fleet.Update(config).error().error, FleetError::kDuplicateAddress);
  EXPECT_FALSE(fleet.Remove(EntryId(3)));
}

struct StateRow {
  const char* what;
  std::function<void(Fleet&, WallTime)> make;
  State state;
};

TEST(FleetTest, StatesAndTheirOrder) {
  const StateRow rows[] = {
      {"never beaten", [](Fleet&, WallTime) {}, State::kDown},
      {"just beaten", [](Fleet& f, WallTime now) { f.Heartbeat(EntryId(1), {}, now); }, State::kUp},
      {"4 s ago", [](Fleet& f, WallTime now) { f.Heartbeat(EntryId(1), {}, now - kDeadAfter); },
       State::kUp},
      {"over 4 s ago",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now - kDeadAfter - milliseconds(1));
       },
       State::kDown},
      {"link closed",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetLost(EntryId(1));
       },
       State::kDown},
      {"a beat without numbers",
       [](Fleet& f, WallTime now) { f.Heartbeat(EntryId(1), {.cpu = NAN}, now); }, State::kDown},
      {"probe down",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetHealth(EntryId(1), Health::kDown);
       },
       State::kDown},
      {"misconfigured comes before down",
       [](Fleet& f, WallTime) { f.SetHealth(EntryId(1), Health::kMisconfigured); },
       State::kMisconfigured},
      {"full",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetHealth(EntryId(1), Health::kFull);
       },
       State::kFull},
      {"ejected comes before full",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetHealth(EntryId(1), Health::kFull);
         f.at(0).ejected_until = now + seconds(1);
       },
       State::kEjected},
      {"drain comes before all, and somebody is left",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {.calls = 1}, now);
         f.SetHealth(EntryId(1), Health::kMisconfigured);
         f.SetDraining(EntryId(1), true);
       },
       State::kDraining},
      {"drained",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetDraining(EntryId(1), true);
       },
       State::kDrained},
      {"offered to a live call: not drained",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.at(0).offered = 1;
         f.SetDraining(EntryId(1), true);
       },
       State::kDraining},
      {"undrained",
       [](Fleet& f, WallTime now) {
         f.Heartbeat(EntryId(1), {}, now);
         f.SetDraining(EntryId(1), true);
         f.SetDraining(EntryId(1), false);
       },
       State::kUp},
  };
  for (const StateRow& row : rows) {
    Fleet fleet;
    ASSERT_TRUE(fleet.Add(Reflector(1, "a", kLondon)).ok());
    row.make(fleet, kNow);
    EXPECT_EQ(fleet.StateOf(fleet.entries()[0], kNow), row.state) << row.what;
    EXPECT_FALSE(StateName(row.state).empty());
  }
}

TEST(FleetTest, AProbedEntryIsUpUntilAProbeSaysOtherwise) {
  Fleet fleet;
  ASSERT_TRUE(fleet.Add(Webrtc(Kind::kTurn, 1, kLondon)).ok());
  EXPECT_EQ(fleet.StateOf(fleet.entries()[0], kNow), State::kUp);
  fleet.SetHealth(EntryId(1), Health::kDown);
  EXPECT_EQ(fleet.StateOf(fleet.entries()[0], kNow), State::kDown);
  EXPECT_FALSE(fleet.SetHealth(EntryId(2), Health::kDown));
}

struct LoadRow {
  const char* what;
  Capacity capacity;
  LoadReport report;
  float load;
};

TEST(FleetTest, LoadIsTheTightestOfAll) {
  const LoadRow rows[] = {
      {"packets", {1000, 1e6F, 100}, {500, 1e5F, 0.1F, 10}, 0.5F},
      {"bits", {1000, 1e6F, 100}, {100, 7e5F, 0.1F, 10}, 0.7F},
      {"cpu", {1000, 1e6F, 100}, {100, 1e5F, 0.8F, 10}, 0.8F},
      {"calls", {1000, 1e6F, 100}, {100, 1e5F, 0.1F, 90}, 0.9F},
      {"no capacity said", {}, {1e9F, 1e9F, 0.3F, 9'000}, 0.3F},
      {"more than all", {1000, 0, 0}, {1e9F, 0, 0, 0}, 2.0F},
  };
  for (const LoadRow& row : rows) {
    Fleet fleet;
    EntryConfig config = Reflector(1, "a", kLondon);
    config.capacity = row.capacity;
    ASSERT_TRUE(fleet.Add(config).ok());
    ASSERT_TRUE(fleet.Heartbeat(EntryId(1), row.report, kNow)) << row.what;
    EXPECT_FLOAT_EQ(Fleet::FreshLoad(fleet.entries()[0], kNow), row.load) << row.what;
  }
}

TEST(FleetTest, CreditsLastUntilTheCallsMustShow) {
  Fleet fleet;
  ASSERT_TRUE(fleet.Add(Reflector(1, "a", kLondon)).ok());
  Entry& entry = fleet.at(0);
  entry.credits.Add(10, kNow);
  entry.credits.Add(10, kNow + seconds(1));
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(1)), 0.2F);
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(3)), 0.2F);
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(4)), 0.1F);
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(5)), 0.0F);
  entry.credits.Add(10, kNow + seconds(60));
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(60)), 0.1F);
  entry.credits.Add(10, kNow);  // a clock that went back
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow + seconds(60)), 0.2F);
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(entry, kNow), 0.2F);
}

TEST(FleetTest, ARelayCannotHaveLessThanItWasGiven) {
  Fleet fleet;
  ASSERT_TRUE(fleet.Add(Reflector(1, "a", kLondon)).ok());
  ASSERT_TRUE(fleet.Heartbeat(EntryId(1), {}, kNow));  // "nothing here"
  fleet.at(0).counted = 80;
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(fleet.entries()[0], kNow), 0.8F);
  ASSERT_TRUE(fleet.Heartbeat(EntryId(1), {.calls = 95}, kNow));  // others' calls count as well
  EXPECT_FLOAT_EQ(Fleet::FreshLoad(fleet.entries()[0], kNow), 0.95F);
}

class EjectionTest : public testing::Test {
 protected:
  bool IsPanic() {
    std::array<State, kEntriesMax> states;
    return fleet_.TakeStates(kNow, states);
  }
  void SetUp() override {
    for (int i = 1; i <= 20; ++i) {
      ASSERT_TRUE(fleet_.Add(Reflector(i, "a", kLondon)).ok());
      ASSERT_TRUE(fleet_.Heartbeat(EntryId(i), {}, kNow));
    }
  }
  void Note(std::size_t index, bool bad, int times, WallTime now = kNow) {
    for (int i = 0; i < times; ++i) fleet_.NoteOutcome(index, bad, now);
  }
  bool IsOut(std::size_t index, WallTime now = kNow) const {
    return fleet_.entries()[index].ejected_until > now;
  }

  Fleet fleet_;
};

TEST_F(EjectionTest, NeedsFiveBadCallsThatAreHalfOfAll) {
  Note(0, true, 4);
  EXPECT_FALSE(IsOut(0));
  Note(0, true, 1);
  EXPECT_TRUE(IsOut(0));
  Note(1, false, 6);
  Note(1, true, 5);
  EXPECT_FALSE(IsOut(1));
  Note(1, true, 1);
  EXPECT_TRUE(IsOut(1));
}

TEST_F(EjectionTest, OldCallsFade) {
  Note(0, true, 4);
  Note(0, true, 1, kNow + std::chrono::minutes(10));
  EXPECT_FALSE(IsOut(0, kNow + std::chrono::minutes(10)));
}

TEST_F(EjectionTest, WhatHappensToAllIsNobodysFault) {
  for (std::size_t i = 1; i < 20; ++i) {
    fleet_.at(i).good = 10;
    fleet_.at(i).bad = 8;
  }
  Note(0, true, 20);
  EXPECT_FALSE(IsOut(0));
}

TEST_F(EjectionTest, NeverMoreThanATenth) {
  for (std::size_t i = 0; i < 5; ++i) Note(i, true, 6);
  EXPECT_TRUE(IsOut(0) && IsOut(1));
  EXPECT_FALSE(IsOut(2) || IsOut(3) || IsOut(4));
}

TEST_F(EjectionTest, ASmallFleetMayLoseOne) {
  Fleet small;
  ASSERT_TRUE(small.Add(Reflector(1, "a", kLondon)).ok());
  ASSERT_TRUE(small.Add(Reflector(2, "a", kLondon)).ok());
  for (std::size_t index : {0u, 1u}) {
    for (int i = 0; i < 9; ++i) small.NoteOutcome(index, true, kNow);
  }
  EXPECT_GT(small.entries()[0].ejected_until, kNow);
  EXPECT_LT(small.entries()[1].ejected_until, kNow);
}

TEST_F(EjectionTest, BacksOffAndForgets) {
  WallTime now = kNow;
  for (const int times : {1, 2, 3}) {
    Note(0, true, 5, now);
    EXPECT_EQ(fleet_.entries()[0].ejected_until, now + times * kEjectionBase) << times;
    now = fleet_.entries()[0].ejected_until + seconds(1);
    EXPECT_FALSE(IsOut(0, now));
  }
  now += kEjectionForgotten;
  Note(0, true, 5, now);
  EXPECT_EQ(fleet_.entries()[0].ejected_until, now + kEjectionBase);
}

TEST_F(EjectionTest, PanicBelowHalf) {
  for (std::size_t i = 0; i < 10; ++i) fleet_.SetLost(EntryId(static_cast<std::int64_t>(i + 1)));
  EXPECT_FALSE(IsPanic());
  fleet_.SetLost(EntryId(11));
  EXPECT_TRUE(IsPanic());
  fleet_.SetDraining(EntryId(1), true);  // the operator's wish is not an illness
  fleet_.SetDraining(EntryId(2), true);
  EXPECT_FALSE(IsPanic());
}

}  // namespace
}  // namespace trunkline::picker

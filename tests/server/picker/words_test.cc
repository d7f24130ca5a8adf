// Small pure functions: connection_id, TURN credentials, names, the drain forecast.
#include <set>

#include "server/picker/turn_credentials.h"
#include "tests/server/picker/world.h"

namespace trunkline::picker {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using HintKind = ConnectionHint::Kind;

struct HintRow {
  const char* what;
  std::int64_t reported;
  HintKind kind;
  std::int8_t index = -1;
  bool tcp = false, ipv6 = false;
};

TEST(ConnectionIdTest, EveryVariantOfWhatWasOffered) {
  Offer offer;
  offer.count = 2;
  offer.entries[0].id = EntryId(7);
  offer.entries[1].id = EntryId(0xfffffff0);
  const std::int64_t tcp = 0x5443500000000000, ipv6 = 0x4950763600000000, off = 0x2000000000;
  const HintRow rows[] = {
      {"nothing", 0, HintKind::kNone},
      {"plain", 7, HintKind::kOffered, 0},
      {"plain, second", 0xfffffff0, HintKind::kOffered, 1},
      {"TCP", 7 ^ tcp, HintKind::kOffered, 0, true},
      {"IPv6", 7 ^ ipv6, HintKind::kOffered, 0, false, true},
      {"both", 0xfffffff0 ^ tcp ^ ipv6, HintKind::kOffered, 1, true, true},
      {"TCP with a blank", 7 ^ tcp ^ off, HintKind::kOffered, 0, true},
      {"TCP cleaned up", 7 ^ off, HintKind::kOffered, 0, true},
      {"IPv6 and TCP cleaned up", 7 ^ ipv6 ^ off, HintKind::kOffered, 0, true, true},
      {"not offered", 8, HintKind::kForeign},
      {"not offered, TCP", 8 ^ tcp, HintKind::kForeign},
      {"peer to peer", 7 ^ 0x5032503400000000, HintKind::kForeign},
      {"negative", -1, HintKind::kForeign},
  };
  for (const HintRow& row : rows) {
    const ConnectionHint hint = ReadConnectionId(row.reported, offer);
    EXPECT_EQ(hint.kind, row.kind) << row.what;
    EXPECT_EQ(hint.index, row.index) << row.what;
    EXPECT_EQ(hint.tcp, row.tcp) << row.what;
    EXPECT_EQ(hint.ipv6, row.ipv6) << row.what;
  }
}

TEST(TurnCredentialsTest, Vector) {
  const TurnCredentials minted =
      MintTurnCredentials("north", "call-42", FromUnixSeconds(1'767'225'600));
  EXPECT_EQ(minted.username, "1767225600:call-42");
  EXPECT_EQ(minted.password, "NtZIAxq2NOFK8Tv47tclYga1iDM=");
  const TurnCredentials dotted = MintTurnCredentials("north", "c", FromUnixSeconds(1), '.');
  EXPECT_EQ(dotted.username, "1.c");
  EXPECT_EQ(dotted.password.size(), 28u);
}

TEST(NamesTest, AllDiffer) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Why::kOutscored); ++i) {
    names.insert(WhyName(static_cast<Why>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Why::kOutscored) + 1);
}

TEST(ForecastTest, NobodyLeftNow) {
  EXPECT_EQ(ForecastEmpty({}, DurationCurve()).surely, Duration::zero());
}

TEST(ForecastTest, SurvivalFallsFromOne) {
  DurationCurve curve;
  EXPECT_NEAR(curve.Survival(Duration::zero()), 1, 1e-9);
  double last = 1;
  for (int minute = 1; minute < 200; ++minute) {
    EXPECT_LE(curve.Survival(minutes(minute)), last);
    last = curve.Survival(minutes(minute));
  }
  EXPECT_EQ(curve.Survival(kDrainHorizon), 0);
}

TEST(ForecastTest, FollowsWhatCallsLasted) {
  DurationCurve shorter, longer;
  for (int i = 0; i < 2'000; ++i) {
    shorter.Add(seconds(60));
    longer.Add(minutes(60));
  }
  const std::vector<Duration> one{seconds(10)};
  const DrainForecast soon = ForecastEmpty(one, shorter), late = ForecastEmpty(one, longer);
  EXPECT_LT(soon.likely, seconds(120));
  EXPECT_GT(late.likely, minutes(30));
  EXPECT_LT(late.likely, minutes(75));
  EXPECT_GE(soon.surely, soon.likely);
}

TEST(ForecastTest, ManyCallsTakeLongerThanOne) {
  const DurationCurve curve;
  const std::vector<Duration> one(1, seconds(30)), many(500, seconds(30));
  EXPECT_GT(ForecastEmpty(many, curve).likely, ForecastEmpty(one, curve).likely);
  EXPECT_LE(ForecastEmpty(many, curve).surely, Duration(hours(24)));
  const std::vector<Duration> eternal{hours(30)};
  EXPECT_LE(ForecastEmpty(eternal, curve).surely, Duration(seconds(1)));
}

}  // namespace
}  // namespace trunkline::picker

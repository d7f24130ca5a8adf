#include "server/picker/prediction.h"

#include <cmath>

#include "tests/server/picker/world.h"

namespace trunkline::picker {
namespace {

using namespace test;
using std::chrono::hours;

struct Known {
  float rtt_ms, deviation_ms, loss;
};

class PredictionTest : public testing::Test {
 protected:
  PredictionTest() {
    prediction_.SetSite(0, kFrankfurt);
    prediction_.SetSite(1, kNewYork);
    prediction_.SetSite(2, Place{});
  }
  Known Ask(const Client& client, std::size_t site, WallTime now = kNow) {
    prediction_.Predict(client, now, 3, legs_);
    return {legs_.rtt_ms[site], std::sqrt(legs_.variance[site]), legs_.loss[site]};
  }
  void Tell(const Client& client, std::size_t site, float rtt, int times, WallTime now = kNow,
            float loss = 0) {
    for (int i = 0; i < times; ++i) prediction_.Observe(client, site, {rtt, loss, 1}, now);
  }

  Prediction prediction_;
  Legs legs_;
};

TEST_F(PredictionTest, GeographyIsThePrior) {
  // 640 km and 5,570 km of great circle, each at 1.75 times its length, and 12 ms of access.
  EXPECT_NEAR(Ask(At(kLondon), 0).rtt_ms, 12 + 6.4 * 1.75, 0.5);
  EXPECT_NEAR(Ask(At(kLondon), 1).rtt_ms, 12 + 55.7 * 1.75, 1);
  const Known nowhere = Ask(At(Place{}), 0), unplaced = Ask(At(kLondon), 2);
  EXPECT_EQ(nowhere.rtt_ms, unplaced.rtt_ms);
  EXPECT_GT(nowhere.deviation_ms, Ask(At(kLondon), 0).deviation_ms);
}

TEST_F(PredictionTest, ThePrefixLearns) {
  const float before = Ask(At(kLondon), 0).deviation_ms;
  Tell(At(kLondon), 0, 80, 50);
  const Known after = Ask(At(kLondon), 0);
  EXPECT_NEAR(after.rtt_ms, 80, 2);
  EXPECT_LT(after.deviation_ms, before / 4);
  EXPECT_NEAR(Ask(At(kLondon), 1).rtt_ms, 12 + 55.7 * 1.75, 1);  // another site: nothing new
}

// The nearer a client is to the one that was measured, the more of it holds.
TEST_F(PredictionTest, EachLevelPassesOnSomeOfIt) {
  const float prior = Ask(At(kLondon), 0).rtt_ms;
  Tell(At(kLondon), 0, prior + 60, 50);
  Client prefix = At(kLondon), network = At(kLondon), country = At(kLondon), other = At(kLondon);
  network.address[14] = 99;
  country.address[14] = 99;
  country.network = 1;
  other.address[14] = 99;
  other.network = 1;
  other.country = 0x5858;
  const float same = Ask(prefix, 0).rtt_ms - prior, in_network = Ask(network, 0).rtt_ms - prior,
              in_country = Ask(country, 0).rtt_ms - prior;
  EXPECT_GT(same, in_network);
  EXPECT_GT(in_network, in_country);
  EXPECT_GT(in_country, 5);
  EXPECT_EQ(Ask(other, 0).rtt_ms, prior);
}

TEST_F(PredictionTest, FewSamplesAreShrunk) {
  const float prior = Ask(At(kLondon), 0).rtt_ms;
  Tell(At(kLondon), 0, prior + 100, 1);
  const float one = Ask(At(kLondon), 0).rtt_ms - prior;
  EXPECT_GT(one, 50);
  EXPECT_LT(one, 98);
  Tell(At(kLondon), 0, prior + 100, 30);
  EXPECT_GT(Ask(At(kLondon), 0).rtt_ms - prior, one);
}

TEST_F(PredictionTest, HalfIsForgottenInADay) {
  Tell(At(kLondon), 0, 100, 8);
  const float fresh = Ask(At(kLondon), 0).deviation_ms;
  const float day = Ask(At(kLondon), 0, kNow + hours(24)).deviation_ms;
  const float week = Ask(At(kLondon), 0, kNow + hours(24 * 7)).deviation_ms;
  EXPECT_GT(day, fresh * 1.1F);
  EXPECT_GT(week, day * 1.5F);
  // As many samples of something else outweigh what is a day old.
  Tell(At(kLondon), 0, 200, 8, kNow + hours(24));
  EXPECT_GT(Ask(At(kLondon), 0, kNow + hours(24)).rtt_ms, 155);
}

TEST_F(PredictionTest, YearsLaterNothingOverflows) {
  WallTime now = kNow;
  for (int i = 0; i < 400; ++i) {
    now += hours(24 * 11);
    Tell(At(kLondon), 0, 70, 3, now);
    ASSERT_TRUE(std::isfinite(Ask(At(kLondon), 0, now).rtt_ms)) << i;
  }
  EXPECT_NEAR(Ask(At(kLondon), 0, now).rtt_ms, 70, 5);
}

// An evening: for hours everything of this network is slower than it was for days.
TEST_F(PredictionTest, TheLastHoursCountMoreThanTheDay) {
  Tell(At(kLondon), 0, 50, 400);
  const WallTime evening = kNow + hours(6);
  Tell(At(kLondon), 0, 90, 40, evening);
  EXPECT_GT(Ask(At(kLondon), 0, evening).rtt_ms, 80);
  EXPECT_LT(Ask(At(kLondon), 0, evening + hours(12)).rtt_ms, 65);
}

TEST_F(PredictionTest, AClockThatGoesBackIsNoHarm) {
  Tell(At(kLondon), 0, 70, 10, kNow + hours(5));
  Tell(At(kLondon), 0, 70, 10, kNow);
  EXPECT_NEAR(Ask(At(kLondon), 0, kNow).rtt_ms, 70, 4);
}

TEST_F(PredictionTest, LossIsLearnedSlowly) {
  const float prior = Ask(At(kLondon), 0).loss;
  Tell(At(kLondon), 0, 40, 1, kNow, 0.3F);
  EXPECT_LT(Ask(At(kLondon), 0).loss, 0.2F);
  Tell(At(kLondon), 0, 40, 200, kNow, 0.05F);
  EXPECT_NEAR(Ask(At(kLondon), 0).loss, 0.05F, 0.01F);
  EXPECT_LT(prior, 0.01F);
}

TEST_F(PredictionTest, NothingIsFasterThanLight) {
  Tell(At(kLondon), 1, 0, 500);
  EXPECT_GT(Ask(At(kLondon), 1).rtt_ms, 27);
  Tell(At(kLondon), 0, 1e9F, 500);
  EXPECT_LT(Ask(At(kLondon), 0).rtt_ms, kRttMsMax + 1);
}

TEST_F(PredictionTest, ANewSiteBeginsWithoutKnowledge) {
  Tell(At(kLondon), 0, 300, 50);
  prediction_.SetSite(0, kFrankfurt);
  EXPECT_LT(Ask(At(kLondon), 0).rtt_ms, 30);
}

struct KeyRow {
  const char* what;
  std::array<std::uint8_t, 16> a, b;
  bool same;
};

TEST_F(PredictionTest, PrefixesAre24And48Bits) {
  const KeyRow rows[] = {
      {"one /24",
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 5},
       true},
      {"two /24",
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4},
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 4, 4},
       false},
      {"one /48", {0x20, 1, 0xd, 0xb8, 0, 1, 0, 1}, {0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 9}, true},
      {"two /48", {0x20, 1, 0xd, 0xb8, 0, 1}, {0x20, 1, 0xd, 0xb8, 0, 2}, false},
      {"IPv4 and IPv6",
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4},
       {0, 0, 0, 1, 2, 3},
       false},
  };
  for (const KeyRow& row : rows) {
    Client a, b;
    a.address = row.a;
    b.address = row.b;
    EXPECT_EQ(PrefixKey(a) == PrefixKey(b), row.same) << row.what;
    EXPECT_NE(PrefixKey(a), 0u) << row.what;
  }
  EXPECT_EQ(PrefixKey(Client{}), 0u);
}

TEST(RowsTest, TheTableIsCappedAndKeepsWhatIsAskedFor) {
  Rows rows(128);
  for (std::uint64_t key = 1; key <= 128; ++key) rows.FindOrAdd(key, kNow).asked = false;
  ASSERT_NE(rows.Find(1), nullptr);
  for (std::uint64_t key = 1'000; key < 1'100; ++key) rows.FindOrAdd(key, kNow).asked = false;
  EXPECT_EQ(rows.size(), 128u);
  EXPECT_NE(rows.Find(1), nullptr);
  EXPECT_EQ(rows.Find(2), nullptr);
  EXPECT_NE(rows.Find(1'099), nullptr);
  EXPECT_EQ(rows.Find(0), nullptr);
}

TEST(RowsTest, ARowThatMadeRoomIsClean) {
  Rows rows(1);
  rows.FindOrAdd(5, kNow).Add(3, 40, 0.1F, 1, kNow);
  EXPECT_EQ(rows.FindOrAdd(6, kNow).weight[3], 0);
  EXPECT_EQ(rows.Find(5), nullptr);
}

}  // namespace
}  // namespace trunkline::picker

#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace trunkline::load {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, EmptyHasNoPercentiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(99), nanoseconds(0));
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(nanoseconds(i));
  EXPECT_EQ(histogram.Percentile(0), nanoseconds(1));
  EXPECT_EQ(histogram.Percentile(50), nanoseconds(50));
  EXPECT_EQ(histogram.Percentile(99), nanoseconds(99));
  EXPECT_EQ(histogram.Percentile(100), nanoseconds(100));
  EXPECT_EQ(histogram.max(), nanoseconds(100));
}

TEST(HistogramTest, ValuesOutOfRangeAreCountedAtItsEnds) {
  Histogram histogram;
  histogram.Record(nanoseconds(-5));
  histogram.Record(std::chrono::hours(24));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.Percentile(50), nanoseconds(0));
  EXPECT_EQ(histogram.max(), nanoseconds((std::int64_t{1} << 41) - 1));
  EXPECT_EQ(histogram.Percentile(100), histogram.max());
}

// Against the sorted values themselves, over all sizes of numbers.
TEST(HistogramTest, APercentileIsNeverBelowTheTrueOneAndAtMostASixtyFourthAbove) {
  std::mt19937_64 random(7);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(random() >> (24 + random() % 38)));
    histogram.Record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.01, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const double rank = std::ceil(static_cast<double>(values.size()) * percent / 100);
    const std::int64_t exact = values[static_cast<std::size_t>(rank) - 1];
    const std::int64_t told = histogram.Percentile(percent).count();
    EXPECT_GE(told, exact) << percent;
    EXPECT_LE(told, exact + exact / 64 + 1) << percent;
  }
}

}  // namespace
}  // namespace trunkline::load

#include "relay/io/load_meter.h"

#include <gtest/gtest.h>

namespace trunkline::relay {
namespace {

WorkerFigures Figures(std::uint64_t packets, std::uint64_t bytes, std::uint64_t sessions) {
  WorkerFigures figures;
  figures.counters.packets_in = packets;
  figures.counters.bytes_in = bytes;
  figures.sessions = sessions;
  return figures;
}

TEST(LoadMeterTest, RatesOfTheTimeSinceItWasAsked) {
  LoadMeter meter(1);
  const control::Load first = meter.Measure(Figures(1'000'000, 9'000'000, 5), 1'000'000);
  EXPECT_EQ(first.packets_per_second, 0);  // what was before isn't known to be a second
  EXPECT_EQ(first.calls, 5u);
  const control::Load second = meter.Measure(Figures(1'000'500, 9'010'000, 6), 3'000'000);
  EXPECT_FLOAT_EQ(second.packets_per_second, 250);
  EXPECT_FLOAT_EQ(second.bits_per_second, 40'000);
  EXPECT_GE(second.cpu, 0);
  EXPECT_LE(second.cpu, 1);
  EXPECT_EQ(second.calls, 6u);
}

TEST(LoadMeterTest, AMomentLaterItSaysTheSame) {
  LoadMeter meter(1);
  meter.Measure(Figures(0, 0, 0), 1'000'000);
  meter.Measure(Figures(100, 1000, 0), 2'000'000);
  const control::Load again = meter.Measure(Figures(200, 2000, 9), 2'000'100);
  EXPECT_FLOAT_EQ(again.packets_per_second, 100);
  EXPECT_EQ(again.calls, 9u);
  EXPECT_FLOAT_EQ(meter.Measure(Figures(400, 2000, 9), 3'000'000).packets_per_second, 300);
}

TEST(LoadMeterTest, SaysWhatWasDroppedAndWhy) {
  LoadMeter meter(1);
  EXPECT_EQ(meter.Measure(Figures(0, 0, 0), 1'000'000).drops, control::DropCounts{});
  WorkerFigures figures = Figures(100, 1000, 0);
  figures.counters.dropped[static_cast<std::size_t>(Drop::kNoPeer)] = 7;
  figures.counters.dropped[static_cast<std::size_t>(Drop::kKeepAlive)] = 9;  // no fault
  figures.send_failures = 2;
  EXPECT_EQ(meter.Measure(figures, 1'000'100).drops,
            (control::DropCounts{{"no_peer", 7}, {"send_failed", 2}}));
}

// A process that works on more threads than are counted can't use more than all.
TEST(LoadMeterTest, ShareOfTheProcessorIsAShare) {
  LoadMeter meter(1);
  meter.Measure(Figures(0, 0, 0), 1);
  volatile std::uint64_t work = 0;
  for (int i = 0; i < 20'000'000; ++i) work = work + 1;
  const control::Load load = meter.Measure(Figures(0, 0, 0), 250'001);
  EXPECT_GT(load.cpu, 0);
  EXPECT_LE(load.cpu, 1);
}

}  // namespace
}  // namespace trunkline::relay

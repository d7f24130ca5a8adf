// What people read of the server's own doings.
#include "server/rpc/trace_text.h"

#include <gtest/gtest.h>

namespace trunkline::rpc {
namespace {

using book::TraceEvent;
using book::TraceKind;
using book::TraceParty;
using book::TraceWhat;

book::TraceLine FirstLine(const TraceEvent& event) {
  book::CallTrace trace;
  trace.events.push_back(event);
  return DescribeTrace(CallId(7), {}, trace).lines.front();
}

TEST(TraceText, ADeviceThatWasLostIsNamedBesideTheEvent) {
  TraceEvent event;
  event.what = TraceWhat::kDeviceLost;
  event.why = book::Why::kSignedOut;
  event.party = TraceParty::kCallee;
  event.device = DeviceId(5);
  const book::TraceLine line = FirstLine(event);
  EXPECT_EQ(line.kind, "event");
  EXPECT_EQ(line.name, "device_lost");
  EXPECT_EQ(line.reason, "signed_out");
  // Between the two posts of a ladder, not beside one of them.
  EXPECT_EQ(line.party, "");
  EXPECT_EQ(line.device, "");
  ASSERT_EQ(line.fields.size(), 1u);
  EXPECT_EQ(line.fields[0].first, "device");
  EXPECT_EQ(line.fields[0].second, "B1");
}

TEST(TraceText, TheServersOwnDoingsHaveNames) {
  const std::pair<TraceWhat, const char*> kNames[] = {
      {TraceWhat::kDeadline, "deadline"},
      {TraceWhat::kStoreRefused, "store_refused"},
      {TraceWhat::kRestarted, "restarted"},
  };
  for (const auto& [what, name] : kNames) {
    TraceEvent event;
    event.what = what;
    event.why = book::Why::kRingTimeout;
    const book::TraceLine line = FirstLine(event);
    EXPECT_EQ(line.name, name);
    EXPECT_EQ(line.reason, "ring_timeout");
    EXPECT_TRUE(line.fields.empty());
  }
}

}  // namespace
}  // namespace trunkline::rpc

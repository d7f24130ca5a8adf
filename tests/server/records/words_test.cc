#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/records/types.h"

namespace trunkline::records {
namespace {

Call Ended(EndReason reason, EndedBy by, bool accepted = false, bool confirmed = false) {
  Call call;
  call.phase = Phase::kEnded;
  call.end_reason = reason;
  call.ended_by = by;
  call.created_ms = 1'000;
  if (accepted || confirmed) call.accepted_ms = 2'000;
  if (confirmed) call.confirmed_ms = 3'000;
  call.ended_ms = 46'499;
  return call;
}

Call In(Phase phase) {
  Call call;
  call.phase = phase;
  return call;
}

struct Row {
  Call call;
  const char* dialpad;
  const char* notes;
};

TEST(WordsTest, EveryEndingHasItsWords) {
  using enum EndReason;
  const Row rows[] = {
      {In(Phase::kRequested), "initiated", "Initiated"},
      {In(Phase::kRinging), "ringing", "Ringing"},
      {In(Phase::kAccepted), "in-progress", "In progress"},
      {In(Phase::kConfirmed), "in-progress", "In progress"},
      {Ended(kHangup, EndedBy::kCaller, true, true), "completed", "Completed"},
      {Ended(kDisconnect, EndedBy::kServer, true, true), "completed", "Completed"},
      {Ended(kMissed, EndedBy::kCaller, true, true), "completed", "Completed"},
      {Ended(kBusy, EndedBy::kCallee), "busy", "Busy"},
      {Ended(kHangup, EndedBy::kCallee), "busy", "Busy"},
      {Ended(kMissed, EndedBy::kServer), "no-answer", "No answer"},
      {Ended(kMissed, EndedBy::kCaller), "no-answer", "Canceled"},
      {Ended(kHangup, EndedBy::kCaller), "no-answer", "Canceled"},
      {Ended(kDisconnect, EndedBy::kServer), "failed", "Failed"},
      {Ended(kExpired, EndedBy::kServer, true), "failed", "Failed"},
      {Ended(kMigrate, EndedBy::kCaller, true, true), "completed", "Transferred"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(DialpadStatus(row.call), row.dialpad);
    EXPECT_EQ(NotesStatus(row.call), row.notes);
  }
}

// L-03, L-04
TEST(WordsTest, AConfirmedCallThatIsMissedWasHungUp) {
  const Call confirmed = Ended(EndReason::kMissed, EndedBy::kCaller, true, true);
  EXPECT_EQ(ShownReason(confirmed), EndReason::kHangup);
  EXPECT_EQ(DurationOf(confirmed), 43);
  const Call accepted = Ended(EndReason::kMissed, EndedBy::kCaller, true);
  EXPECT_EQ(ShownReason(accepted), EndReason::kMissed);
  EXPECT_EQ(DurationOf(accepted), 0);
}

}  // namespace
}  // namespace trunkline::records

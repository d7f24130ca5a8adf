// What `trunkline trace` prints.
#include "server/tool/trace_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/tool/trace_json.h"

namespace trunkline::tool {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

book::Trace Refused() {
  book::Trace trace{
      CallId(7301638671354), UserId(263014614227), UserId(256028971030), "ended", false, {}};
  const std::int64_t start = 1'795'267'291'250;  // 2026-11-21 13:21:31.250
  trace.lines = {
      {start, "request", "caller", "A1", "phone.requestCall", "", 1, {{"video", "false"}}},
      {start + 8, "result", "caller", "A1", "phoneCallWaiting", "", 1, {}},
      {start + 8, "update", "callee", "B1", "phoneCallRequested", "", 1, {{"g_a_hash", "32"}}},
      {start + 24, "request", "callee", "B2", "phone.acceptCall", "", 1, {}},
      {start + 25,
       "error",
       "callee",
       "B2",
       "CALL_ALREADY_ACCEPTED",
       "another device was first",
       1,
       {}},
      {start + 90'008, "event", "", "", "deadline", "ring_timeout", 1, {}},
      {start + 90'010, "update", "caller", "A1", "updatePhoneCallSignalingData", "", 12, {}},
  };
  return trace;
}

TEST(Ladder, ShowsWhoSentWhatAndWhy) {
  EXPECT_EQ(LadderOf(Refused()),
            R"(call 7301638671354, ended, from 2026-11-21 13:21:31.250 UTC
      ms    caller 263014614227                                    server                                    callee 256028971030
       0 A1 |-- phone.requestCall video:false ----------------------->|                                                         |
       8 A1 |<- = phoneCallWaiting -----------------------------------|                                                         |
       8    |                                                         |-- update phoneCallRequested g_a_hash:32 --------------->| B1
      24    |                                                         |<- phone.acceptCall -------------------------------------| B2
      25    |                                                         |-- ! CALL_ALREADY_ACCEPTED: another device was first --->| B2
   90008    |                                             * deadline: ring_timeout                                              |
   90010 A1 |<- update updatePhoneCallSignalingData x12 --------------|                                                         |
)");
}

TEST(Ladder, CutsFieldsButNeitherNamesNorReasons) {
  book::Trace trace = Refused();
  const std::string reason(200, 'r');
  trace.lines = {
      {0, "request", "caller", "A1", "phone.saveCallDebug", "", 1, {{"a", std::string(99, 'x')}}},
      {0, "error", "caller", "A1", "CALL_PEER_INVALID", reason, 1, {{"b", "2"}}}};
  const std::string text = LadderOf(trace);
  EXPECT_THAT(text, HasSubstr(" a:xxx"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(73, 'x'))));
  EXPECT_THAT(text, HasSubstr("! CALL_PEER_INVALID: " + reason));
}

TEST(Ladder, SaysThatTheBeginningIsGone) {
  book::Trace trace = Refused();
  trace.cut = true;
  EXPECT_THAT(LadderOf(trace), HasSubstr("earlier events are gone"));
}

TEST(Ladder, NothingFromAClientReachesTheTerminalAsItIs) {
  book::Trace trace = Refused();
  trace.state = "ended\x1b[2J";
  trace.lines = {{0,
                  "request\n",
                  "stranger\r",
                  "\x1b]0;x\a",
                  "na\nme",
                  "rea\tson",
                  1,
                  {{"\x7f",
                    "\xc2\x9b"
                    "1m\xff"}}}};
  for (const char c : LadderOf(trace)) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
  for (const char c : LineOf({CallId(1), trace.lines[0], 0})) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
  }
}

TEST(Ladder, AnEmptyTraceIsAHeading) {
  EXPECT_THAT(LadderOf({CallId(5), UserId(1), UserId(2), "", false, {}}),
              HasSubstr("call 5, state unknown\n"));
}

TEST(FollowLines, NameTheCallAndTheDevice) {
  const auto lines = Refused().lines;
  const CallId call(7301638671354);
  EXPECT_EQ(LineOf({call, lines[0], 0}),
            "13:21:31.250 7301638671354 caller A1 -> phone.requestCall video:false\n");
  EXPECT_EQ(LineOf({call, lines[4], 0}),
            "13:21:31.275 7301638671354 callee B2 <- ! CALL_ALREADY_ACCEPTED: another device was "
            "first\n");
  EXPECT_EQ(LineOf({call, lines[5], 0}), "13:23:01.258 7301638671354 * deadline: ring_timeout\n");
  EXPECT_EQ(LineOf({CallId(), {}, 17}), "... 17 events lost\n");
}

TEST(TraceReader, TakesWhatItKnowsAndRefusesWhatIsNoTrace) {
  const auto trace = ReadTrace(
      R"({"call":"9","caller":"1","callee":"2","state":"active","cut":true,"later":[1],
          "events":[{"at_ms":5,"kind":"request","name":"phone.acceptCall","count":-3,
                     "fields":{"a":"b","c":7}}, {}]})");
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->call, CallId(9));
  EXPECT_TRUE(trace->cut);
  ASSERT_EQ(trace->lines.size(), 2u);
  EXPECT_EQ(trace->lines[0].count, 1);
  EXPECT_EQ(trace->lines[0].fields.size(), 2u);
  for (const char* text :
       {"", "[]", "{}", R"({"events":{}})", R"({"events":[1]})", "{\"events\":"}) {
    EXPECT_FALSE(ReadTrace(text).has_value()) << text;
  }
  EXPECT_FALSE(ReadFollowLine("null").has_value());
  EXPECT_EQ(ReadFollowLine(R"({"lost":4})")->lost, 4u);
}

}  // namespace
}  // namespace trunkline::tool

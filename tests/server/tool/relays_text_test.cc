#include "server/tool/relays_text.h"

#include <gtest/gtest.h>

namespace trunkline::tool {
namespace {

TEST(RelaysText, ATableOfTheFleet) {
  EXPECT_EQ(RelayTableText(R"({"relays":[]})"), "no relays\n");
  EXPECT_EQ(
      RelayTableText(
          R"({"relays":[{"id":1,"kind":"reflector","ip":"192.0.2.1","ipv6":"2001:db8::1",)"
          R"("port":4431,"region":"eu","state":"draining","load_permille":123,"calls_offered":4,)"
          R"("calls_carried_total":90,"empty_in_seconds":{"likely":90,"surely":1500}},)"
          R"({"id":20,"kind":"turn","ip":"192.0.2.2","port":3478,"state":"misconfigured",)"
          R"("load_permille":0,"calls_offered":0,"calls_carried_total":0,"detail":"401"}]})"),
      "ID  KIND       ADDRESS                            REGION  STATE          LOAD   CALLS  "
      "CARRIED  NOTE\n"
      "1   reflector  192.0.2.1:4431 [2001:db8::1]:4431  eu      draining       12.3%  4      90  "
      "     empty in 90 s, surely in 25 min\n"
      "20  turn       192.0.2.2:3478                             misconfigured  0.0%   0      0   "
      "     401\n");
}

TEST(RelaysText, WhatIsNotThereIsLeftOut) {
  EXPECT_EQ(RelayText(R"({"id":7,"ip":"192.0.2.7","port":1,"load_permille":5})"),
            "id       7\naddress  192.0.2.7:1\nload     0.5%\n");
}

TEST(RelaysText, DropsAreASumWhenTheRelayTells) {
  EXPECT_EQ(RelayText(R"({"id":7,"ip":"192.0.2.7","port":1,"load_permille":5,"packets_total":90,)"
                      R"("packets_dropped":12,"packets_dropped_by_reason":{"no_peer":12}})"),
            "id       7\naddress  192.0.2.7:1\nload     0.5%\npackets  90\ndropped  12\n");
}

TEST(RelaysText, AnExplanation) {
  EXPECT_EQ(ExplanationText(
                R"({"call":12,"panic":true,"entries":[)"
                R"({"id":1,"kind":"reflector","offered":true,"why":"best","slot":1,"rtt_ms":41,)"
                R"("deviation_ms":9,"loss_permille":2,"load_permille":300,"score_ms":44,)"
                R"("packets":500,"carrier":true},)"
                R"({"id":2,"kind":"stun","offered":false,"why":"no_direct","slot":0,"rtt_ms":50,)"
                R"("deviation_ms":9,"loss_permille":0,"load_permille":0,"score_ms":50}]})"),
            "call 12, fewer than half of the relays were healthy\n"
            "SLOT  RELAY  KIND       WHY        RTT       LOSS  LOAD   SCORE  PACKETS\n"
            "1     1      reflector  best       41+-9 ms  0.2%  30.0%  44     500      carried the "
            "media\n"
            "-     2      stun       no_direct  50+-9 ms  0.0%  0.0%   50\n");
}

TEST(RelaysText, AnythingElseIsRefused) {
  for (const char* answer : {"", "[]", "{}", R"({"relays":3})", R"({"relays":[3]})", "{\"id\""}) {
    EXPECT_FALSE(RelayTableText(answer)) << answer;
    EXPECT_FALSE(RelayText(answer)) << answer;
    EXPECT_FALSE(ExplanationText(answer)) << answer;
    EXPECT_FALSE(RotationText(answer)) << answer;
  }
}

}  // namespace
}  // namespace trunkline::tool

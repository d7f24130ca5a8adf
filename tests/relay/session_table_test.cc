#include "relay/session_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace trunkline::relay {
namespace {

// Against a map, with keys that fall close together and a table that is often full.
TEST(SessionTableTest, FindsWhatWasAddedAndNothingElse) {
  SessionTable table(64);
  std::map<CallKey, std::uint32_t> model;  // began_ms marks the session
  std::mt19937 random(1);
  std::uint32_t mark = 0;
  for (int step = 0; step < 100'000; ++step) {
    const CallKey key = random() % 150;
    Session* const session = table.Find(key);
    ASSERT_EQ(session != nullptr, model.contains(key)) << step;
    if (session != nullptr) {
      ASSERT_EQ(session->began_ms, model[key]);
      if (random() % 2 == 0) continue;
      table.Remove(*session);
      model.erase(key);
    } else if (Session* const added = table.Add(key)) {
      added->began_ms = model[key] = ++mark;
      for (SideState& side : added->sides) {
        for (std::uint32_t tail = random() % 4; tail > 0; --tail) table.AddPort(side, tail);
      }
    } else {
      ASSERT_EQ(model.size(), 64u);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  EXPECT_LE(table.places(), 64u);
}

TEST(SessionTableTest, PortsComeAndGo) {
  SessionTable table(2);
  Session& session = *table.Add(1);
  SideState& side = session.sides[0];
  for (std::uint32_t tail = 1; tail <= 8; ++tail) ASSERT_NE(table.AddPort(side, tail), nullptr);
  EXPECT_EQ(table.AddPort(session.sides[1], 1), nullptr);  // four a session on average
  side.candidate_port = table.IndexOf(*table.FindPort(side, 3, Transport::kNone));
  table.RemovePort(side, *table.FindPort(side, 3, Transport::kNone));
  EXPECT_EQ(side.candidate_port, kNoIndex);
  EXPECT_EQ(table.FindPort(side, 3, Transport::kNone), nullptr);
  for (const std::uint32_t tail : {1u, 2u, 4u, 5u, 6u, 7u, 8u}) {
    EXPECT_NE(table.FindPort(side, tail, Transport::kNone), nullptr) << tail;
  }
  ASSERT_NE(table.AddPort(session.sides[1], 1), nullptr);
  table.Remove(session);
  EXPECT_EQ(table.port_count(), 0u);
  EXPECT_EQ(table.Find(1), nullptr);
}

}  // namespace
}  // namespace trunkline::relay

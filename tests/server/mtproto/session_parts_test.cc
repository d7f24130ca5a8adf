// The pieces a session is made of, each alone: window of ids, queue, timers, salts, message ids.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "common/entropy.h"
#include "server/mtproto/message_ids.h"
#include "server/mtproto/salts.h"
#include "server/mtproto/seen_window.h"
#include "server/mtproto/session_limits.h"
#include "server/mtproto/timers.h"
#include "server/mtproto/unacked.h"

namespace trunkline::mtproto {
namespace {

using namespace std::chrono_literals;

// ---- SeenWindow ---------------------------------------------------------------------------------

TEST(SeenWindowTest, NeverTakesARepeatedIdForANewOne) {
  SeenWindow window;
  SeededEntropy entropy(1);
  std::set<std::int64_t> added;
  for (int i = 0; i < 5000; ++i) {
    const auto id = MessageId(
        4 * static_cast<std::int64_t>(entropy.U64() % 3000 + static_cast<std::uint64_t>(i)));
    if (!window.Contains(id) && !window.Forgotten(id)) {
      EXPECT_TRUE(added.insert(id.value()).second) << id.value();
      window.Add(id);
    }
    EXPECT_LE(window.size(), kSeenMax);
  }
  EXPECT_EQ(window.Highest().value(), *added.rbegin());
}

TEST(SeenWindowTest, MarksStayWithTheirId) {
  SeenWindow window;
  window.Add(MessageId(8));
  window.Add(MessageId(4));
  window.SetMark(MessageId(8), SeenWindow::kQuery);
  window.SetMark(MessageId(8), SeenWindow::kAnswered);
  window.SetMark(MessageId(12), SeenWindow::kQuery);
  EXPECT_EQ(window.MarksOf(MessageId(8)), SeenWindow::kQuery | SeenWindow::kAnswered);
  EXPECT_EQ(window.MarksOf(MessageId(4)), 0u);
  EXPECT_FALSE(window.Contains(MessageId(12)));
  EXPECT_TRUE(window.Contains(MessageId(8)));
  window.Remove(MessageId(8));
  EXPECT_FALSE(window.Contains(MessageId(8)));
  EXPECT_FALSE(window.Forgotten(MessageId(8)));
}

TEST(SeenWindowTest, ForgetsUpToAnAge) {
  SeenWindow window;
  for (std::int64_t id = 4; id <= 400; id += 4) window.Add(MessageId(id));
  window.SetMark(MessageId(200), SeenWindow::kAnswered);
  window.Forget(MessageId(200));
  EXPECT_TRUE(window.Forgotten(MessageId(200)));
  EXPECT_FALSE(window.Forgotten(MessageId(204)));
  EXPECT_EQ(window.Lowest(), MessageId(204));
  EXPECT_EQ(window.size(), 50u);
}

// ---- UnackedQueue -------------------------------------------------------------------------------

UnackedQueue::Message Message(std::int64_t id, UnackedQueue::Kind kind, std::size_t size,
                              std::int64_t query = 0) {
  return {.id = MessageId(id),
          .query = MessageId(query),
          .last_sent = {},
          .body = Bytes(size),
          .kind = kind};
}

TEST(UnackedQueueTest, CountsItsBytes) {
  UnackedQueue queue;
  queue.Add(Message(1, UnackedQueue::Kind::kUpdate, 100));
  queue.Add(Message(5, UnackedQueue::Kind::kResult, 200, 4));
  EXPECT_EQ(queue.bytes(), 300 + 2 * kUnackedOverhead);
  ASSERT_NE(queue.FindAnswer(MessageId(4)), nullptr);
  EXPECT_EQ(queue.FindAnswer(MessageId(4))->id, MessageId(5));
  EXPECT_EQ(queue.FindAnswer(MessageId(1)), nullptr);
  const std::vector<std::int64_t> ids = {5, 7, 5, -1};
  queue.Acknowledge(ids);
  EXPECT_EQ(queue.bytes(), 100 + kUnackedOverhead);
  EXPECT_TRUE(queue.DropBefore(MessageId(2)));
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_FALSE(queue.DropBefore(MessageId(9)));
}

TEST(UnackedQueueTest, NoticesAreNeverDroppedForRoom) {
  UnackedQueue queue;
  queue.Add(Message(1, UnackedQueue::Kind::kNewSession, 28));
  queue.Add(Message(5, UnackedQueue::Kind::kTooLong, 4));
  EXPECT_TRUE(queue.MakeRoom(2 * kUnackedBytesMax, UnackedQueue::Kind::kResult).fits);
  EXPECT_EQ(queue.messages().size(), 2u);
  EXPECT_FALSE(queue.MakeRoom(2 * kUnackedBytesMax, UnackedQueue::Kind::kUpdate).fits);
}

// ---- Timers -------------------------------------------------------------------------------------

TEST(TimerHeapTest, AgreesWithASortedTable) {
  TimerHeap heap;
  std::vector<Timer> timers(200, Timer(Timer::Kind::kLink));
  std::map<Timer*, std::int64_t> model;
  SeededEntropy entropy(5);
  for (int step = 0; step < 20000; ++step) {
    Timer& timer = timers[entropy.U64() % timers.size()];
    const auto at = static_cast<std::int64_t>(entropy.U64() % 1000);
    switch (entropy.U64() % 4) {
      case 0:
        heap.Arm(timer, WallTime(std::chrono::nanoseconds(at)));
        model[&timer] = at;
        break;
      case 1: {
        heap.ArmNoLater(timer, WallTime(std::chrono::nanoseconds(at)));
        const auto [entry, added] = model.try_emplace(&timer, at);
        if (!added) entry->second = std::min(entry->second, at);
        break;
      }
      case 2:
        heap.Disarm(timer);
        model.erase(&timer);
        break;
      default: {
        std::int64_t earliest = INT64_MAX;
        for (const auto& [key, value] : model) earliest = std::min(earliest, value);
        ASSERT_EQ(heap.Next().has_value(), !model.empty());
        if (model.empty()) break;
        ASSERT_EQ(heap.Next()->time_since_epoch().count(), earliest);
        EXPECT_EQ(heap.TakeDue(WallTime(std::chrono::nanoseconds(earliest - 1))), nullptr);
        Timer* const due = heap.TakeDue(WallTime(std::chrono::nanoseconds(earliest)));
        ASSERT_NE(due, nullptr);
        EXPECT_EQ(model.at(due), earliest);
        model.erase(due);
      }
    }
  }
}

// ---- Salts and message ids ----------------------------------------------------------------------

TEST(SaltsTest, DependOnSecretKeyAndPeriod) {
  const SecretBytes<32> secret;
  std::array<std::uint8_t, 32> other_bytes{1};
  const SecretBytes<32> other(other_bytes);
  const std::set<std::int64_t> salts = {
      SaltOf(secret, AuthKeyId(1), 5), SaltOf(secret, AuthKeyId(1), 6),
      SaltOf(secret, AuthKeyId(2), 5), SaltOf(other, AuthKeyId(1), 5)};
  EXPECT_EQ(salts.size(), 4u);
}

TEST(SaltsTest, CacheFollowsTheClockBothWays) {
  const SecretBytes<32> secret;
  const AuthKeyId key(1);
  SaltCache cache;
  for (const std::int64_t period : {1000, 1001, 1002, 1000, 5000}) {
    const WallTime now = FromUnixSeconds(period * kSaltPeriodSeconds + 7);
    EXPECT_EQ(cache.Current(secret, key, now), SaltOf(secret, key, period));
    EXPECT_TRUE(cache.Accepts(secret, key, now, SaltOf(secret, key, period)));
    EXPECT_TRUE(cache.Accepts(secret, key, now, SaltOf(secret, key, period - 1)));
    EXPECT_FALSE(cache.Accepts(secret, key, now, SaltOf(secret, key, period - 2)));
    EXPECT_FALSE(cache.Accepts(secret, key, now, SaltOf(secret, key, period + 1)));
  }
}

TEST(MessageIdsTest, TellTimeAndPurpose) {
  MessageIds ids;
  const WallTime now = FromUnixSeconds(1'700'000'000) + 500ms;
  const MessageId reply = ids.Next(now, IdKind::kReply);
  EXPECT_EQ(reply.value() >> 32, 1'700'000'000);
  EXPECT_EQ(reply.value() & 0xffffffff, 0x80000001);
  const MessageId unasked = ids.Next(now, IdKind::kUnasked);
  EXPECT_EQ(unasked.value(), reply.value() - 1 + 4 + 3);
  EXPECT_EQ(ids.Next(now - 1h, IdKind::kReply).value(), reply.value() + 8);
}

}  // namespace
}  // namespace trunkline::mtproto

#include "server/io/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace trunkline::io {
namespace {

using testing::ElementsAre;

TEST(Mailbox, WakesItsOwnerOncePerBatch) {
  Mailbox<int> box(10);
  int wakes = 0;
  box.SetWake([&wakes] { ++wakes; });
  box.Post(1);
  box.Post(2);
  std::vector<int> more{3, 4};
  box.PostAll(more);
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(more.empty());

  std::vector<int> taken;
  box.Take(taken);
  EXPECT_THAT(taken, ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(box.empty());

  box.PostAll(more);  // nothing: nobody is woken
  EXPECT_EQ(wakes, 1);
  box.Post(5);
  EXPECT_EQ(wakes, 2);
  box.Take(taken);
  EXPECT_THAT(taken, ElementsAre(5));
}

TEST(Mailbox, SaysWhenItIsFullAndStillTakesWhatMustArrive) {
  Mailbox<int> box(2);
  box.SetWake([] {});
  box.Post(1);
  EXPECT_TRUE(box.HasRoom());
  box.Post(2);
  EXPECT_FALSE(box.HasRoom());
  box.Post(3);
  EXPECT_EQ(box.size(), 3u);
  std::vector<int> taken;
  box.Take(taken);
  EXPECT_THAT(taken, ElementsAre(1, 2, 3));
  EXPECT_TRUE(box.HasRoom());
}

TEST(Mailbox, CarriesWhatCannotBeCopied) {
  Mailbox<std::unique_ptr<int>> box(2);
  box.SetWake([] {});
  std::vector<std::unique_ptr<int>> batch;
  batch.push_back(std::make_unique<int>(7));
  box.PostAll(batch);
  std::vector<std::unique_ptr<int>> taken;
  box.Take(taken);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(*taken[0], 7);
}

// Every message of every thread arrives once, and those of one thread in order.
TEST(Mailbox, LosesNothingBetweenThreads) {
  constexpr int kThreads = 4, kEach = 5000;
  Mailbox<std::pair<int, int>> box(kThreads * kEach);
  std::mutex mutex;
  std::condition_variable woken;
  bool wake = false;
  box.SetWake([&] {
    const std::lock_guard lock(mutex);
    wake = true;
    woken.notify_one();
  });
  std::vector<std::thread> senders;
  for (int t = 0; t < kThreads; ++t) {
    senders.emplace_back([&box, t] {
      for (int i = 0; i < kEach; ++i) box.Post({t, i});
    });
  }
  std::vector<int> next(kThreads, 0);
  std::vector<std::pair<int, int>> taken;
  for (int left = kThreads * kEach; left > 0;) {
    {
      std::unique_lock lock(mutex);
      ASSERT_TRUE(woken.wait_for(lock, std::chrono::seconds(60), [&wake] { return wake; }));
      wake = false;
    }
    box.Take(taken);
    for (const auto& [thread, i] : taken) ASSERT_EQ(i, next[static_cast<std::size_t>(thread)]++);
    left -= static_cast<int>(taken.size());
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(box.empty());
}

}  // namespace
}  // namespace trunkline::io

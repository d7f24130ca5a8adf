#include "server/io/side_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace trunkline::io {
namespace {

TEST(SideThread, DoesOneAfterTheOtherElsewhere) {
  SideThread side(10);
  std::promise<std::thread::id> first, second;
  int done = 0;
  EXPECT_TRUE(side.Post([&] {
    ++done;
    first.set_value(std::this_thread::get_id());
  }));
  EXPECT_TRUE(side.Post([&] {
    ++done;
    second.set_value(std::this_thread::get_id());
  }));
  const std::thread::id thread = second.get_future().get();
  EXPECT_EQ(first.get_future().get(), thread);
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(done, 2);
}

TEST(SideThread, TakesNoMoreThanMayWait) {
  std::promise<void> go, begun, end;
  SideThread side(2);
  EXPECT_TRUE(side.Post([&] {
    begun.set_value();
    go.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(side.Post([] {}));
  EXPECT_TRUE(side.Post([&] { end.set_value(); }));
  EXPECT_FALSE(side.Post([] { ADD_FAILURE() << "there was no room"; }));
  go.set_value();
  end.get_future().wait();
}

TEST(SideThread, WhatWaitsAtTheEndIsDropped) {
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> watched = held;
  std::promise<void> begun;
  std::atomic<bool> dropped = false;
  {
    SideThread side(2);
    side.Post([&] {
      begun.set_value();
      // Until the end has begun.
      while (!watched.expired()) std::this_thread::yield();
      dropped = true;
    });
    begun.get_future().wait();
    side.Post([held] { ADD_FAILURE() << "it was over"; });
    held.reset();
  }
  EXPECT_TRUE(dropped);
}

}  // namespace
}  // namespace trunkline::io

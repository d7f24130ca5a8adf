// The service on a desk of its own, with a disk that is as slow as the test wants.
#include "server/relays/relay_service.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "relay/control/limits.h"
#include "server/relays/relay_json.h"
#include "server/relays/relay_state.h"
#include "tests/server/relays/rig.h"
#include "tests/support/temp_dir.h"

namespace {

// While it is stopped, whoever wants to be sure that something is on the disk waits.
class Disk {
 public:
  void Stop() { Set(true); }
  void GoOn() { Set(false); }
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stopped_; });
    --waiting_;
  }
  bool AwaitWaiting() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(trunkline::relay::kPatienceMs),
                             [this] { return waiting_ > 0; });
  }

 private:
  void Set(bool stopped) {
    const std::lock_guard lock(mutex_);
    stopped_ = stopped;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  int waiting_ = 0;
};

Disk& TheDisk() {
  static Disk disk;
  return disk;
}

}  // namespace

// In the place of the C library's.
extern "C" int fsync(int file) {
  TheDisk().Wait();
  return static_cast<int>(syscall(SYS_fsync, file));
}

namespace trunkline::relays {
namespace {

namespace net = boost::asio;

// The book's thread, with nothing but a desk.
class DeskThread {
 public:
  ~DeskThread() {
    guard_.reset();
    thread_.join();
  }
  AskDesk ask() {
    return [this](DeskWork work) {
      net::post(context_, [this, work = std::move(work)] {
        work(desk_,
             std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()));
      });
    };
  }

 private:
  book::RelayDesk desk_;
  net::io_context context_{1};
  net::executor_work_guard<net::io_context::executor_type> guard_ = net::make_work_guard(context_);
  std::thread thread_{[this] { context_.run(); }};
};

class RelayServiceTest : public testing::Test {
 protected:
  RelayServiceTest() {
    const std::string_view secret = kSecret;
    RelayServiceConfig config;
    config.data_dir = directory.path();
    config.control_host = "127.0.0.1";
    config.secret.assign(secret.begin(), secret.end());
    service = *RelayService::Start(std::move(config), desk.ask());
  }
  ~RelayServiceTest() override { TheDisk().GoOn(); }

  template <class T>
  static bool Comes(const std::future<T>& future) {
    return future.wait_for(std::chrono::milliseconds(relay::kPatienceMs)) ==
           std::future_status::ready;
  }
  std::optional<book::RelayStatus> Show(std::int64_t id) {
    auto shown = std::make_shared<std::promise<std::optional<book::RelayStatus>>>();
    service->Show(id, [shown](auto relay) { shown->set_value(std::move(relay)); });
    auto future = shown->get_future();
    return Comes(future) ? future.get() : std::nullopt;
  }
  // The desk is asked until it has heard of so many calls.
  bool CallsBecome(std::uint32_t calls) {
    const std::uint64_t until = relay::ControlNow().micros + relay::kPatienceMs * 1000;
    while (relay::ControlNow().micros < until) {
      const auto status = Show(7);
      if (status && status->reported_calls == calls) return true;
    }
    return false;
  }
  std::future<absl::StatusOr<book::RelayStatus>> Drain(std::int64_t id, bool draining) {
    auto done = std::make_shared<std::promise<absl::StatusOr<book::RelayStatus>>>();
    service->SetDraining(id, draining, [done](auto relay) { done->set_value(std::move(relay)); });
    return done->get_future();
  }
  std::future<absl::StatusOr<int>> Rotate() {
    auto done = std::make_shared<std::promise<absl::StatusOr<int>>>();
    service->RotateSecret([done](auto key_id) { done->set_value(std::move(key_id)); });
    return done->get_future();
  }
  RelayState OnDisk() const { return *RelayState::Load(directory.path(), AsBytes(kSecret)); }

  TempDir directory;
  DeskThread desk;
  std::unique_ptr<RelayService> service;
};

TEST_F(RelayServiceTest, ADrainIsOnTheDiskWhenItIsTold) {
  BareRelay bare(*service->control_port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  auto drained = Drain(7, true);
  ASSERT_TRUE(Comes(drained));
  EXPECT_TRUE(drained.get()->drained_by_operator);
  EXPECT_TRUE(OnDisk().drained().contains(7));
  EXPECT_TRUE(std::get<relay::control::DrainOrder>(bare.Next().value()).on);
  auto unknown = Drain(8, true);
  ASSERT_TRUE(Comes(unknown));
  EXPECT_TRUE(absl::IsNotFound(unknown.get().status()));
}

TEST_F(RelayServiceTest, WhatARelayDroppedIsShown) {
  BareRelay bare(*service->control_port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  bare.Beat({0, 0, 0, 1});  // as relays of older versions do
  ASSERT_TRUE(CallsBecome(1));
  EXPECT_FALSE(RelayObject(*Show(7)).contains("packets_dropped"));
  bare.Beat({0, 0, 0, 2, relay::control::DropCounts{{"no_peer", 5}, {"bad_tag", 37}}}, true);
  ASSERT_TRUE(CallsBecome(2));
  const auto object = RelayObject(*Show(7));
  EXPECT_EQ(object.at("packets_dropped"), 42);
  EXPECT_EQ(object.at("packets_dropped_by_reason"),
            (boost::json::value{{"no_peer", 5}, {"bad_tag", 37}}));
}

// Nor the book: whatever it does for calls, it does meanwhile.
TEST_F(RelayServiceTest, ASlowDiskHoldsUpNoHeartbeat) {
  BareRelay bare(*service->control_port(), RegistrationOf(7, 1));
  ASSERT_TRUE(bare.Registers());
  bare.Beat({0, 0, 0, 1});
  ASSERT_TRUE(CallsBecome(1));
  TheDisk().Stop();
  auto rotated = Rotate();
  auto drained = Drain(7, true);
  ASSERT_TRUE(TheDisk().AwaitWaiting());
  bare.Beat({0, 0, 0, 2}, true);
  ASSERT_TRUE(CallsBecome(2));
  EXPECT_FALSE(Show(7)->drained_by_operator);  // nobody is told what the disk doesn't hold
  TheDisk().GoOn();
  ASSERT_TRUE(Comes(rotated) && Comes(drained));
  EXPECT_EQ(*rotated.get(), 1);
  EXPECT_TRUE(drained.get()->drained_by_operator);
}

TEST_F(RelayServiceTest, WhatWasAskedLastIsOnTheDiskInTheEnd) {
  BareRelay seven(*service->control_port(), RegistrationOf(7, 1));
  BareRelay eight(*service->control_port(), RegistrationOf(8, 2));
  ASSERT_TRUE(seven.Registers() && eight.Registers());
  TheDisk().Stop();
  const auto first = Rotate();
  ASSERT_TRUE(TheDisk().AwaitWaiting());
  const auto second = Drain(7, true), third = Drain(8, true);
  const auto fourth = Rotate();
  const auto fifth = Drain(7, false);
  TheDisk().GoOn();
  ASSERT_TRUE(Comes(first) && Comes(second) && Comes(third) && Comes(fourth) && Comes(fifth));
  EXPECT_EQ(OnDisk().drained(), std::set<std::int64_t>{8});
  EXPECT_EQ(OnDisk().current(), 2);
  // What the service itself goes by is no other.
  EXPECT_FALSE(Show(7)->drained_by_operator);
  EXPECT_TRUE(Show(8)->drained_by_operator);
}

// A fleet that is full may have room in a while, so a relay that starts doesn't give up.
TEST_F(RelayServiceTest, WhoFindsNoRoomTriesAgain) {
  std::vector<std::unique_ptr<BareRelay>> relays;
  relay::control::Registration registration;
  for (std::uint32_t id = 1; id <= 5; ++id) {
    registration = RegistrationOf(id, id);
    for (std::uint32_t i = 0; i < relay::control::kLabelsMax; ++i) {
      registration.labels.push_back(std::to_string(id) + "." + std::to_string(i));
    }
    relays.push_back(std::make_unique<BareRelay>(*service->control_port(), registration));
    if (id == 5) break;
    ASSERT_TRUE(relays.back()->Registers());
  }
  const auto event = relays.back()->Next();
  ASSERT_TRUE(event && std::holds_alternative<relay::control::Refusal>(*event));
  const auto& refusal = std::get<relay::control::Refusal>(*event);
  EXPECT_EQ(refusal.text, "relay 5: too_many_labels");
  EXPECT_FALSE(relay::control::IsFinal(refusal.reason));
}

// A server that stops has promised nothing, but what it has begun it ends.
TEST_F(RelayServiceTest, TheEndWaitsForTheDisk) {
  TheDisk().Stop();
  const auto rotated = Rotate();
  ASSERT_TRUE(TheDisk().AwaitWaiting());
  auto ended = std::async(std::launch::async, [this] { service.reset(); });
  TheDisk().GoOn();
  ASSERT_TRUE(Comes(ended));
  EXPECT_TRUE(Comes(rotated));
  EXPECT_EQ(OnDisk().current(), 1);
}

}  // namespace
}  // namespace trunkline::relays

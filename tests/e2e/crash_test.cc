// The real server is killed with SIGKILL again and again while people sign in and call each other,
// and started again on the same directory, with one link thread and with three in turn. Whatever
// was acknowledged to a client is there afterwards, once.
//   TRUNKLINE_KILLS  how often (20)        TRUNKLINE_SEED  repeats the choices of a run

#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/e2e/crash_pair.h"
#include "tests/e2e/crash_sign_ins.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

namespace trunkline::e2e {
namespace {

constexpr int kPairs = 6;
constexpr std::chrono::milliseconds kWorkPatience{20'000};

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class CrashTest : public testing::Test {
 protected:
  CrashTest() { ExpectStart(0); }

  void ExpectStart(std::uint16_t port) {
    server_ = std::make_unique<ServerProcess>(directory_.path(), Threads(), port);
    ASSERT_TRUE(server_->started()) << server_->ready_line() << Seed();
    port_ = server_->endpoint().port();
  }
  std::vector<std::string> Threads() const { return {"--threads", life_ % 2 == 0 ? "1" : "3"}; }
  std::string Seed() const { return " (TRUNKLINE_SEED=" + std::to_string(seed_) + ")"; }
  load::ClientOptions Options() const {
    load::ClientOptions options;
    options.server = server_->endpoint();
    options.server_key = server_->PublicKey();
    return options;
  }
  std::uint64_t Draw(std::uint64_t below) { return choices_.U64() % below; }

  // Between two acknowledgements of somebody, now and then before the first.
  void KillAtRandom() {
    const std::uint64_t due = Draw(8) == 0 ? 0 : Draw(150);
    if (!totals_.AwaitAcknowledged(totals_.acknowledged() + due, kWorkPatience)) {
      totals_.Wrong("nothing is acknowledged any more");
    }
    // Half of the time at once: what is written too late is still not written then.
    if (Draw(2) == 0) {
      totals_.AwaitAcknowledged(~std::uint64_t{0}, std::chrono::microseconds(Draw(10'000)));
    }
    totals_.ExpectCrash(true);
    server_->Kill();
    ++life_;
    // Sometimes the next one doesn't live to see the end of its start either.
    if (Draw(4) == 0) {
      ServerProcess(directory_.path(), Threads(), port_, std::chrono::milliseconds(Draw(60)));
      ++restarts_cut_;
    }
  }

  // What one thread does: `check` with a new server process, `run` until it dies.
  template <class Check, class Run, class CheckAll>
  std::thread Worker(Check check, Run run, CheckAll check_all) {
    return std::thread([this, check, run, check_all] {
      for (;;) {
        check();
        phase_.arrive_and_wait();  // all have checked
        if (over_) break;
        run();
        phase_.arrive_and_wait();  // all have lost their server
        phase_.arrive_and_wait();  // and there is a new one
      }
      check_all();
    });
  }

  void Report(std::uint64_t kills) const {
    std::printf(
        "kill -9: %llu in service and %d in start; acknowledged: %llu transitions of calls (%llu "
        "requested, %llu ringing, %llu accepted, %llu confirmed, %llu ended), %llu messages, %llu "
        "sign-ins; %llu checks after restarts; lost %llu, doubled %llu;%s\n",
        Number(kills), restarts_cut_,
        Number(totals_.acknowledged() - Of(Told::kMessage) - Of(Told::kSignIn)), Of(Told::kRequest),
        Of(Told::kReceived), Of(Told::kAccept), Of(Told::kConfirm), Of(Told::kEnd),
        Of(Told::kMessage), Of(Told::kSignIn), Number(totals_.verified()), Number(totals_.lost()),
        Number(totals_.doubled()), Seed().c_str());
  }
  static unsigned long long Number(std::uint64_t value) { return value; }
  unsigned long long Of(Told what) const { return totals_.acknowledged(what); }

  std::uint64_t seed_ = FromEnvironment("TRUNKLINE_SEED", std::random_device{}());
  SeededEntropy choices_{seed_};
  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
  std::uint16_t port_ = 0;
  int life_ = 0, restarts_cut_ = 0;
  CrashTotals totals_;
  std::barrier<> phase_{kPairs + 2};
  std::atomic<bool> over_ = false;
};

TEST_F(CrashTest, WhatWasAcknowledgedIsThereOnce) {
  std::vector<std::unique_ptr<CrashPair>> pairs;
  for (int i = 0; i < kPairs; ++i) {
    pairs.push_back(std::make_unique<CrashPair>(i, choices_.U64(), Options(), &totals_));
    ASSERT_TRUE(pairs.back()->SetUp()) << totals_.Findings() << Seed();
  }
  CrashSignIns sign_ins(choices_.U64(), Options(), &totals_);
  std::vector<std::thread> workers;
  for (const auto& pair : pairs) {
    workers.push_back(Worker([&pair] { pair->Return(); }, [&pair] { pair->Run(); },
                             [&pair] { pair->CheckAll(); }));
  }
  workers.push_back(
      Worker([&] { sign_ins.Check(); }, [&] { sign_ins.Run(); }, [&] { sign_ins.CheckAll(); }));

  const std::uint64_t kills = FromEnvironment("TRUNKLINE_KILLS", 20);
  std::uint64_t killed = 0;
  for (;;) {
    phase_.arrive_and_wait();  // all have checked
    if (over_) break;
    KillAtRandom();
    ++killed;
    phase_.arrive_and_wait();  // all have lost their server
    totals_.ExpectCrash(false);
    ExpectStart(port_);
    over_ = killed == kills || !totals_.Findings().empty() || !server_->started();
    phase_.arrive_and_wait();  // and there is a new one
  }
  for (std::thread& worker : workers) worker.join();

  Report(killed);
  EXPECT_EQ(killed, kills);
  EXPECT_EQ(totals_.lost(), 0u);
  EXPECT_EQ(totals_.doubled(), 0u);
  EXPECT_EQ(totals_.Findings(), "") << Seed();
  for (int i = 0; i < kToldCount; ++i) {
    EXPECT_GT(totals_.acknowledged(static_cast<Told>(i)), 0u) << "nothing of kind " << i;
  }
  EXPECT_GT(totals_.verified(), totals_.acknowledged());
}

}  // namespace
}  // namespace trunkline::e2e

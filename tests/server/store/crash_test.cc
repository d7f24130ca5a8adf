// kill -9 at any moment: what was acknowledged is there, whole groups or nothing.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

constexpr int kCrashGroup = 3;

// Appends groups of three for ever, projects now and then, and writes each acknowledged version to
// the pipe. Ends only by the parent's signal.
[[noreturn]] void AppendUntilKilled(const std::filesystem::path& dir, int first_version, int pipe) {
  auto store = Store::Open(dir, {Durability::kFsync});
  if (!store.ok()) ::_exit(1);
  for (int version = first_version;; version += kCrashGroup) {
    if (!(*store)->Append(FactsOfOneUser(version, kCrashGroup)).ok()) ::_exit(2);
    const int acknowledged = version + kCrashGroup - 1;
    if (::write(pipe, &acknowledged, sizeof acknowledged) != sizeof acknowledged) ::_exit(3);
    if (version % 5 == 0 && !(*store)->Project(1 + version % 7).ok()) ::_exit(4);
  }
}

class CrashTest : public ScratchDir {};

TEST_F(CrashTest, WhatWasAcknowledgedSurvivesKill) {
  std::mt19937 random(5);
  int durable = 0;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) AppendUntilKilled(dir(), durable + 1, ends[1]);
    ::close(ends[1]);
    // Some groups in, at a moment nobody chose.
    int acknowledged = durable;
    for (auto groups = 1 + random() % 20; groups > 0; --groups) {
      ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
    }
    ::usleep(static_cast<useconds_t>(random() % 3'000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    for (int last; ::read(ends[0], &last, sizeof last) == sizeof last;) acknowledged = last;
    ::close(ends[0]);

    auto store = MustOpen();
    ASSERT_NE(store, nullptr);
    durable = 0;
    ASSERT_TRUE(store
                    ->Restore([&durable](const book::Fact& fact) {
                      durable = std::max(durable, fact.version);
                    })
                    .ok());
    EXPECT_GE(durable, acknowledged) << "round " << round;
    // One group may be durable and not yet told; none is there in part.
    EXPECT_LE(durable, acknowledged + kCrashGroup) << "round " << round;
    EXPECT_EQ(durable % kCrashGroup, 0) << "round " << round;
  }
  EXPECT_GT(durable, 20 * kCrashGroup);
}

}  // namespace
}  // namespace trunkline::store

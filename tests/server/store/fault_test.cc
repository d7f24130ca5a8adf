// A disk that refuses one operation, at each place where it can: a full one costs a group and
// nothing else, a broken one is never taken for a full one.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "server/book/apply.h"
#include "server/store/store.h"
#include "tests/server/store/power_image.h"
#include "tests/server/store/world.h"

namespace trunkline::store {
namespace {

constexpr std::size_t kFaultGroup = 3;
constexpr int kSteps = 30;
// Of the operations of a first start, one in so many fails. With a sanitizer, which sees the same
// code each time, the migrations of all would take minutes.
#ifdef __SANITIZE_ADDRESS__
constexpr int kStartStride = 7;
#else
constexpr int kStartStride = 1;
#endif

std::string StateAfter(std::span<const book::Fact> facts) {
  book::State state;
  for (const book::Fact& fact : facts) book::Apply(state, fact);
  return Describe(state);
}

class FaultTest : public testing::Test {
 protected:
  static absl::StatusOr<std::unique_ptr<Store>> Open(PowerDisk& disk) {
    return Store::Open(kPowerDir, {.checkpoint_pages_idle = 5,
                                   .checkpoint_pages_busy = 20,
                                   .checkpoint_pages_max = 20,
                                   .vfs = disk.vfs()});
  }
  static std::string StateFrom(Store& store) {
    book::State state;
    const absl::Status status =
        store.Restore([&state](const book::Fact& fact) { book::Apply(state, fact); });
    EXPECT_TRUE(status.ok()) << status;
    return Describe(state);
  }
  std::span<const book::Fact> First(std::size_t count) const {
    return std::span(facts_).first(count);
  }

  // Appends and projects, each step once more after a refusal, until the end or a status that
  // isn't one. `known_` is the number of facts acknowledged.
  absl::Status Work(Store& store) {
    known_ = 0;
    for (int step = 0; step < kSteps; ++step) {
      absl::Status status = Step(store, step);
      while (absl::IsResourceExhausted(status)) {
        ++refused_;
        EXPECT_EQ(StateFrom(store), StateAfter(First(known_))) << "step " << step;
        status = Step(store, step);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }
  absl::Status Step(Store& store, int step) {
    const auto slice = step % 2 == 0 ? Store::Slice::kAllRows : Store::Slice::kWholeCalls;
    if (step % 3 == 2) return store.Project(4 + step % 5, slice).status();
    const std::int64_t unprojected = store.unprojected();
    absl::Status status = store.Append(std::span(facts_).subspan(known_, kFaultGroup));
    if (status.ok()) known_ += kFaultGroup;
    // A checkpoint that failed after the group was committed ends the process, whatever is counted.
    if (absl::IsDataLoss(status)) return status;
    EXPECT_EQ(store.unprojected() - unprojected, status.ok() ? std::ssize(First(kFaultGroup)) : 0);
    return status;
  }

  const std::vector<book::Fact> facts_ = World(7).Next(kSteps * kFaultGroup);
  std::size_t known_ = 0;
  int refused_ = 0;
};

TEST_F(FaultTest, AFullDiskCostsAGroupAndNothingElse) {
  for (const int times : {1, 7}) {
    for (int at = 1;; at += times) {
      PowerDisk disk(1);
      disk.Load(JustMade());
      auto store = Open(disk);
      ASSERT_TRUE(store.ok()) << store.status();
      disk.FailAt(at, SQLITE_FULL, times);
      ASSERT_TRUE(Work(**store).ok()) << "write " << at;
      ASSERT_EQ(StateFrom(**store), StateAfter(First(known_))) << "write " << at;
      store->reset();
      if (!disk.failed()) break;
      store = Open(disk);
      ASSERT_TRUE(store.ok()) << store.status();
      ASSERT_EQ(StateFrom(**store), StateAfter(First(known_))) << "write " << at;
    }
  }
  EXPECT_GT(refused_, 100);
}

TEST_F(FaultTest, ABrokenDiskIsNeverTakenForAFullOne) {
  int broken = 0;
  for (int at = 1;; ++at) {
    PowerDisk disk(1);
    disk.Load(JustMade());
    auto store = Open(disk);
    ASSERT_TRUE(store.ok()) << store.status();
    disk.FailAt(at, SQLITE_IOERR_FSYNC);
    const absl::Status status = Work(**store);
    if (!disk.failed()) {
      EXPECT_TRUE(status.ok()) << status;
      break;
    }
    ++broken;
    ASSERT_TRUE(absl::IsDataLoss(status)) << "operation " << at << ": " << status;
    store->reset();
    store = Open(disk);
    ASSERT_TRUE(store.ok()) << store.status();
    // Whether the last group got there is what nobody knew.
    const std::string state = StateFrom(**store);
    ASSERT_TRUE(state == StateAfter(First(known_)) ||
                state == StateAfter(First(known_ + kFaultGroup)))
        << "operation " << at;
  }
  EXPECT_GT(broken, 50);
  EXPECT_EQ(refused_, 0);
}

TEST_F(FaultTest, AFirstStartThatFailsCanBeRepeated) {
  for (const auto& [code, expected] :
       {std::pair(SQLITE_FULL, absl::StatusCode::kResourceExhausted),
        std::pair(SQLITE_IOERR_WRITE, absl::StatusCode::kDataLoss)}) {
    for (int at = 1;; at += kStartStride) {
      PowerDisk disk(1);
      disk.FailAt(at, code);
      auto store = Open(disk);
      if (!disk.failed()) break;
      // A fault in mere tidying goes unnoticed; what is acknowledged afterwards has to last.
      if (!store.ok()) {
        EXPECT_EQ(store.status().code(), expected) << "operation " << at << ": " << store.status();
        ++refused_;
        store = Open(disk);
      }
      ASSERT_TRUE(store.ok()) << "operation " << at << ": " << store.status();
      disk.SyncNames();
      ASSERT_TRUE((*store)->Append(First(kFaultGroup)).ok());
      disk.StopAt(1);
      ASSERT_FALSE((*store)->Append(First(2 * kFaultGroup).last(kFaultGroup)).ok());
      store->reset();
      disk.CutPower();
      store = Open(disk);
      ASSERT_TRUE(store.ok()) << "operation " << at << ": " << store.status();
      ASSERT_EQ(StateFrom(**store), StateAfter(First(kFaultGroup))) << "operation " << at;
    }
  }
  EXPECT_GT(refused_, 30);
}

}  // namespace
}  // namespace trunkline::store

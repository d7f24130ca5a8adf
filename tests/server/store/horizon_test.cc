// A start reads what the book still asks for, however long the history is.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/book/apply.h"
#include "tests/server/store/power_disk.h"
#include "tests/server/store/scratch_dir.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

constexpr std::int64_t kStartMs = 1'700'000'000'000;
constexpr int kUsers = 8;

UserId User(int number) {
  return UserId(1 + number % kUsers);
}

// Users first, then calls a second apart, each over at once. Call ids lie all over the table.
std::vector<book::Fact> History(int calls) {
  std::vector<book::Fact> facts;
  std::vector<std::int32_t> pts(kUsers + 1, 1);
  const auto next = [&pts](UserId user) { return ++pts[static_cast<std::size_t>(user.value())]; };
  for (int i = 0; i < kUsers; ++i) {
    facts.push_back({book::Stream::kUser, User(i).value(), 1,
                     fact::UserCreated{User(i), AccessHash(9), "", "A", "", false, "", kStartMs}});
  }
  for (int i = 0; i < calls; ++i) {
    const CallId id(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u));
    fact::CallRequested requested;
    requested.id = id;
    requested.caller = User(i);
    requested.callee = User(i + 1 + i / 7 % 3);
    requested.caller_device = DeviceId(77);
    requested.random_id = i;
    requested.at_ms = kStartMs + 1'000 * i;
    fact::CallEnded ended;
    ended.id = id;
    ended.reason = call::Reason::kMissed;
    ended.at_ms = requested.at_ms + 500;
    ended.caller_pts = next(requested.caller);
    ended.callee_pts = next(requested.callee);
    ended.caller_message_id = ended.caller_pts - 1;
    ended.callee_message_id = ended.callee_pts - 1;
    facts.push_back({book::Stream::kCall, id.value(), 1, requested});
    facts.push_back({book::Stream::kCall, id.value(), 2, ended});
  }
  return facts;
}

void Fill(Store& store, const std::vector<book::Fact>& facts, int unprojected) {
  ASSERT_TRUE(store.Append(facts).ok());
  const int rows = static_cast<int>(facts.size()) - unprojected;
  ASSERT_TRUE(store.Project(rows).ok());
}

struct Given {
  book::State state;
  std::int64_t facts = 0, messages = 0;
};

void Restore(Store& store, const Horizon& horizon, Given& to) {
  const absl::Status status = store.Restore(
      horizon,
      [&to](const book::Fact& fact) {
        ++to.facts;
        book::Apply(to.state, fact);
      },
      [&to](const book::BoxMessage& message) {
        ++to.messages;
        book::Apply(to.state, message);
      });
  ASSERT_TRUE(status.ok()) << status;
}

// What clients see of the boxes: their pts, and every message that is kept.
std::string Boxes(const book::State& state) {
  const std::string all = Describe(state);
  const std::size_t from = all.find("boxes:"), to = all.find("calls:");
  return all.substr(from, to - from);
}

class HorizonTest : public ScratchDir {};

TEST_F(HorizonTest, BoxesAreWholeWithoutTheirCalls) {
  constexpr int kCalls = 6'000;  // more than a box of 1,000 messages keeps
  const auto facts = History(kCalls);
  book::State whole;
  for (const book::Fact& fact : facts) book::Apply(whole, fact);
  auto store = MustOpen();
  for (const int unprojected : {101, 0}) {
    if (unprojected != 0) {
      Fill(*store, facts, unprojected);
    } else {
      ASSERT_TRUE(store->Project(1'000).ok());
    }
    for (const std::int64_t calls : {0, 1, 300, kCalls}) {
      Given given;
      Restore(*store, {.ended_calls_max = calls}, given);
      EXPECT_EQ(Boxes(given.state), Boxes(whole)) << calls << " calls, " << unprojected;
      // Of the unprojected rows one belongs to a call that is live without them.
      const auto expected = std::min<std::int64_t>(calls + (unprojected + 1) / 2, kCalls);
      EXPECT_EQ(static_cast<std::int64_t>(given.state.calls.size()), expected);
      EXPECT_LE(given.messages, std::int64_t{kUsers} * book::kBoxMessagesMax);
      EXPECT_EQ(given.messages == 0, calls == kCalls);
    }
  }
  const book::Box* box = whole.boxes.Find(User(0));
  ASSERT_NE(box, nullptr);
  EXPECT_GT(box->kept_from, 2);
}

// The same, with messages of all ages deleted all along, until some boxes are only deletions.
TEST_F(HorizonTest, BoxesAreWholeWithTheirDeletions) {
  std::vector<book::Fact> facts;
  std::vector<std::int32_t> pts(kUsers + 1, 1), ids(kUsers + 1, 0), versions(kUsers + 1, 1);
  const auto add_deletion = [&](UserId owner, std::int32_t age) {
    const auto at = static_cast<std::size_t>(owner.value());
    if (ids[at] == 0) return;
    facts.push_back({book::Stream::kUser, owner.value(), ++versions[at],
                     fact::MessageDeleted{owner, std::max(1, ids[at] - age), ++pts[at], ids[at]}});
  };
  int calls = 0;
  for (book::Fact fact : History(3'000)) {
    if (auto* ended = std::get_if<fact::CallEnded>(&fact.body)) {
      const auto caller = static_cast<std::size_t>(User(calls).value());
      const auto callee = static_cast<std::size_t>(User(calls + 1 + calls / 7 % 3).value());
      ended->caller_pts = ++pts[caller];
      ended->callee_pts = ++pts[callee];
      ended->caller_message_id = ++ids[caller];
      ended->callee_message_id = ++ids[callee];
      ++calls;
    }
    facts.push_back(fact);
    if (calls % 3 == 0) add_deletion(User(calls / 3), calls % 1'100);
  }
  for (std::int32_t age = 0; age < book::kBoxMessagesMax + 50; ++age) add_deletion(User(0), age);
  book::State whole;
  for (const book::Fact& fact : facts) book::Apply(whole, fact);
  auto store = MustOpen();
  ASSERT_TRUE(store->Append(facts).ok());
  for (const int projected : {0, 2'000, 4'000, 6'000}) {
    if (projected > 0) {
      ASSERT_TRUE(store->Project(2'000).ok());
    }
    for (const std::int64_t kept : {0, 700, 3'000}) {
      Given given;
      Restore(*store, {.ended_calls_max = kept}, given);
      EXPECT_EQ(Boxes(given.state), Boxes(whole)) << kept << " calls, " << projected << " rows";
    }
  }
  EXPECT_EQ(whole.deletions.Find(User(0))->size(), static_cast<std::size_t>(book::kBoxMessagesMax));
}

TEST_F(HorizonTest, CallsThatEndedTooLongAgoAreNotGiven) {
  auto store = MustOpen();
  Fill(*store, History(50), 0);
  for (const int old : {0, 1, 20, 49, 50}) {
    Given given;
    // A call ends half a second after it began.
    Restore(*store, {.ended_since_ms = kStartMs + 500 + 1'000 * old}, given);
    EXPECT_EQ(given.state.calls.size(), static_cast<std::size_t>(50 - old));
    EXPECT_EQ(given.state.ended.size(), static_cast<std::size_t>(50 - old));
    EXPECT_EQ(given.state.random_ids.size(), static_cast<std::size_t>(50 - old));
    EXPECT_EQ(given.messages, 2 * old);
  }
}

TEST_F(HorizonTest, ALiveCallIsGivenHoweverOldItIs) {
  auto facts = History(40);
  facts.erase(facts.begin() + kUsers + 1);  // the first call never ended
  auto store = MustOpen();
  Fill(*store, facts, 0);
  Given given;
  Restore(*store, {.ended_calls_max = 3}, given);
  EXPECT_EQ(given.state.calls.size(), 4u);
  EXPECT_EQ(given.state.live_calls.size(), 2u);
}

// Five times the history: the same facts, and not more of the file is read.
TEST_F(HorizonTest, HistoryCostsAStartNothing) {
  std::int64_t facts[2] = {}, messages[2] = {}, reads[2] = {};
  for (int i = 0; i < 2; ++i) {
    PowerDisk disk(1);
    const Store::Options options = {.durability = Durability::kNone, .vfs = disk.vfs()};
    auto store = Store::Open("/power", options);
    ASSERT_TRUE(store.ok()) << store.status();
    Fill(**store, History(i == 0 ? 4'500 : 22'500), 10);
    store->reset();
    const std::int64_t before = disk.reads();
    store = Store::Open("/power", options);
    ASSERT_TRUE(store.ok()) << store.status();
    Given given;
    Restore(**store, {.ended_calls_max = 20}, given);
    facts[i] = given.facts;
    messages[i] = given.messages;
    reads[i] = disk.reads() - before;
  }
  EXPECT_EQ(facts[0], facts[1]);
  // A box of 1,000 messages lies in as many blocks, but not in the same ones as the calls' own.
  EXPECT_NEAR(static_cast<double>(messages[0]), static_cast<double>(messages[1]), 100);
  EXPECT_LT(reads[1], reads[0] * 3 / 2) << reads[0];
}

}  // namespace
}  // namespace trunkline::store

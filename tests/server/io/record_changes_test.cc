// The book's thread as call records need it: changes in groups with what they do to live calls and
// boxes, purges between groups, readers who wait for the tables.
#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "server/io/book_loop.h"
#include "server/io/record_desk.h"
#include "server/store/sqlite.h"
#include "tests/server/book/world.h"
#include "tests/server/records/fake_ledger.h"
#include "tests/support/temp_dir.h"

namespace trunkline::io {
namespace {

using book::Phone;
using records::Ledger;
using records::Live;

// Two phones with a message in either box, and one call in progress.
struct Past {
  book::World world;
  Phone anna = world.SignedIn("9996600001");
  Phone bert = world.SignedIn("9996600002");
  book::Dialled active;

  Past() {
    // The loop goes by the real clock, and the call is to live on.
    world.Wait(
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now() - world.now()));
    const book::Dialled over = Dial(world, anna, bert);
    Discard(world, anna, over.caller);
    active = Connect(world, anna, bert);
  }
};

class RecordChangesTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      auto store = OpenStore();
      ASSERT_TRUE(store->Append(past_.world.journal()).ok());
    }
    Start(&ledger_);
  }
  void TearDown() override { loop_->Stop(std::chrono::steady_clock::now()); }

  std::unique_ptr<store::Store> OpenStore() {
    auto store = store::Store::Open(dir_.path(), {store::Durability::kNone});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  // Also once more, on what the one before left.
  void Start(Ledger* ledger) {
    loop_ = nullptr;
    switchboard_ = std::make_unique<Switchboard>(1);
    switchboard_->link(0).SetWake([] {});
    NodeConfig config;
    config.book = book::TestConfig();
    loop_ = std::make_unique<BookLoop>(OpenStore(), config, switchboard_.get(), nullptr);
    loop_->UseLedger(ledger);
    EXPECT_TRUE(loop_->Restore().ok());
    loop_->Start();
  }
  std::int64_t RowsWaiting() {
    auto database = store::Database::Open(dir_ / "trunkline.db");
    EXPECT_TRUE(database.ok());
    return *database->Number("SELECT count(*) FROM journal");
  }

  // What the change came to.
  template <class Work>
  std::future<absl::Status> Ask(Work work) {
    auto told = std::make_shared<std::promise<absl::Status>>();
    loop_->ChangeRecords(std::move(work), [told](absl::Status status) { told->set_value(status); });
    return told->get_future();
  }
  template <class Work>
  absl::Status Change(Work work) {
    return Ask(std::move(work)).get();
  }
  void Send(const Phone& phone, book::CommandBody body) {
    switchboard_->book().Post(
        book::Command{{phone.session, MessageId(++message_), phone.device}, std::move(body)});
  }
  // Runs on the book's thread, behind everything that was posted.
  template <class Work>
  void OnBook(Work work) {
    std::promise<void> done;
    switchboard_->book().Post(Task([&] {
      work();
      done.set_value();
    }));
    done.get_future().get();
  }
  std::int64_t LiveCalls() {
    std::int64_t calls = 0;
    OnBook([&] { calls = static_cast<std::int64_t>(loop_->book().stats().live_calls); });
    return calls;
  }
  // What left for the phones since the last time.
  std::vector<book::Update> Pushed() {
    std::vector<book::Update> updates;
    OnBook([] {});
    std::vector<LinkMessage> messages;
    switchboard_->link(0).Take(messages);
    for (const LinkMessage& message : messages) {
      const auto* push = std::get_if<PushTo>(&message);
      if (push == nullptr) continue;
      updates.insert(updates.end(), push->batch->updates.begin(), push->batch->updates.end());
    }
    return updates;
  }
  std::int64_t Committed() {
    return static_cast<std::int64_t>(switchboard_->stats().groups_committed.Get());
  }
  // Keeps the book's thread busy until it is let go, so that what is posted meanwhile meets.
  std::promise<void> Hold() {
    std::promise<void> go;
    std::promise<void> held;
    switchboard_->book().Post(Task([&held, until = go.get_future().share()] {
      held.set_value();
      until.wait();
    }));
    held.get_future().wait();
    return go;
  }

  const TempDir dir_;
  Past past_;
  records::FakeLedger ledger_;
  std::unique_ptr<Switchboard> switchboard_;
  std::unique_ptr<BookLoop> loop_;
  std::int64_t message_ = 100;
};

// L-08, X-01: the end of the call, the deletion of its message and whatever else is one step.
TEST_F(RecordChangesTest, HangsUpAndDeletesInOneTransaction) {
  const CallId call = past_.active.caller.id;
  Send(past_.anna, book::cmd::SessionOpened{});
  Send(past_.bert, book::cmd::SessionOpened{});
  Pushed();
  const absl::Status status = Change([&](Ledger& ledger, Live& live) {
    EXPECT_EQ(&ledger, &ledger_);
    absl::Status hung_up = live.HangUp(call);
    return hung_up.ok() ? live.DeleteMessage(past_.anna.user, 2) : hung_up;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(LiveCalls(), 0);
  int ended = 0, messages = 0, deletions = 0;
  for (const book::Update& update : Pushed()) {
    ended += update.kind == book::Update::Kind::kPhoneCall ? 1 : 0;
    messages += update.kind == book::Update::Kind::kNewMessage ? 1 : 0;
    deletions += update.kind == book::Update::Kind::kDeleteMessage ? 1 : 0;
  }
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(messages, 2);
  EXPECT_EQ(deletions, 1);
  Start(&ledger_);
  EXPECT_EQ(LiveCalls(), 0);
}

TEST_F(RecordChangesTest, AFailedChangeLeavesNothing) {
  const CallId call = past_.active.caller.id;
  Send(past_.anna, book::cmd::SessionOpened{});
  Pushed();
  const absl::Status status = Change([&](Ledger&, Live& live) {
    EXPECT_TRUE(live.HangUp(call).ok());
    EXPECT_TRUE(live.DeleteMessage(past_.anna.user, 1).ok());
    return absl::ResourceExhaustedError("no room");
  });
  EXPECT_EQ(status, absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(LiveCalls(), 1);
  EXPECT_TRUE(Pushed().empty());
  EXPECT_TRUE(Change([&](Ledger&, Live& live) { return live.HangUp(call); }).ok());
  EXPECT_EQ(LiveCalls(), 0);
}

// An account that an operator makes is there for everybody, or for nobody.
TEST_F(RecordChangesTest, AnAddedPersonIsDurable) {
  const records::NewPerson cleo{"+4477009000", "Cleo", "Berg"};
  const auto users = [this] {
    std::size_t count = 0;
    OnBook([&] { count = loop_->book().stats().users; });
    return count;
  };
  const std::size_t before = users();
  EXPECT_FALSE(Change([&](Ledger&, Live& live) {
                 EXPECT_TRUE(live.AddPerson(cleo).ok());
                 return absl::UnavailableError("busy");
               }).ok());
  EXPECT_EQ(users(), before);
  UserId made, found;
  EXPECT_TRUE(Change([&](Ledger&, Live& live) {
                using Fault = records::AddedPerson::Fault;
                EXPECT_EQ(live.AddPerson({"+1", "Cleo", ""})->fault, Fault::kPhone);
                EXPECT_EQ(live.AddPerson({"+4477009000", "", ""})->fault, Fault::kName);
                made = live.AddPerson(cleo)->user;
                found = live.AddPerson({"+4477009000", "", ""})->user;
                return absl::OkStatus();
              }).ok());
  EXPECT_TRUE(made);
  EXPECT_EQ(found, made);
  EXPECT_EQ(users(), before + 1);
  Start(&ledger_);
  EXPECT_EQ(users(), before + 1);
}

TEST_F(RecordChangesTest, ChangesThatMeetShareATransactionAndItsFailure) {
  const auto nothing = [](Ledger&, Live&) { return absl::OkStatus(); };
  for (const bool fails : {false, true}) {
    const std::int64_t before = Committed();
    std::promise<void> go = Hold();
    std::vector<std::future<absl::Status>> told;
    for (int i = 0; i < 5; ++i) {
      told.push_back(Ask([&, i](Ledger&, Live& live) {
        if (i == 2) {
          EXPECT_TRUE(live.DeleteMessage(past_.bert.user, 1).ok());
        }
        return fails && i == 3 ? absl::UnavailableError("busy") : absl::OkStatus();
      }));
    }
    go.set_value();
    for (auto& one : told) EXPECT_EQ(one.get().ok(), !fails);
    EXPECT_EQ(Committed() - before, fails ? 0 : 1);
    EXPECT_TRUE(Change(nothing).ok());
  }
}

TEST_F(RecordChangesTest, MoreThanABoundfulAreSeveralTransactions) {
  const std::int64_t before = Committed();
  std::promise<void> go = Hold();
  std::vector<std::future<absl::Status>> told;
  for (std::size_t i = 0; i < 2 * kRecordChangesMax + 1; ++i) {
    told.push_back(Ask([](Ledger&, Live&) { return absl::OkStatus(); }));
  }
  go.set_value();
  for (auto& one : told) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(Committed() - before, 3);
}

//
TEST_F(RecordChangesTest, AStoreThatRefusesRefusesChanges) {
  std::promise<void> armed;
  loop_->RefuseGroups(1, [&armed] { armed.set_value(); });
  armed.get_future().get();
  bool ran = false;
  const auto hang_up = [&](Ledger&, Live& live) {
    ran = true;
    return live.HangUp(past_.active.caller.id);
  };
  EXPECT_TRUE(absl::IsResourceExhausted(Change(hang_up)));
  EXPECT_FALSE(ran);
  EXPECT_EQ(LiveCalls(), 1);
  EXPECT_TRUE(Change(hang_up).ok());
  EXPECT_EQ(LiveCalls(), 0);
}

TEST_F(RecordChangesTest, WithoutALedgerEveryChangeIsRefused) {
  Start(nullptr);
  EXPECT_TRUE(absl::IsUnavailable(Change([](Ledger&, Live&) { return absl::OkStatus(); })));
}

// ---- Readers

//
TEST_F(RecordChangesTest, ReadersSeeWhatWasCommittedBefore) {
  const auto wait = [this] {
    std::promise<std::thread::id> told;
    loop_->WhenProjected([&told](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      told.set_value(std::this_thread::get_id());
    });
    return told.get_future().get();
  };
  EXPECT_GT(RowsWaiting(), 0);  // the journal of the past
  wait();
  EXPECT_EQ(RowsWaiting(), 0);
  EXPECT_EQ(wait(), std::this_thread::get_id());
  // A commit is there for whoever asks after its effects were released.
  for (int i = 0; i < 20; ++i) {
    Send(past_.anna, book::cmd::Block{past_.bert.query(), i % 2 == 0});
    OnBook([] {});
    wait();
    EXPECT_EQ(RowsWaiting(), 0);
  }
}

// events don't wait for a quiet moment, nor for calls to end.
TEST_F(RecordChangesTest, TablesFollowHoweverBusyItIs) {
  Send(past_.anna, book::cmd::Block{past_.bert.query(), true});
  EXPECT_GT(RowsWaiting(), 0);
  std::atomic<bool> told = false;
  loop_->FollowRecords([&told] {
    told = true;
    return false;
  });
  const auto too_late = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!told && std::chrono::steady_clock::now() < too_late) OnBook([] {});
  EXPECT_TRUE(told);
  EXPECT_EQ(RowsWaiting(), 0);
  EXPECT_EQ(LiveCalls(), 1);
}

TEST_F(RecordChangesTest, ReadersWhoWaitAreToldWhenItStops) {
  std::promise<void> go = Hold();
  std::promise<absl::Status> told;
  loop_->WhenProjected([&told](absl::Status status) { told.set_value(status); });
  std::thread stopper([this] { loop_->Stop(std::chrono::steady_clock::now()); });
  go.set_value();
  stopper.join();
  const absl::Status status = told.get_future().get();
  EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
  Start(&ledger_);
}

TEST_F(RecordChangesTest, TheDeskReadsHereOrLater) {
  std::atomic<int> opened = 0;
  RecordDesk desk(loop_.get(), [&]() -> absl::StatusOr<std::unique_ptr<records::Reader>> {
    ++opened;
    return std::make_unique<records::FakeReader>();
  });
  std::vector<std::thread::id> by;
  const auto read = [&](absl::Status result) {
    std::promise<absl::Status> told;
    desk.Read(
        [&](records::Reader&) {
          by.push_back(std::this_thread::get_id());
          return result;
        },
        [&told](absl::Status status) { told.set_value(status); });
    return told.get_future().get();
  };
  // Behind a book that is held up, while rows wait: read later, by another thread.
  std::promise<void> go = Hold();
  std::promise<absl::Status> late;
  desk.Read(
      [&](records::Reader&) {
        by.push_back(std::this_thread::get_id());
        return absl::OkStatus();
      },
      [&late](absl::Status status) { late.set_value(status); });
  go.set_value();
  EXPECT_TRUE(late.get_future().get().ok());
  ASSERT_EQ(by.size(), 1u);
  EXPECT_NE(by[0], std::this_thread::get_id());
  // When nothing waits: here. Each thread has a reader of its own, anew after a failure.
  while (by.back() != std::this_thread::get_id()) EXPECT_TRUE(read(absl::OkStatus()).ok());
  EXPECT_EQ(opened, 2);
  EXPECT_TRUE(absl::IsUnavailable(read(absl::UnavailableError("busy"))));
  EXPECT_TRUE(read(absl::OkStatus()).ok());
  EXPECT_EQ(opened, 3);
  // What takes long never runs here, though nothing waits.
  std::promise<absl::Status> aside;
  desk.ReadAside(
      [&](records::Reader&) {
        by.push_back(std::this_thread::get_id());
        return absl::OkStatus();
      },
      [&aside](absl::Status status) { aside.set_value(status); });
  EXPECT_TRUE(aside.get_future().get().ok());
  EXPECT_EQ(by.back(), by.front());
  EXPECT_EQ(opened, 3);
  std::promise<absl::Status> changed;
  desk.Change([](Ledger&, Live&) { return absl::OkStatus(); },
              [&changed](absl::Status status) { changed.set_value(status); });
  EXPECT_TRUE(changed.get_future().get().ok());
}

// ---- Purges

// A job of so many calls, whose slices the test counts.
struct Job {
  records::FakeLedger& ledger;
  int calls;
  std::promise<void> finished{};
  std::vector<int> slices{};
  std::int64_t refusals = 0;

  void Begin() {
    ledger.purge_due = calls > 0;
    ledger.purge = [this](int calls_max, Live&) -> absl::StatusOr<bool> {
      if (refusals > 0) {
        --refusals;
        return absl::UnavailableError("busy");
      }
      slices.push_back(std::min(calls, calls_max));
      calls -= slices.back();
      ledger.purge_due = calls > 0;
      if (calls == 0) finished.set_value();
      return calls > 0;
    };
  }
};

// P-32: what a change began goes on by itself, in slices, and stops when there is nothing left.
TEST_F(RecordChangesTest, APurgeRunsInSlicesBesideOtherWork) {
  Job job{ledger_, 10 * kPurgeCallsBusy};
  EXPECT_TRUE(Change([&](Ledger&, Live&) {
                job.Begin();
                return absl::OkStatus();
              }).ok());
  job.finished.get_future().get();
  OnBook([&] {
    EXPECT_GE(job.slices.size(), 2u);
    for (const int calls : job.slices) EXPECT_LE(calls, kPurgeCallsQuiet);
  });
}

TEST_F(RecordChangesTest, APurgeGoesOnAfterARestartAndARefusal) {
  Job job{ledger_, 3};
  job.refusals = 1;
  loop_->Stop(std::chrono::steady_clock::now());
  job.Begin();
  Start(&ledger_);
  job.finished.get_future().get();
  EXPECT_EQ(LiveCalls(), 1);
}

// L-07
TEST_F(RecordChangesTest, APurgeTakesMessagesOutOfBoxes) {
  Send(past_.anna, book::cmd::SessionOpened{});
  Pushed();
  std::promise<void> finished;
  EXPECT_TRUE(Change([&](Ledger&, Live&) {
                ledger_.purge_due = true;
                ledger_.purge = [&](int, Live& live) -> absl::StatusOr<bool> {
                  const absl::Status gone = live.DeleteMessage(past_.anna.user, 1);
                  if (!gone.ok()) return gone;
                  ledger_.purge_due = false;
                  finished.set_value();
                  return false;
                };
                return absl::OkStatus();
              }).ok());
  finished.get_future().get();
  const auto updates = Pushed();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].kind, book::Update::Kind::kDeleteMessage);
}

}  // namespace
}  // namespace trunkline::io

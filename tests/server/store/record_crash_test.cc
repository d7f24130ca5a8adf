// Discard and purge under a disk that stops at each of their writes and flushes, the file of keys
// included: all or nothing, an event a commit, and a purge that goes on to its end.
#include <gtest/gtest.h>

#include <utility>

#include "server/store/store.h"
#include "tests/server/store/power_disk.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;
using records::Oid;

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr CallId kEnded{1'000'001}, kLive{1'000'002};
constexpr UserId kAnn{1}, kBen{2};

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : disk_(seed), live_{this} {
    Start();
    std::vector<book::Fact> facts;
    for (const UserId user : {kAnn, kBen}) {
      facts.push_back({book::Stream::kUser, user.value(), 1,
                       fact::UserCreated{user, AccessHash(9), user == kAnn ? "999661" : "999662",
                                         "First", "Last", false, "", kStart}});
    }
    facts.push_back(Requested(kEnded));
    facts.push_back(Ended(kEnded));
    facts.push_back(OfCall(kEnded, 3, fact::CallRated{kEnded, kBen, true, 2, "rude", 0}));
    facts.push_back(OfCall(kEnded, 4, fact::CallDebugSaved{kEnded, kAnn, "{}"}));
    facts.push_back(Requested(kLive));
    EXPECT_TRUE(store_->Append(facts).ok());
    for (const CallId call : {kEnded, kLive}) {
      EXPECT_TRUE(Do([&](records::Ledger& ledger, records::Live&) {
                    return ledger.AddNote(actor_, IdOf(call), {"a note"}, kStart).status();
                  }).ok());
    }
  }

  void Start() {
    store_.reset();
    disk_.NeverStop();
    auto store = Store::Open("/power", {.vfs = disk_.vfs(), .entropy = &entropy_});
    ASSERT_TRUE(store.ok()) << store.status();
    disk_.SyncNames();
    store_ = *std::move(store);
    actor_.organization = (*reader().Organizations()).front().id;
  }
  // After everything has stopped.
  void Restart(bool power_cut) {
    store_.reset();
    if (power_cut) {
      disk_.CutPower();
    } else {
      disk_.KillProcess();
    }
    Start();
  }
  template <class Work>
  absl::Status Do(Work work) {
    return store_->Change([&] { return work(store_->records(), live_); });
  }
  absl::Status Discard(CallId call) {
    return Do([&](records::Ledger& ledger, records::Live& live) {
      return ledger.Discard(actor_, {IdOf(call), std::nullopt, false}, live, kStart).status();
    });
  }
  absl::Status Purge(CallId call) {
    return Do([&](records::Ledger& ledger, records::Live&) {
      return ledger
          .Purge(actor_, {records::PurgeRequest::Kind::kCalls, {IdOf(call)}, "", false}, kStart)
          .status();
    });
  }
  absl::Status FinishPurges() {
    while (store_->records().PurgeDue()) {
      const absl::Status status = Do([&](records::Ledger& ledger, records::Live& live) {
        return ledger.PurgeSlice(10, live, kStart).status();
      });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  records::Reader& reader() { return store_->records().reader(); }
  static std::string IdOf(CallId call) { return Oid::OfCall(kStart, call).Hex(); }
  std::optional<records::Call> Find(CallId call) {
    return *reader().Find(actor_.organization, IdOf(call));
  }
  records::PurgeState StateOf(CallId call) {
    return reader().StatusOf(actor_.organization, IdOf(call))->state;
  }
  // How often it was told, of events that are numbered without a gap.
  int Told(records::EventType type) {
    int told = 0;
    std::int64_t seq = 0;
    const auto events = reader().EventsAfter(actor_.organization, 0, 1'000);
    for (const records::Event& event : events->events) {
      EXPECT_EQ(event.seq, ++seq);
      if (event.type == type && !event.purged) ++told;
    }
    EXPECT_EQ(events->newest, seq);
    return told;
  }
  PowerDisk& disk() { return disk_; }
  std::size_t keys() const { return store_->keys()->size(); }

 private:
  struct Book final : records::Live {
    explicit Book(Machine* machine) : of(machine) {}
    absl::Status HangUp(CallId call) override {
      const std::vector<book::Fact> facts = {of->Ended(call)};
      return of->store_->AddFacts(facts);
    }
    absl::Status DeleteMessage(UserId, std::int32_t) override { return absl::OkStatus(); }
    absl::StatusOr<records::AddedPerson> AddPerson(const records::NewPerson&) override {
      return absl::UnimplementedError("nobody is added here");
    }
    Machine* of;
  };

  static book::Fact OfCall(CallId call, std::int32_t version, book::FactBody body) {
    return {book::Stream::kCall, call.value(), version, std::move(body)};
  }
  static book::Fact Requested(CallId call) {
    fact::CallRequested requested;
    requested.id = call;
    requested.caller = kAnn;
    requested.callee = kBen;
    requested.at_ms = kStart;
    requested.deadline_ms = kStart + 90'000;
    return OfCall(call, 1, std::move(requested));
  }
  book::Fact Ended(CallId call) {
    fact::CallEnded ended;
    ended.id = call;
    ended.reason = call::Reason::kHangup;
    ended.at_ms = kStart + 1'000;
    ended.caller_message_id = ended.callee_message_id = call == kEnded ? 1 : 2;
    ended.caller_pts = ended.callee_pts = call == kEnded ? 2 : 3;
    return OfCall(call, 2, std::move(ended));
  }

  PowerDisk disk_;
  SeededEntropy entropy_{5};
  std::unique_ptr<Store> store_;
  records::Actor actor_;
  Book live_;
};

// The n-th operation from here on stops everything; false: there were fewer.
template <class Work>
bool StopsAt(Machine& machine, int n, bool power_cut, bool& acknowledged, Work work) {
  machine.disk().StopAt(n);
  acknowledged = work().ok();
  if (!machine.disk().stopped()) return false;
  machine.Restart(power_cut);
  return true;
}

// T-13, M-10, section 11 item 3: of ended and of live calls.
TEST(RecordCrashTest, DiscardIsAllOrNothing) {
  for (const CallId call : {kEnded, kLive}) {
    int kept = 0, gone = 0;
    for (int n = 1;; ++n) {
      SCOPED_TRACE(n);
      Machine machine(static_cast<std::uint64_t>(n));
      bool acknowledged = false;
      if (!StopsAt(machine, n, n % 2 == 0, acknowledged, [&] { return machine.Discard(call); })) {
        break;
      }
      const auto found = machine.Find(call);
      EXPECT_EQ(machine.Told(records::EventType::kCallDiscarded), found ? 0 : 1);
      if (found) {
        EXPECT_FALSE(acknowledged);
        EXPECT_EQ(found->phase == records::Phase::kEnded, call == kEnded);
        ASSERT_EQ(found->notes.size(), 1u);
        EXPECT_EQ(found->notes[0].content, "a note");
      }
      EXPECT_TRUE(machine.Find(call == kEnded ? kLive : kEnded));
      ++(found ? kept : gone);
    }
    EXPECT_GT(kept, 0);
    EXPECT_GT(gone, 0);
  }
}

// P-40, P-41, P-42, section 11 item 3: marked or not; once marked it goes to the end.
TEST(RecordCrashTest, APurgeGoesOn) {
  int untouched = 0, purged = 0, without_keys = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(n);
    Machine machine(static_cast<std::uint64_t>(n));
    const std::size_t keys = machine.keys();
    bool acknowledged = false;
    if (!StopsAt(machine, n, n % 2 == 0, acknowledged, [&] {
          const absl::Status marked = machine.Purge(kEnded);
          return marked.ok() ? machine.FinishPurges() : marked;
        })) {
      break;
    }
    const auto found = machine.Find(kEnded);
    if (found) {
      EXPECT_EQ(machine.StateOf(kEnded), records::PurgeState::kUnknown);
      EXPECT_EQ(found->notes.at(0).content, "a note");
      EXPECT_EQ(found->ratings.at(0).comment, "rude");
      EXPECT_EQ(machine.keys(), keys);
      ++untouched;
      continue;
    }
    EXPECT_NE(machine.StateOf(kEnded), records::PurgeState::kUnknown);
    if (machine.keys() < keys && machine.StateOf(kEnded) == records::PurgeState::kPurging) {
      ++without_keys;
    }
    ASSERT_TRUE(machine.FinishPurges().ok());
    EXPECT_EQ(machine.StateOf(kEnded), records::PurgeState::kPurged);
    EXPECT_EQ(machine.Told(records::EventType::kCallPurged), 1);
    EXPECT_EQ(machine.keys(), 1u);  // the live call's
    EXPECT_EQ(machine.Find(kLive)->notes.size(), 1u);
    ++purged;
  }
  EXPECT_GT(untouched, 0);
  EXPECT_GT(purged, 0);
  EXPECT_GT(without_keys, 0);
}

}  // namespace
}  // namespace trunkline::store

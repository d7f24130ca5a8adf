// The one writer's state: users, devices, calls, message boxes with pts, busy marks, random_ids,
// deadlines. Everything that two people share, on one thread, as a deterministic value: same
// commands, same clock, same entropy, same outcome. Steps work in groups: Step any number of
// commands, write the facts, then CommitGroup and release the effects; or RollbackGroup, after
// which the book is as before the group.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/entropy.h"
#include "common/time.h"
#include "server/book/box_message.h"
#include "server/book/command.h"
#include "server/book/effect.h"
#include "server/book/fact.h"
#include "server/book/relay_desk.h"
#include "server/book/tracer.h"

namespace trunkline::book {

struct BookConfig {
  std::string test_code;  // login code of test numbers 99966...; empty: such numbers are refused
  bool code_delivery =
      false;  // a command or webhook is configured; without, real numbers are refused
  Duration receive_timeout = std::chrono::milliseconds(20'000);
  Duration ring_timeout = std::chrono::milliseconds(90'000);
  Duration connect_timeout = std::chrono::milliseconds(30'000);
  std::vector<RelayConfig> relays;       // checked: the desk takes them all
  bool prefer_versions_below_10 = true;  // Android compares library versions as strings
  // Of established calls, how many are asked to be rated (need_rating) or to hand in debug data.
  int ask_rating_percent = 0, ask_debug_percent = 0;
  // Pass phoneCallDiscardReasonMigrateConferenceCall on, for those who run conferences elsewhere.
  bool conference_supported = false;
  std::vector<std::string> bot_tokens;  // accepted by auth.importBotAuthorization
  // Slot of the ids made here (10 bits).
  std::uint32_t slot = 0;
};

// Somebody who is to have an account before they sign in.
struct NewPerson {
  std::string phone, first_name, last_name;  // as a client may send them
};
struct AddedPerson {
  UserId user;                       // who has the number now
  Refusal refusal = Refusal::kNone;  // that sign-up would give; then there is no user
};

class Book {
 public:
  // `entropy` is borrowed and outlives the book.
  Book(BookConfig config, Entropy* entropy);
  ~Book();

  // Start-up: facts in journal order, before the first Step. Deadlines that passed meanwhile fire
  // at the first FireDeadlines.
  void Restore(const Fact& fact);
  void Restore(const BoxMessage& message);
  // After the last of them: the traces of live calls say that there was a restart.
  void Restored(WallTime now);

  // Appends to `facts` and `effects`.
  void Step(const Command& command, WallTime now, std::vector<Fact>& facts,
            std::vector<Effect>& effects);
  void FireDeadlines(WallTime now, std::vector<Fact>& facts, std::vector<Effect>& effects);
  // For call records that are discarded or purged; steps like the above. The server hangs up: false
  // when the call isn't live.
  bool HangUp(CallId call, WallTime now, std::vector<Fact>& facts, std::vector<Effect>& effects);
  // Takes a service message out of its owner's box and tells the owner's devices. False when it is
  // gone already or never was; of messages older than the box keeps that isn't known, and they
  // are announced as deleted once more.
  bool DeleteMessage(UserId owner, std::int32_t message_id, WallTime now, std::vector<Fact>& facts,
                     std::vector<Effect>& effects);
  // For the operator; a step like the above. Makes the account that sign-up would make, so that
  // whoever then signs in with the number finds it. One that is there already stays as it is.
  AddedPerson AddPerson(const NewPerson& person, WallTime now, std::vector<Fact>& facts,
                        std::vector<Effect>& effects);
  // Also when a relay has told of a call's flow: FireDeadlines makes a fact of it.
  std::optional<WallTime> NextDeadline() const;

  // From now on call deadlines are set and fire by this clock alone, which stands still until it is
  // set again; everything else goes on by the `now` of each step. For test doubles. Call deadlines
  // that are due then fire at the next FireDeadlines.
  void SetTestClock(WallTime clock);

  // One of them ends every group, also one without facts.
  void CommitGroup();
  void RollbackGroup();
  // RollbackGroup for commands that are stepped again at once: of it only deadlines are traced as
  // refused.
  void UndoGroup();
  // The answer to a command whose group was rolled back (CALL_OCCUPY_FAILED for call methods, else
  // 500).
  static std::optional<Effect> RefusalOf(const Command& command);

  // Every key with what its home thread must know, for start-up: StoredKeys is empty after the
  // first Step, because the book has no use for the secrets.
  std::vector<KeyStored> StoredKeys() const;
  std::vector<KeyInfo> KeyInfos() const;

  // Of a call that lives or ended a short while ago, else nullptr.
  const CallTrace* TraceOf(CallId call) const;
  struct CallSummary {
    UserId caller, callee;
    call::State state = call::State::kRequested;
  };
  std::optional<CallSummary> SummaryOf(CallId call) const;
  // While on, the lines of all committed groups gather for TakeTraceLines.
  void FollowTraces(bool on);
  std::vector<Tracer::Line> TakeTraceLines();

  // Which relays there are and why calls got theirs. Not durable, and outside groups.
  RelayDesk& relays();
  const RelayDesk& relays() const;

  struct Stats {
    std::size_t users = 0, devices = 0, sessions = 0, live_calls = 0;
  };
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline::book

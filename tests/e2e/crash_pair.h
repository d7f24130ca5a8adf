// Two users who call each other over and over, whatever happens to the server. Every step can be
// repeated: the first time it acts, after a crash it shows whether the server still knows what it
// had acknowledged. One thread, straight-line.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/box_ledger.h"
#include "tests/e2e/crash_totals.h"
#include "tests/e2e/device.h"

namespace trunkline::e2e {

class CrashPair {
 public:
  // `totals` is borrowed. `number` names the pair.
  CrashPair(int number, std::uint64_t seed, load::ClientOptions options, CrashTotals* totals);

  // Both sign in and find each other; no crash may come yet.
  bool SetUp();
  // Connects to the next server process and checks what was acknowledged since the last one.
  void Return();
  // One call after the other, until the connection is lost or something is wrong.
  void Run();
  // Everything there ever was, as far back as the server keeps it.
  void CheckAll();

 private:
  // How the client of a call ends up knowing it.
  struct Ended {
    std::uint32_t reason = 0;
    std::int32_t duration = -1;
    std::int32_t pts = 0;
    CallMessage message;
    bool operator==(const Ended&) const = default;
  };
  struct Plan {
    bool receive = false, accept = false, confirm = false, caller_ends = false;
  };
  // A step's `tried` without its `told`: the answer was lost, the step may have been taken.
  struct Progress {
    bool tried = false, told = false;
  };
  struct Call {
    Plan plan;
    std::int32_t random_id = 0, duration = 0;
    std::int64_t id = 0, a_hash = 0, b_hash = 0;
    std::int32_t date = 0, start_date = 0;
    Progress receive, accept, confirm, end;
    bool key_known = false, active_known = false;
    std::optional<Ended> a_end, b_end;
  };
  struct Side {
    std::string number, name;
    std::unique_ptr<Device> device{};
    load::Contact self{}, other{};
    BoxLedger box;
  };

  bool SignIn(Side& side);
  bool Reconnect(Side& side);
  Call NewCall();
  bool Step(Call& call);
  // Each false: cut short by a lost connection, or wrong and told so.
  bool Request(Call& call);
  bool AwaitRing(Call& call);
  bool Receive(Call& call);
  bool Accept(Call& call);
  bool AwaitKey(Call& call);
  bool Confirm(Call& call);
  bool AwaitActive(Call& call);
  bool End(Call& call);
  bool CheckEnded(Call& call);
  bool CheckEnd(Call& call, Side& side);
  bool CheckRecent();

  template <class Found>
  const Found* AwaitCall(Side& side, std::int64_t id);
  load::Reply AskRequest(const Call& call);
  load::Reply AskDiscard(Side& side, const Call& call);
  bool ReadEnd(Side& side, const Call& call, const load::Reply& reply, Ended& ended);
  void CheckTalked(const Call& call, const Ended& ended);
  api::InputPhoneCall PeerOf(const Call& call, const Side& side) const;
  // False always: what a step returns. Silent when the connection is lost.
  bool Fail(const Side& side, const Call& call, const std::string& what);
  bool Refuted(const Side& side, const Call& call, const std::string& what);
  std::string Name(const Call& call, const std::string& what) const;
  std::uint64_t Draw(std::uint64_t below) { return choices_.U64() % below; }

  SeededEntropy choices_;
  SystemEntropy entropy_;
  load::ClientOptions options_;
  CrashTotals* totals_;
  boost::asio::io_context io_{1};
  Side a_, b_;
  std::string g_a_, g_b_, g_a_hash_;
  std::int64_t fingerprint_ = 0;
  std::optional<Call> current_;
  std::deque<Call> ended_;
  std::size_t checked_ = 0;  // of ended_
  bool broken_ = false;
};

}  // namespace trunkline::e2e

// The store of a simulated server: committed facts, in memory, and what must be true of them
// whatever happens.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/book/fact.h"

namespace trunkline::sim {

// What the journal says of one call.
struct CallLife {
  UserId caller, callee;
  DeviceId caller_device, callee_device;
  bool received = false, accepted = false, confirmed = false;
  std::optional<book::fact::CallEnded> end;
};

class Disk {
 public:
  // All of them or, with a crash, none.
  void Append(std::span<const book::Fact> facts);

  // No room for a group.
  void Refuse() { ++refused_; }

  const std::vector<book::Fact>& journal() const { return journal_; }
  // nullptr: no such call was committed.
  const CallLife* Find(CallId call) const;
  // Calls that nobody has taken or ended yet.
  const std::set<CallId>& RingingTo(UserId user) { return ringing_[user]; }
  // By pts; the first message has pts 2.
  const std::vector<CallId>& BoxOf(UserId user) { return boxes_[user]; }
  std::size_t calls() const { return calls_.size(); }
  std::size_t calls_ended() const { return ended_; }
  std::size_t calls_confirmed() const { return confirmed_; }
  std::size_t groups_refused() const { return refused_; }
  const std::string& broken() const { return broken_; }

 private:
  void Check(const book::Fact& fact);
  void CheckCall(const book::FactBody& body);
  void CheckEnd(CallLife& life, const book::fact::CallEnded& ended);
  void AddMessage(UserId owner, std::int32_t pts, std::int32_t id, CallId call);
  void Expect(bool held, const char* rule) {
    if (!held && broken_.empty()) broken_ = rule;
  }

  std::vector<book::Fact> journal_;
  std::map<std::pair<book::Stream, std::int64_t>, std::int32_t> versions_;
  std::map<CallId, CallLife> calls_;
  std::map<UserId, std::vector<CallId>> boxes_;
  std::map<UserId, std::set<CallId>> ringing_;
  std::size_t ended_ = 0, confirmed_ = 0, refused_ = 0;
  std::string broken_;
};

}  // namespace trunkline::sim

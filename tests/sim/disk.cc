#include "tests/sim/disk.h"

namespace trunkline::sim {

namespace fact = book::fact;

void Disk::Append(std::span<const book::Fact> facts) {
  for (const book::Fact& fact : facts) {
    Check(fact);
    journal_.push_back(fact);
  }
}

const CallLife* Disk::Find(CallId call) const {
  const auto at = calls_.find(call);
  return at == calls_.end() ? nullptr : &at->second;
}

void Disk::Check(const book::Fact& fact) {
  std::int32_t& version = versions_[{fact.stream, fact.id}];
  Expect(fact.version == version + 1, "a stream's versions have no gap and no repeat");
  version = fact.version;
  if (fact.stream == book::Stream::kCall) CheckCall(fact.body);
}

void Disk::CheckCall(const book::FactBody& body) {
  if (const auto* requested = std::get_if<fact::CallRequested>(&body)) {
    CallLife life;
    life.caller = requested->caller;
    life.callee = requested->callee;
    life.caller_device = requested->caller_device;
    Expect(calls_.emplace(requested->id, life).second, "a call begins once");
    ringing_[life.callee].insert(requested->id);
  } else if (const auto* received = std::get_if<fact::CallReceived>(&body)) {
    CallLife& life = calls_[received->id];
    Expect(!life.received && !life.accepted && !life.end, "a ringing call is received once");
    life.received = true;
  } else if (const auto* accepted = std::get_if<fact::CallAccepted>(&body)) {
    CallLife& life = calls_[accepted->id];
    Expect(!life.accepted && !life.end, "at most one device accepts");
    life.accepted = true;
    ringing_[life.callee].erase(accepted->id);
    life.callee_device = accepted->callee_device;
  } else if (const auto* confirmed = std::get_if<fact::CallConfirmed>(&body)) {
    CallLife& life = calls_[confirmed->id];
    Expect(life.accepted && !life.confirmed && !life.end, "an accepted call is confirmed once");
    life.confirmed = true;
    ++confirmed_;
  } else if (const auto* ended = std::get_if<fact::CallEnded>(&body)) {
    CheckEnd(calls_[ended->id], *ended);
  }
}

void Disk::CheckEnd(CallLife& life, const fact::CallEnded& ended) {
  Expect(life.caller && !life.end, "a call ends once");
  Expect(ended.established == life.confirmed, "the record knows whether they talked");
  life.end = ended;
  ringing_[life.callee].erase(ended.id);
  ++ended_;
  AddMessage(life.caller, ended.caller_pts, ended.caller_message_id, ended.id);
  AddMessage(life.callee, ended.callee_pts, ended.callee_message_id, ended.id);
}

void Disk::AddMessage(UserId owner, std::int32_t pts, std::int32_t id, CallId call) {
  std::vector<CallId>& box = boxes_[owner];
  const auto count = static_cast<std::int32_t>(box.size());
  Expect(pts == count + 2, "pts has no gap");
  Expect(id == count + 1, "message ids have no gap");
  box.push_back(call);
}

}  // namespace trunkline::sim

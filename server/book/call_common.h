// What the call handlers share: finding a call, telling its devices, ending it.
#pragma once

#include "server/book/turn.h"
#include "server/book/views.h"

namespace trunkline::book {

struct FoundCall {
  const CallRecord* record = nullptr;  // null: unknown, wrong hash, or not a party
  call::Role role = call::Role::kStranger;
};
// `came` is the command's line in the call's trace. When there is no such call for the asker, the
// command is refused.
FoundCall FindCall(Turn& turn, const cmd::PeerCall& peer, TraceEvent came);

// The machine's refusal of an event, with the reason.
void RefuseCall(Turn& turn, const FoundCall& found, call::EventKind event, call::Refusal refusal);

// What this device is to know of the call now.
CallView ViewForDevice(const CallRecord& record, UserId user, DeviceId device);
// A batch with one updatePhoneCall and both users.
UpdateBatch CallBatch(Turn& turn, const CallRecord& record, UserId viewer, CallView view);
// Pushes the device's view of the call to its sessions, or remembers that it must hear of it.
void TellDevice(Turn& turn, const CallRecord& record, DeviceId device);
void Owe(State& state, DeviceId device, CallId call);
void Forgive(State& state, DeviceId device, CallId call);

// May this device ring? (account.changeAuthorizationSettings)
bool MayRing(const State& state, DeviceId device);

struct EndOptions {
  // The reply carries the end, so the asking session isn't pushed to.
  bool in_reply = false;
  DeviceId lost{};  // no longer to be told
  std::int64_t connection_id = 0;
  std::string slug{};  // of the conference that the call migrated to
  bool callee_missed = false;
  Why why = Why::kNone;
};
// Makes an ending step durable, with the service messages, and tells all devices of both users.
void EndCall(Turn& turn, const call::Step& step, const EndOptions& options = {});
// phoneCallDiscarded and the own service message, as answer to discardCall.
UpdateBatch EndBatch(Turn& turn, const CallRecord& record, UserId viewer);

// The device was signed out or its key destroyed.
void EndCallsOfDevice(Turn& turn, DeviceId device, UserId user);
void FireCallDeadline(Turn& turn, CallId call);

}  // namespace trunkline::book

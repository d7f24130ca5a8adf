// Presence: which sessions want updates, and for which device.
#pragma once

#include <vector>

#include "server/book/turn.h"

namespace trunkline::book {

// False if it was open before.
bool OpenSession(State& state, const SessionRef& session, DeviceId device);
// Sessions of a key that is signed out or destroyed: all of the device, or those of one temporary
// key. They go when the group is committed.
void LeaveSessions(State& state, AuthKeyId key, DeviceId device);
void CloseLeaving(State& state);

// What a device missed: rings, news of its calls, queued signalling.
void Welcome(Turn& turn, const SessionRef& session, DeviceId device);
// Calls that ring for this device, which counts as told from now on.
std::vector<const CallRecord*> RingingFor(Turn& turn, DeviceId device, UserId user, bool only_new);
// Nobody knows whether the devices of a live call heard of its last change before the process
// ended. They hear it again, which clients take.
void OweAfterRestart(State& state, const FactBody& body);
// What the facts tell of a call's trace; refusals and news of before the restart are gone.
void TraceRestored(State& state, const FactBody& body);

}  // namespace trunkline::book

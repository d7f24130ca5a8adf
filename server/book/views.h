// What one viewer sees of users and calls.
#pragma once

#include <span>
#include <vector>

#include "common/time.h"
#include "server/book/state.h"
#include "server/call/machine.h"

namespace trunkline::book {

bool IsContact(const State& state, UserId owner, UserId other);
bool IsBlockedBy(const State& state, UserId owner, UserId other);

// An unknown id gives a deleted user with that id.
UserView ViewOfUser(const State& state, UserId viewer, UserId id, WallTime now);
FullUserView FullViewOfUser(const State& state, UserId viewer, UserId id, WallTime now);
// Each user once.
std::vector<UserView> ViewsOfUsers(const State& state, UserId viewer, std::vector<UserId> ids,
                                   WallTime now);

// The constructor that a device in this role gets in the call's present state.
CallView ViewOfCall(const CallRecord& record, call::Role role);
// As answer to requestCall and acceptCall, whatever happened meanwhile: clients take nothing else
// there.
CallView WaitingView(const CallRecord& record, bool caller);

}  // namespace trunkline::book

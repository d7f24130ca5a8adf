// A user's message box: what each of its pts was, as far back as the book keeps them. A pts is a
// message or a deletion, so messages and pts are numbered apart as soon as one is deleted.
#pragma once

#include <cstdint>

#include "server/book/state.h"

namespace trunkline::book {

// Also in another order than that of pts. One that the box has already changes nothing.
void PutMessage(State& state, UserId owner, std::int32_t pts, MessageView message);
// In the order of pts; the message goes.
void PutDeletion(State& state, UserId owner, const Deletion& deletion);

// Of a message that is in the box or was; 0 when the box no longer keeps what was then.
std::int32_t PtsOfMessage(const State& state, UserId owner, std::int32_t message_id);
// nullptr: this pts was something else.
const Deletion* FindDeletion(const State& state, UserId owner, std::int32_t pts);

}  // namespace trunkline::book

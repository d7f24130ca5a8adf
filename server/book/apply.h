// The only way durable state changes: one fact at a time, the same when it happens and when it is
// read back. Applying asks no clock, no randomness and no rule. A fact about something unknown
// (rows trimmed by the store) changes nothing.
#pragma once

#include "server/book/box_message.h"
#include "server/book/fact.h"
#include "server/book/state.h"

namespace trunkline::book {

void Apply(State& state, const Fact& fact);
// Also in another order than that of pts. One that the box has already changes nothing.
void Apply(State& state, const BoxMessage& message);

}  // namespace trunkline::book

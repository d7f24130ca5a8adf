// Who may call whom, and who may learn whose address.
#pragma once

#include <vector>

#include "server/book/state.h"

namespace trunkline::book {

// The owner's rules, or the default (everybody).
std::vector<PrivacyRule> RulesOf(const State& state, UserId owner, PrivacyKey key);

// User exceptions before contacts before everybody; among equals a refusal first; nothing fits:
// refused. The owner may always.
bool Allows(const State& state, UserId owner, PrivacyKey key, UserId viewer);

}  // namespace trunkline::book

// The relay entries of one call, a list for each party.
#pragma once

#include <vector>

#include "common/entropy.h"
#include "server/book/book.h"

namespace trunkline::book {

struct Relays {
  std::vector<Connection> caller, callee;
};

// Same ids in both lists; tags of one relay differ in the lowest bit of the last byte (caller 0,
// callee 1). STUN-only entries are for direct connections and left out without `p2p`.
Relays MakeRelays(const BookConfig& config, CallId call, bool p2p, WallTime now, Entropy& entropy);

}  // namespace trunkline::book

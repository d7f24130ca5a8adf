// Where a fact stands in the journal: its stream, and the versions within it.
#pragma once

#include <cstdint>

#include "server/book/fact.h"
#include "server/book/state.h"

namespace trunkline::book {

struct StreamId {
  Stream stream = Stream::kCall;
  std::int64_t id = 0;
};
StreamId StreamOf(const FactBody& body);

// Of the last fact applied; 0 if none.
std::int32_t VersionOf(const State& state, StreamId stream);
// nullptr: nobody has this id.
std::int32_t* MutableVersion(State& state, StreamId stream);

}  // namespace trunkline::book

// Messages as short texts for people: TL names with the ids that were on the wire, and of secrets
// and bytes nothing but their lengths.
#pragma once

#include <string>

#include "common/bytes.h"

namespace trunkline::load {

// A query; wrappers are shown around it. "?" followed by the id for what the schema doesn't have.
std::string DescribeQuery(ByteView body);
// A boxed result or an rpc_error.
std::string DescribeResult(ByteView body);
// An Updates object: its updates one after the other.
std::string DescribeUpdates(ByteView body);

}  // namespace trunkline::load

// phoneCallProtocol: what a client may offer, and what two of them have in common.
#pragma once

#include <optional>

#include "server/book/types.h"

namespace trunkline::book {

// The one version whose media goes by libtgvoip; also meant by clients that send no list.
inline constexpr char kLibtgvoipVersion[] = "2.4.4";

// kNone, or why an offer is refused by itself.
Refusal CheckProtocol(const Protocol& protocol);

// What both can do, with exactly one library version: the newest common one, but below 10.0.0 if
// there is such and `prefer_below_10` (Android compares versions as text). An empty list counts as
// the other's. nullopt: nothing in common.
std::optional<Protocol> MergeProtocols(const Protocol& caller, const Protocol& callee,
                                       bool prefer_below_10);

// Compares dotted numbers by their parts: "9.0.0" < "10.0.0".
bool VersionLess(const std::string& a, const std::string& b);

}  // namespace trunkline::book

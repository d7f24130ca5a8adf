// What a token may be used for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/records/types.h"

namespace trunkline::api {

// Bits; the store keeps them.
enum Scope : std::uint32_t {
  kCallsRead = 1,
  kCallsWrite = 2,
  kCallsPurge = 4,
  kNotesWrite = 8,
  kEventsRead = 16,
};

// "calls:read calls:write", in the order above.
std::string ScopeText(std::uint32_t scopes);
// Names between blanks or commas; nullopt: one of them is none.
std::optional<std::uint32_t> ParseScopes(std::string_view text);

// Of users who log in.
std::uint32_t ScopesOf(records::Role role);

}  // namespace trunkline::api

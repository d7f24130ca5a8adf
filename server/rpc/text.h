// Texts from clients that other clients will be shown: some of those refuse a whole message for one
// byte that isn't UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trunkline::rpc {

// Valid UTF-8 of at most `characters_max` code points: control characters are dropped, bytes that
// aren't UTF-8 become '?'.
std::string CleanText(std::string_view text, std::size_t characters_max);

// RFC 8259: one JSON value with nothing but blanks around it, nested at most kJsonDepthMax deep.
bool IsJson(std::string_view text);

}  // namespace trunkline::rpc

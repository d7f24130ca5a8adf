// JSON as clients may send it: UTF-8, no member twice in one object, nesting bounded. What two
// readers could understand differently isn't read at all.
#pragma once

#include <string>
#include <string_view>

#include "boost/json/value.hpp"

namespace trunkline::api {

inline constexpr std::size_t kJsonDepthMax = 32;  // the outermost value counts as one

struct StrictJson {
  boost::json::value value;
  std::string error;  // for people; empty: read
  bool ok() const { return error.empty(); }
};
StrictJson ParseStrict(std::string_view text);

}  // namespace trunkline::api

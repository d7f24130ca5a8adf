// Boost.JSON's strings from the standard's views, which it doesn't take by itself.
#pragma once

#include <string_view>

#include "boost/json/string.hpp"

namespace trunkline::api {

inline boost::json::string JsonText(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

}  // namespace trunkline::api

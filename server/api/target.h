// Request targets: a path's segments and a query's pairs, percent-decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trunkline::api {

struct Target {
  // Between slashes, as sent: "/a//b" is "a", "", "b".
  std::vector<std::string_view> segments;
  std::string_view path, query;
};
// Views into `text`, which may be a path or a whole URL.
Target SplitTarget(std::string_view text);

// nullopt: a '%' without two hexadecimal digits. In forms and queries '+' is a blank.
std::optional<std::string> PercentDecoded(std::string_view text, bool plus_is_blank = false);

using Pairs = std::vector<std::pair<std::string, std::string>>;
// Of a query or a form; nullopt: not decodable.
std::optional<Pairs> PairsOf(std::string_view text);

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace trunkline::api

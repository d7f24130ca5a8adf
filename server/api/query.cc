#include "server/api/query.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/api/call_json.h"

namespace trunkline::api {

Query::Query(const Exchange& exchange)
    : pairs_(exchange.query.value_or(Pairs())), any_case_(exchange.surface == Surface::kPurge) {
  if (!exchange.query) Blame("", "the query can't be decoded");
}

void Query::Blame(std::string_view name, std::string message) {
  wrongs_.push_back({std::string(name), std::move(message)});
}

std::optional<std::string> Query::Text(std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [key, value] : pairs_) {
    if (key != name && !(any_case_ && EqualsIgnoringCase(key, name))) continue;
    if (found) Blame(name, "given twice");
    found = value;
  }
  return found;
}

std::optional<std::int64_t> Query::Number(std::string_view name, std::int64_t min,
                                          std::int64_t max) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(*text, &number) || number < min || number > max) {
    Blame(name, "expected an integer from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Query::Flag(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  if (EqualsIgnoringCase(*text, "true")) return true;
  if (EqualsIgnoringCase(*text, "false")) return false;
  Blame(name, "expected true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Query::Time(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  const auto ms = ParseTime(*text);
  if (!ms) Blame(name, "expected an RFC 3339 time");
  return ms;
}

std::vector<std::string> Query::List(std::string_view name) {
  const auto text = Text(name);
  if (!text) return {};
  return absl::StrSplit(*text, ',', absl::SkipEmpty());
}

}  // namespace trunkline::api

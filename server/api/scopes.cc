#include "server/api/scopes.h"

#include <utility>

namespace trunkline::api {
namespace {

constexpr std::pair<Scope, std::string_view> kNames[] = {{kCallsRead, "calls:read"},
                                                         {kCallsWrite, "calls:write"},
                                                         {kCallsPurge, "calls:purge"},
                                                         {kNotesWrite, "notes:write"},
                                                         {kEventsRead, "events:read"}};

std::uint32_t ScopeNamed(std::string_view word) {
  for (const auto& [scope, name] : kNames) {
    if (name == word) return scope;
  }
  return 0;
}

}  // namespace

std::string ScopeText(std::uint32_t scopes) {
  std::string text;
  for (const auto& [scope, name] : kNames) {
    if ((scopes & scope) == 0) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

std::optional<std::uint32_t> ParseScopes(std::string_view text) {
  std::uint32_t scopes = 0;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" ,");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word.empty()) continue;
    const std::uint32_t scope = ScopeNamed(word);
    if (scope == 0) return std::nullopt;
    scopes |= scope;
  }
  return scopes;
}

std::uint32_t ScopesOf(records::Role role) {
  const std::uint32_t member = kCallsRead | kCallsWrite | kNotesWrite | kEventsRead;
  return role == records::Role::kAdmin ? member | kCallsPurge : member;
}

}  // namespace trunkline::api

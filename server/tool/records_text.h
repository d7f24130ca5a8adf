// What the server says of call records, as text for people. nullopt: it isn't what a server says.
#pragma once

#include <optional>
#include <string>

namespace trunkline::tool {

std::optional<std::string> OrgTableText(const std::string& answer);
std::optional<std::string> UserTableText(const std::string& answer);
std::optional<std::string> KeyTableText(const std::string& answer);
std::optional<std::string> CallTableText(const std::string& answer);
std::optional<std::string> PurgeText(const std::string& answer);
// Any one of them: a line a member, in the order in which they came; what is empty is left out.
std::optional<std::string> PropertiesText(const std::string& answer);

}  // namespace trunkline::tool

// What the server says of relays, as text for people. nullopt: it isn't what a server says.
#pragma once

#include <optional>
#include <string>

namespace trunkline::tool {

// GET /admin/v1/relays: a line each.
std::optional<std::string> RelayTableText(const std::string& answer);
// GET /admin/v1/relays/ID: a line a property.
std::optional<std::string> RelayText(const std::string& answer);
// GET /admin/v1/calls/ID/relays: offered entries first.
std::optional<std::string> ExplanationText(const std::string& answer);
// POST /admin/v1/relays/rotate-secret
std::optional<std::string> RotationText(const std::string& answer);

}  // namespace trunkline::tool

// users password: sets the password that a user logs in with at the back office.
#pragma once

#include "server/tool/command.h"

namespace trunkline::tool {

// Only its hash leaves the process.
void AddPassword(CLI::App* users, Action& action);

}  // namespace trunkline::tool

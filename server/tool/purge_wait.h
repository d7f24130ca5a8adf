// Waits until a purge has erased what it hid, and shows how far it is.
#pragma once

#include <string>

#include "boost/json.hpp"
#include "server/tool/command.h"

namespace trunkline::tool {

// `answer`: to the purge that `request` asked for. Asks again and again until its job is done; the
// job goes on without us as well. `json`: nothing is drawn, and the job is printed as the server
// says it. The exit code.
int AwaitPurge(Session& session, const boost::json::object& request, const std::string& answer,
               bool json);

}  // namespace trunkline::tool

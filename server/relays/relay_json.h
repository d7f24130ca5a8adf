// Relays and explanations as JSON. Times in milliseconds or, by name, in seconds.
#pragma once

#include <vector>

#include "boost/json.hpp"
#include "server/book/relay_desk.h"

namespace trunkline::relays {

boost::json::object RelayObject(const book::RelayStatus& relay);
boost::json::object RelayListObject(const std::vector<book::RelayStatus>& relays);
boost::json::object ExplanationObject(const book::RelayExplanation& explanation);

}  // namespace trunkline::relays

// Packets that went nowhere, of the reflectors and of the sockets around them.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/io/worker.h"

namespace trunkline::relay {

// By reason, zeros included. What needed no answer counts as one.
std::vector<std::pair<std::string_view, std::uint64_t>> DropsOf(const WorkerFigures& figures);

}  // namespace trunkline::relay

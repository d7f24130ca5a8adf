// The fleet as metrics. One label, the entry's id: at most picker::kEntriesMax series a name.
#pragma once

#include <vector>

#include "server/http/metrics_text.h"
#include "server/relays/relay_service.h"

namespace trunkline::relays {

std::vector<http::Metric> RelayMetrics(const RelayService::Snapshot& snapshot);

}  // namespace trunkline::relays

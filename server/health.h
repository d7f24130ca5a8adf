// What the health pages and the metrics say, from the node's counters.
#pragma once

#include "server/http/router.h"
#include "server/io/stats.h"
#include "server/relays/relay_service.h"

namespace trunkline {

// Both outlive whoever uses the sources.
http::Sources SourcesOf(const io::Stats* stats, const relays::RelayService* relays);

}  // namespace trunkline

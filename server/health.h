// What the health pages and the metrics say, from the node's counters.
#pragma once

#include "server/http/router.h"
#include "server/io/stats.h"

namespace trunkline {

// `stats` outlives whoever uses the sources.
http::Sources SourcesOf(const io::Stats* stats);

}  // namespace trunkline

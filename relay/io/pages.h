// The relay's health pages and metrics.
#pragma once

#include "server/http/answer.h"

namespace trunkline::relay {

class Daemon;

// `daemon` outlives the handler.
http::Handler Pages(const Daemon& daemon);

}  // namespace trunkline::relay

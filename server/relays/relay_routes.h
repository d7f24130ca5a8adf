// What operators ask about relays over HTTP, on the TCP listener behind a token and on the control
// socket without:
//
//   GET  /admin/v1/relays                  the fleet
//   GET  /admin/v1/relays/ID               one entry
//   POST /admin/v1/relays/ID/drain         no new calls from now on; also /undrain
//   POST /admin/v1/relays/rotate-secret    tags carry a new key from now on
//   GET  /admin/v1/calls/ID/relays         why this call got the relays it has
#pragma once

#include <string_view>

#include "server/http/answer.h"
#include "server/relays/relay_service.h"

namespace trunkline::relays {

bool IsRelayTarget(std::string_view target);
// `service` outlives the handler.
http::Handler RelayRoutes(RelayService* service);

}  // namespace trunkline::relays

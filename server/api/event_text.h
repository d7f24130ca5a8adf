// Events of the outbox as the wire has them.
#pragma once

#include <string>
#include <string_view>

#include "server/records/types.h"

namespace trunkline::api {

// {"seq":..,"eventId":..,"type":..,"organizationId":..,"at":..,"data":{..}}, one line.
std::string EventJson(const records::Event& event);
// One event of a text/event-stream, which resumes by its id (HTML, section 9.2).
std::string EventFrame(const records::Event& event);

}  // namespace trunkline::api

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
// RFC 3339 in UTC, with milliseconds.
std::string TimeText(std::int64_t unix_ms);

}  // namespace trunkline::api

// Times as back offices read them: RFC 3339, UTC.
#pragma once

#include <cstdint>
#include <string>

namespace trunkline::records {

std::string TimeText(std::int64_t unix_ms);            // 2024-01-01T01:01:01Z
std::string TimeTextWithMillis(std::int64_t unix_ms);  // 2024-01-01T01:01:01.000Z

}  // namespace trunkline::records

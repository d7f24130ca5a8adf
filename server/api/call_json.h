// A call in the words of each surface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "boost/json/fwd.hpp"
#include "server/records/types.h"

namespace trunkline::api {

// As /api/calls shows it: camelCase, times with milliseconds, what is unset is null.
boost::json::object DialpadCall(const records::Call& call);
// As /api/v1/calls shows it: snake_case, times of whole seconds, what is unset is left out.
// `keep_empty_notes`: "notes" stays when there are none.
boost::json::object NotesCall(const records::Call& call, bool keep_empty_notes);

// RFC 3339, of any zone.
std::optional<std::int64_t> ParseTime(std::string_view text);

// The nearest of the languages that /api/v1/calls knows.
std::string_view NearestLanguage(std::string_view lang_code);

}  // namespace trunkline::api

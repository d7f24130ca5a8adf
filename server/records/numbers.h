// Telephone numbers as people write them, brought to one form: '+', country calling code, national
// number. Our own rules instead of libphonenumber's: on Debian 12 its headers can't be installed
// beside Boost 1.81. They know no numbering plan but North America's: a number that no subscriber
// can have passes if its length is possible.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trunkline::records {

// Spaces, hyphens, dots and parentheses are dropped. What has no '+' is read as dialled in the
// country of `calling_code` (digits, as "1" or "49"; empty: in no country, then only a number that
// is too long for a national one is taken as international). nullopt: not a number. Without a '+'
// in the result nothing could be made of it: only the same digits match.
std::optional<std::string> NormaliseNumber(std::string_view text, std::string_view calling_code);

}  // namespace trunkline::records

// Bodies with JSON objects: read strictly, members by name and type, everything wrong collected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json/value.hpp"
#include "server/api/faults.h"

namespace trunkline::api {

// Absent counts as JSON, and a charset other than UTF-8 doesn't.
bool IsJsonType(std::string_view content_type);

// Members that nobody asks for are ignored.
class Fields {
 public:
  explicit Fields(std::string_view body);

  // nullopt: absent, or wrong, which good() and wrongs() know.
  std::optional<std::string> Text(const char* name, bool required = false);
  std::optional<bool> Flag(const char* name);
  std::optional<std::int64_t> Number(const char* name, std::int64_t min, std::int64_t max,
                                     bool required = false);
  const boost::json::value* Array(const char* name, bool required = false);
  const boost::json::value* Object(const char* name, bool required = false);
  void Blame(std::string path, std::string message);

  bool good() const { return wrongs_.empty(); }
  const std::vector<Wrong>& wrongs() const { return wrongs_; }

 private:
  // nullptr: absent, and if that is wrong it has been said.
  const boost::json::value* Find(const char* name, bool required);

  boost::json::value body_;
  std::vector<Wrong> wrongs_;
};

// Unicode characters of text that is known to be UTF-8.
std::size_t CharactersIn(std::string_view text);

}  // namespace trunkline::api

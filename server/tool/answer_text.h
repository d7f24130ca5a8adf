// What the server's JSON answers are read with, and tables made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "boost/json.hpp"

namespace trunkline::tool {

// A server of another version may leave members out: absent reads as empty, and so does null.
class Object {
 public:
  explicit Object(const boost::json::object& object) : object_(object) {}

  std::string Text(const char* name) const;
  bool Is(const char* name) const;
  std::int64_t Number(const char* name) const;

 private:
  const boost::json::object& object_;
};

// nullopt: it isn't what a server says.
std::optional<boost::json::object> Parsed(const std::string& answer);
const boost::json::array* List(const boost::json::object& object, const char* name);

// Columns as wide as their widest cell, two blanks between. The first row is there.
std::string Table(const std::vector<std::vector<std::string>>& rows);

}  // namespace trunkline::tool

#include "server/tool/answer_text.h"

#include <algorithm>

namespace trunkline::tool {

namespace json = boost::json;

std::string Object::Text(const char* name) const {
  const json::value* const value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return {value->get_string().data(), value->get_string().size()};
  return json::serialize(*value);
}

bool Object::Is(const char* name) const {
  const json::value* const value = object_.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::int64_t Object::Number(const char* name) const {
  const json::value* const value = object_.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

std::optional<json::object> Parsed(const std::string& answer) {
  json::error_code error;
  json::value value = json::parse(answer, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

const json::array* List(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace trunkline::tool

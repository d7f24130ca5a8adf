#include "server/control/record_job.h"

#include "absl/strings/str_cat.h"

namespace trunkline::control {

namespace json = boost::json;

std::string Members::Text(const char* name) {
  const json::value* value = Find(name);
  if (value == nullptr || !value->is_string()) return Wrong(value, name), "";
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<std::string> Members::TextIfAny(const char* name) {
  if (Find(name) == nullptr) return std::nullopt;
  return Text(name);
}

bool Members::Flag(const char* name) {
  const json::value* value = Find(name);
  if (value != nullptr && value->is_bool()) return value->get_bool();
  return Wrong(value, name), false;
}

std::int64_t Members::Number(const char* name, std::int64_t otherwise) {
  const json::value* value = Find(name);
  if (value != nullptr && value->is_int64() && value->get_int64() >= 0) return value->get_int64();
  return Wrong(value, name), otherwise;
}

std::vector<std::string> Members::Texts(const char* name) {
  std::vector<std::string> texts;
  const json::value* value = Find(name);
  if (value == nullptr || !value->is_array()) return Wrong(value, name), texts;
  for (const json::value& text : value->get_array()) {
    if (text.is_string()) {
      texts.emplace_back(text.get_string().data(), text.get_string().size());
    } else {
      Wrong(&text, name);
    }
  }
  return texts;
}

void Members::Need(const char* name) {
  if (!Has(name) && fault_.empty()) fault_ = absl::StrCat("\"", name, "\" is missing");
}

void Members::Wrong(const json::value* value, const char* name) {
  if (value != nullptr && fault_.empty()) {
    fault_ = absl::StrCat("\"", name, "\" is of the wrong type");
  }
}

http::Answer Unknown(std::string_view what, std::string_view name) {
  return http::ErrorAnswer(404, "unknown",
                           absl::StrCat("there is no ", absl::string_view(what.data(), what.size()),
                                        " \"", absl::string_view(name.data(), name.size()), "\""));
}

http::Answer Bad(std::string_view message) {
  return http::ErrorAnswer(400, "bad_request", message);
}

}  // namespace trunkline::control

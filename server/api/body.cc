#include "server/api/body.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "boost/json.hpp"
#include "server/api/strict_json.h"
#include "server/api/target.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;

bool IsUtf8Parameter(absl::string_view parameter) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(parameter, absl::MaxSplits('=', 1));
  const absl::string_view name = absl::StripAsciiWhitespace(parts.first);
  absl::string_view value = absl::StripAsciiWhitespace(parts.second);
  if (!EqualsIgnoringCase({name.data(), name.size()}, "charset")) return true;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return EqualsIgnoringCase({value.data(), value.size()}, "utf-8");
}

}  // namespace

bool IsJsonType(std::string_view content_type) {
  if (content_type.empty()) return true;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::string_view(content_type.data(), content_type.size()), ';');
  const absl::string_view type = absl::StripAsciiWhitespace(parts[0]);
  return EqualsIgnoringCase({type.data(), type.size()}, "application/json") &&
         std::all_of(parts.begin() + 1, parts.end(), IsUtf8Parameter);
}

Fields::Fields(std::string_view body) {
  StrictJson read = ParseStrict(body);
  if (!read.ok()) {
    Blame("", std::move(read.error));
  } else if (!read.value.is_object()) {
    Blame("", "expected an object");
  } else {
    body_ = std::move(read.value);
  }
}

void Fields::Blame(std::string path, std::string message) {
  wrongs_.push_back({std::move(path), std::move(message)});
}

const json::value* Fields::Find(const char* name, bool required) {
  if (!body_.is_object()) return nullptr;
  const json::value* value = body_.as_object().if_contains(name);
  if (value == nullptr && required) Blame(name, "required");
  return value;
}

std::optional<std::string> Fields::Text(const char* name, bool required) {
  const json::value* value = Find(name, required);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Blame(name, "expected string");
    return std::nullopt;
  }
  return std::string(value->as_string().data(), value->as_string().size());
}

std::optional<bool> Fields::Flag(const char* name) {
  const json::value* value = Find(name, false);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    Blame(name, "expected boolean");
    return std::nullopt;
  }
  return value->as_bool();
}

std::optional<std::int64_t> Fields::Number(const char* name, std::int64_t min, std::int64_t max,
                                           bool required) {
  const json::value* value = Find(name, required);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int64() || value->as_int64() < min || value->as_int64() > max) {
    Blame(name, "expected an integer from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return value->as_int64();
}

const json::value* Fields::Array(const char* name, bool required) {
  const json::value* value = Find(name, required);
  if (value == nullptr || value->is_array()) return value;
  Blame(name, "expected array");
  return nullptr;
}

const json::value* Fields::Object(const char* name, bool required) {
  const json::value* value = Find(name, required);
  if (value == nullptr || value->is_object()) return value;
  Blame(name, "expected object");
  return nullptr;
}

std::size_t CharactersIn(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace trunkline::api

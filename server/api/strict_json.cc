#include "server/api/strict_json.h"

#include <algorithm>
#include <vector>

#include "boost/json.hpp"
#include "boost/json/basic_parser_impl.hpp"

namespace trunkline::api {
namespace {

namespace json = boost::json;

// Walks a text and stops at a name that an object has already. Boost's own reader keeps the last.
class NameWatch {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  using Error = json::error_code;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Error& error) {
    std::vector<std::string> names = std::move(open_.back());
    open_.pop_back();
    std::sort(names.begin(), names.end());
    twice_ = std::adjacent_find(names.begin(), names.end()) != names.end();
    if (twice_) error = json::error::syntax;
    return !twice_;
  }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, Error&) {
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Error&) {
    name_.append(part.data(), part.size());
    open_.back().push_back(std::move(name_));
    name_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, Error&) { return true; }
  bool on_string(json::string_view, std::size_t, Error&) { return true; }
  bool on_number_part(json::string_view, Error&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Error&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Error&) { return true; }
  bool on_double(double, json::string_view, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }

  bool twice() const { return twice_; }

 private:
  std::vector<std::vector<std::string>> open_;
  std::string name_;
  bool twice_ = false;
};

std::string ErrorOf(const json::error_code& error) {
  if (error == json::error::too_deep) return "nested deeper than 32 levels";
  if (error == json::error::incomplete) return "ends too early";
  return "not JSON: " + error.message();
}

}  // namespace

StrictJson ParseStrict(std::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::error_code error;
  json::basic_parser<NameWatch> watch(options);
  const std::size_t read = watch.write_some(false, text.data(), text.size(), error);
  if (watch.handler().twice()) return {nullptr, "a member is given twice"};
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return {nullptr, ErrorOf(error)};
  StrictJson result;
  result.value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) result.error = ErrorOf(error);
  return result;
}

}  // namespace trunkline::api

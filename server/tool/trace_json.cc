#include "server/tool/trace_json.h"

#include <charconv>
#include <limits>
#include <string>

#include "boost/json.hpp"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

std::optional<json::object> ObjectOf(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::string Text(const json::object& from, json::string_view key) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string().data(), value->get_string().size());
}

std::int64_t Number(const json::object& from, json::string_view key, std::int64_t otherwise) {
  const json::value* value = from.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

template <class T>
T IdOf(const json::object& from, json::string_view key) {
  const std::string text = Text(from, key);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return T(number);
}

book::TraceLine EventOf(const json::object& from) {
  book::TraceLine line;
  line.at_ms = Number(from, "at_ms", 0);
  line.kind = Text(from, "kind");
  line.party = Text(from, "party");
  line.device = Text(from, "device");
  line.name = Text(from, "name");
  line.reason = Text(from, "reason");
  const std::int64_t count = Number(from, "count", 1);
  line.count = count > 0 && count <= std::numeric_limits<int>::max() ? static_cast<int>(count) : 1;
  const json::value* fields = from.if_contains("fields");
  if (fields == nullptr || !fields->is_object()) return line;
  for (const auto& field : fields->get_object()) {
    line.fields.emplace_back(std::string(field.key().data(), field.key().size()),
                             Text(fields->get_object(), field.key()));
  }
  return line;
}

}  // namespace

std::optional<book::Trace> ReadTrace(std::string_view text) {
  const std::optional<json::object> from = ObjectOf(text);
  if (!from) return std::nullopt;
  book::Trace trace;
  trace.call = IdOf<CallId>(*from, "call");
  trace.caller = IdOf<UserId>(*from, "caller");
  trace.callee = IdOf<UserId>(*from, "callee");
  trace.state = Text(*from, "state");
  const json::value* cut = from->if_contains("cut");
  trace.cut = cut != nullptr && cut->is_bool() && cut->get_bool();
  const json::value* events = from->if_contains("events");
  if (events == nullptr || !events->is_array()) return std::nullopt;
  for (const json::value& event : events->get_array()) {
    if (!event.is_object()) return std::nullopt;
    trace.lines.push_back(EventOf(event.get_object()));
  }
  return trace;
}

std::optional<FollowLine> ReadFollowLine(std::string_view text) {
  const std::optional<json::object> from = ObjectOf(text);
  if (!from) return std::nullopt;
  FollowLine follow;
  follow.lost = static_cast<std::uint64_t>(Number(*from, "lost", 0));
  follow.call = IdOf<CallId>(*from, "call");
  follow.line = EventOf(*from);
  return follow;
}

}  // namespace trunkline::tool

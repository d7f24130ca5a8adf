#include "server/control/trace_json.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "boost/json.hpp"

namespace trunkline::control {
namespace {

namespace json = boost::json;

// Bytes of the UTF-8 character that `text` begins with; 0: it begins with none.
std::size_t CharacterAt(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  // Overlong forms, surrogates and what lies beyond Unicode show in the second byte.
  const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

json::string Text(std::string_view text) {
  json::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterAt(text);
    if (size == 0) {
      clean.push_back('?');
    } else {
      clean.append(json::string_view(text.data(), size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return clean;
}

void AppendTo(json::object& object, const book::TraceLine& line) {
  json::object fields;
  for (const auto& [name, value] : line.fields) {
    const json::string key = Text(name);
    fields[json::string_view(key.data(), key.size())] = Text(value);
  }
  object["at_ms"] = line.at_ms;
  object["kind"] = Text(line.kind);
  object["party"] = Text(line.party);
  object["device"] = Text(line.device);
  object["name"] = Text(line.name);
  object["reason"] = Text(line.reason);
  object["count"] = line.count;
  object["fields"] = std::move(fields);
}

}  // namespace

std::string TraceJson(const book::Trace& trace) {
  json::array events;
  events.reserve(trace.lines.size());
  for (const book::TraceLine& line : trace.lines) {
    json::object event;
    AppendTo(event, line);
    events.push_back(std::move(event));
  }
  const json::object object{{"call", absl::StrCat(trace.call.value())},
                            {"caller", absl::StrCat(trace.caller.value())},
                            {"callee", absl::StrCat(trace.callee.value())},
                            {"state", Text(trace.state)},
                            {"cut", trace.cut},
                            {"events", std::move(events)}};
  return json::serialize(object);
}

std::string EventJson(CallId call, const book::TraceLine& line) {
  json::object object{{"call", absl::StrCat(call.value())}};
  AppendTo(object, line);
  return json::serialize(object);
}

}  // namespace trunkline::control

#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "boost/json/parse.hpp"
#include "boost/json/serialize.hpp"
#include "boost/json/value.hpp"
#include "server/api/openapi.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;

constexpr absl::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "h3{background:#eef2f6;padding:.3em .6em;margin-top:2em}code{font-size:.95em}"
    "h3 b{display:inline-block;min-width:4.5em}table{border-collapse:collapse;margin:.5em 0}"
    "td,th{border:1px solid #ccd;padding:.2em .6em;text-align:left;vertical-align:top}"
    "pre{background:#f6f8fa;padding:.6em;overflow:auto}";

std::string HtmlText(const json::value& value) {
  return absl::StrReplaceAll({value.as_string().data(), value.as_string().size()},
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains({name.data(), name.size()});
  return value == nullptr ? "" : HtmlText(*value);
}

// A schema in a few words: its name, or what it is.
std::string Kind(const json::object& schema) {
  if (const json::value* const ref = schema.if_contains("$ref")) {
    const std::string path = HtmlText(*ref);
    const std::string name = path.substr(path.rfind('/') + 1);
    return absl::StrCat("<a href=\"#", name, "\">", name, "</a>");
  }
  if (const json::value* const words = schema.if_contains("enum")) {
    std::string text;
    for (const json::value& word : words->as_array()) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", "<code>",
                      word.is_string() ? HtmlText(word) : json::serialize(word), "</code>");
    }
    return text;
  }
  if (schema.contains("oneOf")) return "one of several";
  const std::string type = TextOf(schema, "type");
  if (type == "array") return absl::StrCat("list of ", Kind(schema.at("items").as_object()));
  if (type == "object") {
    std::string members;
    if (const json::value* const properties = schema.if_contains("properties")) {
      for (const auto& [name, member] : properties->as_object()) {
        absl::StrAppend(&members, members.empty() ? "" : ", ", "<code>",
                        absl::string_view(name.data(), name.size()),
                        "</code>: ", Kind(member.as_object()));
      }
    }
    return absl::StrCat("{", members, "}");
  }
  const std::string format = TextOf(schema, "format");
  return format.empty() ? type : absl::StrCat(type, " (", format, ")");
}

std::string Content(const json::object& holder) {
  const json::value* const content = holder.if_contains("content");
  if (content == nullptr) return "";
  return Kind(content->as_object().begin()->value().at("schema").as_object());
}

std::string Parameters(const json::object& operation) {
  const json::value* const parameters = operation.if_contains("parameters");
  if (parameters == nullptr) return "";
  std::string rows;
  for (const json::value& one : parameters->as_array()) {
    const json::object& parameter = one.as_object();
    absl::StrAppend(&rows, "<tr><td><code>", TextOf(parameter, "name"), "</code><td>",
                    TextOf(parameter, "in"), "<td>", Kind(parameter.at("schema").as_object()),
                    "<td>", TextOf(parameter, "description"));
  }
  return absl::StrCat("<table><tr><th>Parameter<th>In<th>Is<th>Means", rows, "</table>");
}

std::string Answers(const json::object& operation, const json::object& shared) {
  std::string rows;
  for (const auto& [status, one] : operation.at("responses").as_object()) {
    const json::object* answer = &one.as_object();
    if (const json::value* const ref = answer->if_contains("$ref")) {
      const std::string path = HtmlText(*ref);
      answer = &shared.at(path.substr(path.rfind('/') + 1)).as_object();
    }
    absl::StrAppend(&rows, "<tr><td>", absl::string_view(status.data(), status.size()), "<td>",
                    TextOf(*answer, "description"), "<td>", Content(*answer));
  }
  return absl::StrCat("<table><tr><th>Answer<th>When<th>Body", rows, "</table>");
}

std::string Operation(std::string_view method, std::string_view path, const json::object& operation,
                      const json::object& shared) {
  std::string page = absl::StrCat("<h3><b>", absl::AsciiStrToUpper({method.data(), method.size()}),
                                  "</b> <code>", absl::string_view(path.data(), path.size()),
                                  "</code></h3><p>", TextOf(operation, "summary"), ". ",
                                  TextOf(operation, "description"), Parameters(operation));
  if (const json::value* const body = operation.if_contains("requestBody")) {
    absl::StrAppend(&page, "<p>Body: ", Content(body->as_object()));
  }
  return absl::StrCat(page, Answers(operation, shared));
}

}  // namespace

std::string OpenApiPage() {
  const std::string_view text = OpenApiText();
  const json::value document = json::parse({text.data(), text.size()});
  const json::object& info = document.at("info").as_object();
  const json::object& components = document.at("components").as_object();
  std::string page = absl::StrCat("<!DOCTYPE html><html lang=en><meta charset=utf-8><title>",
                                  TextOf(info, "title"), "</title><style>", kStyle, "</style><h1>",
                                  TextOf(info, "title"), "</h1><p>", TextOf(info, "description"),
                                  " For programs: <a href=\"/openapi.json\">openapi.json</a>.");
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      absl::StrAppend(&page,
                      Operation({method.data(), method.size()}, {path.data(), path.size()},
                                operation.as_object(), components.at("responses").as_object()));
    }
  }
  absl::StrAppend(&page, "<h2>Types</h2>");
  for (const auto& [name, schema] : components.at("schemas").as_object()) {
    const absl::string_view id(name.data(), name.size());
    absl::StrAppend(&page, "<h3 id=\"", id, "\"><code>", id, "</code></h3><p>",
                    TextOf(schema.as_object(), "description"), " ", Kind(schema.as_object()));
  }
  return absl::StrCat(page, "</html>\n");
}

}  // namespace trunkline::api

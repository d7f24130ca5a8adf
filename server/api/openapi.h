// What the API says of itself: server/api/openapi.json, and the same as a page for people.
#pragma once

#include <string>
#include <string_view>

namespace trunkline::api {

std::string_view OpenApiText();  // application/json
std::string OpenApiPage();       // text/html; charset=utf-8, without scripts

}  // namespace trunkline::api

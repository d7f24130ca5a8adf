#include "server/api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "boost/json/parse.hpp"
#include "boost/json/value.hpp"
#include "server/api/routes.h"
#include "tests/paths.h"

namespace trunkline::api {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

json::value Document() {
  const std::string_view text = OpenApiText();
  return json::parse({text.data(), text.size()});
}

void VisitRefs(const json::value& value, const json::value& document) {
  if (value.is_array()) {
    for (const json::value& one : value.as_array()) VisitRefs(one, document);
  }
  if (!value.is_object()) return;
  for (const auto& [name, one] : value.as_object()) {
    if (name == "$ref") {
      std::string pointer(one.as_string().c_str());
      ASSERT_EQ(pointer.substr(0, 2), "#/") << pointer;
      boost::system::error_code error;
      EXPECT_NE(document.find_pointer(pointer.substr(1), error), nullptr) << pointer;
    }
    VisitRefs(one, document);
  }
}

TEST(OpenApiTest, EveryReferenceLeadsSomewhere) {
  const json::value document = Document();
  EXPECT_EQ(document.at("openapi").as_string(), "3.0.3");
  VisitRefs(document, document);
}

TEST(OpenApiTest, OperationsHaveNamesOfTheirOwn) {
  const json::value document = Document();
  std::set<std::string> names;
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      const std::string name(operation.at("operationId").as_string().c_str());
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
  EXPECT_GE(names.size(), 15u);
}

// What fuzzing begins with (tests/fuzz/http_json_fuzz.cc) comes to each of them.
TEST(OpenApiTest, EveryOperationHasASeed) {
  std::set<std::string> seeds, operations;
  constexpr char kCorpus[] = TRUNKLINE_SOURCE_DIR "/tests/fuzz/corpus/http_json";
  for (const auto& file : std::filesystem::directory_iterator(kCorpus)) {
    std::string method, target;
    std::ifstream(file.path()) >> method >> target;
    const Match match = FindRoute(method, SplitTarget(target));
    if (match.route == nullptr) continue;
    seeds.insert(std::string(match.route->method) + " " + std::string(match.route->pattern));
  }
  const json::value document = Document();
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [name, operation] : item.as_object()) {
      std::string method(name);
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      operations.insert(method + " " + std::string(path));
    }
  }
  EXPECT_THAT(seeds, testing::IsSupersetOf(operations));
}

TEST(OpenApiTest, ThePageNamesEveryOperationAndType) {
  const std::string page = OpenApiPage();
  const json::value document = Document();
  for (const auto& [path, item] : document.at("paths").as_object()) {
    EXPECT_THAT(page, HasSubstr("<code>" + std::string(path) + "</code>"));
  }
  for (const auto& [name, schema] : document.at("components").at("schemas").as_object()) {
    EXPECT_THAT(page, HasSubstr("id=\"" + std::string(name) + "\""));
  }
}

}  // namespace
}  // namespace trunkline::api

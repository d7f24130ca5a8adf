#include "server/api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "boost/json/parse.hpp"
#include "boost/json/value.hpp"

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

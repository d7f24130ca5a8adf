#include "server/api/strict_json.h"

#include <gtest/gtest.h>

#include "boost/json.hpp"

namespace trunkline::api {
namespace {

std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

// X-10 and section 12, 13: the outermost value is level one.
TEST(StrictJson, DepthIsBounded) {
  EXPECT_TRUE(ParseStrict(Nested(32)).ok());
  EXPECT_FALSE(ParseStrict(Nested(33)).ok());
  EXPECT_FALSE(ParseStrict(Nested(60'000)).ok());
  EXPECT_FALSE(ParseStrict(std::string(60'000, '[')).ok());
  std::string objects;
  for (int i = 0; i < 31; ++i) objects += R"({"a":)";
  objects += "{}";
  EXPECT_TRUE(ParseStrict(objects + std::string(31, '}')).ok());
  EXPECT_FALSE(ParseStrict(R"({"a":)" + objects + std::string(32, '}')).ok());
}

// X-10: at any depth, however the name is written, wherever in a long object.
TEST(StrictJson, NoMemberTwice) {
  std::string many = "{";
  for (int i = 0; i < 2000; ++i) many += "\"" + std::to_string(i) + "\":0,";
  for (const std::string& text :
       {std::string(R"({"a":1,"a":1})"), std::string(R"({"a":1,"\u0061":2})"),
        std::string(R"([{"b":{"a":1,"c":2,"a":3}}])"), std::string(R"({"":1,"":2})"),
        many + "\"7\":0}", std::string(R"({"a":{"a":1},"b":[{"a":1}],"a":2})")}) {
    EXPECT_EQ(ParseStrict(text).error, "a member is given twice") << text.substr(0, 60);
  }
  for (const std::string& text :
       {std::string(R"({"a":{"a":1},"b":{"a":1}})"), std::string(R"([{"a":1},{"a":1}])"),
        std::string(R"({"a":1,"A":2})"), many + "\"x\":0}"}) {
    EXPECT_TRUE(ParseStrict(text).ok()) << text.substr(0, 60);
  }
}

// X-10
TEST(StrictJson, OnlyJsonInUtf8) {
  for (const std::string& text : {std::string(),
                                  std::string(" "),
                                  std::string("{"),
                                  std::string("{}x"),
                                  std::string("{}{}"),
                                  std::string("{a:1}"),
                                  std::string("{'a':1}"),
                                  std::string("[1,]"),
                                  std::string("// c\n{}"),
                                  std::string("NaN"),
                                  std::string("[01]"),
                                  std::string("\xef\xbb\xbf{}"),
                                  std::string("\"\xff\""),
                                  std::string("\"\xc0\x80\""),
                                  std::string("\"\xed\xa0\x80\""),
                                  std::string(R"("\ud800")"),
                                  std::string("\"a\nb\""),
                                  std::string("{}\0", 3),
                                  std::string("\0", 1),
                                  std::string("tru"),
                                  std::string(R"({"a")")}) {
    EXPECT_FALSE(ParseStrict(text).ok()) << text;
  }
}

TEST(StrictJson, ReadsTheRest) {
  const StrictJson read = ParseStrict(" {\"a\": [1, -2.5, \"\\u0000\xc3\xa9\", null, true]}\r\n ");
  ASSERT_TRUE(read.ok()) << read.error;
  EXPECT_EQ(read.value.at("a").as_array().size(), 5u);
  EXPECT_EQ(read.value.at("a").at(2).as_string(), boost::json::string_view("\0\xc3\xa9", 3));
  for (const char* text : {"1e400", "-1e999", "123456789012345678901234567890", "1e-999"}) {
    const StrictJson number = ParseStrict(text);
    EXPECT_TRUE(!number.ok() || number.value.is_number()) << text;
  }
}

}  // namespace
}  // namespace trunkline::api

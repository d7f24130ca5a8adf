#include "server/rpc/text.h"

#include <gtest/gtest.h>

namespace trunkline::rpc {
namespace {

TEST(CleanText, KeepsUtf8AndDropsTheRest) {
  EXPECT_EQ(CleanText("Zoë 🙂", 100), "Zoë 🙂");
  EXPECT_EQ(CleanText(std::string_view("a\0b\n\x7f\xc2\x85z", 9), 100), "abz");
  EXPECT_EQ(CleanText("\xff\xc0\x80\xed\xa0\x80\xe2\x82", 100), "????????");
  EXPECT_EQ(CleanText("\xf4\x90\x80\x80", 100), "????");
  EXPECT_EQ(CleanText("ëëë", 2), "ëë");
  EXPECT_EQ(CleanText("", 5), "");
}

TEST(IsJson, Yes) {
  for (const std::string_view text :
       {"{}", "[]", " null ", "true", "false", "-0.5e+7", "0", "\"\\u00Ff\\n\"",
        "[1,[2,{\"a\":3}]]", "{\"a\":1 , \"b\":[ ]}", "\"ë\""}) {
    EXPECT_TRUE(IsJson(text)) << text;
  }
}

TEST(IsJson, No) {
  for (const std::string_view text :
       {"",         " ",     "{",     "}",   "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}",       "01",
        "1.",       "-",     "+1",    "1e",  "nul",  "\"",      "\"\\x\"",  "\"\\u12g4\"", "\"\n\"",
        "\"\xff\"", "{} {}", "[1 2]", "{,}", "tru e"}) {
    EXPECT_FALSE(IsJson(text)) << text;
  }
}

TEST(IsJson, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(IsJson(nested(32)));
  EXPECT_FALSE(IsJson(nested(33)));
  EXPECT_FALSE(IsJson(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace trunkline::rpc

#include "server/rpc/text.h"

#include <gtest/gtest.h>

#include "common/gzip.h"

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

TEST(Gzip, ThereAndBack) {
  for (const std::size_t size : {0u, 1u, 1000u, 100'000u}) {
    Bytes plain(size);
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<std::uint8_t>(i * i >> 3);
    Bytes out;
    ASSERT_TRUE(Inflate(Gzip(plain), 1'000'000, out)) << size;
    EXPECT_EQ(out, plain);
  }
}

// zlib's form, which one client library sends: 78 .. instead of 1f 8b.
TEST(Gzip, Zlib) {
  const Bytes packed = FromHex("789c4b4c4a4e494d0300081e0257");
  Bytes out;
  EXPECT_FALSE(Inflate(packed, 100, out));  // its checksum is wrong
  const Bytes good = FromHex("789c4b4c4a0600024d0127");
  ASSERT_TRUE(Inflate(good, 100, out));
  EXPECT_EQ(AsText(out), "abc");
}

TEST(Gzip, DamagedCutAndTrailing) {
  Bytes packed = Gzip(Bytes(500, 7));
  Bytes out;
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(Inflate(ByteView(packed).first(size), 1000, out)) << size;
    EXPECT_TRUE(out.empty());
  }
  packed.push_back(0);
  EXPECT_FALSE(Inflate(packed, 1000, out));
}

TEST(Gzip, Bounds) {
  Bytes out;
  const Bytes packed = Gzip(Bytes(5000, 7));
  EXPECT_TRUE(Inflate(packed, 5000, out));
  EXPECT_FALSE(Inflate(packed, 4999, out));
  EXPECT_FALSE(Inflate(packed, 0, out));
  // A bomb: a thousand to one.
  EXPECT_FALSE(Inflate(Gzip(Bytes(9 * 1024 * 1024)), 10 * 1024 * 1024, out));
}

}  // namespace
}  // namespace trunkline::rpc

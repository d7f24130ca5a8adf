#include "common/bytes.h"

#include <gtest/gtest.h>

namespace trunkline {
namespace {

TEST(BytesTest, HexBothWays) {
  const Bytes bytes{0x00, 0x7f, 0xab, 0xff};
  EXPECT_EQ(ToHex(bytes), "007fabff");
  EXPECT_EQ(FromHex("007fABff"), bytes);
  EXPECT_EQ(FromHex("00 7f\nab ff"), bytes);
  EXPECT_EQ(FromHex("007fxab"), (Bytes{0x00, 0x7f}));
  EXPECT_EQ(FromHex("007"), Bytes{0x00});
  EXPECT_EQ(FromHex(""), Bytes());
}

TEST(BytesTest, LittleEndianAtAnyAddress) {
  std::array<std::uint8_t, 12> bytes{};
  StoreLittle(bytes.data() + 1, std::uint64_t{0x0102030405060708});
  EXPECT_EQ(ToHex(bytes), "000807060504030201000000");
  EXPECT_EQ(LoadLittle<std::uint32_t>(bytes.data() + 1), 0x05060708u);
  EXPECT_EQ(LoadLittle<std::uint16_t>(bytes.data() + 7), 0x0102u);
}

TEST(BytesTest, TextAndBytesAreTheSameMemory) {
  const std::string_view text = "abc";
  EXPECT_EQ(AsText(AsBytes(text)), text);
  EXPECT_EQ(static_cast<const void*>(AsBytes(text).data()), text.data());
}

}  // namespace
}  // namespace trunkline

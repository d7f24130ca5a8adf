#include "server/records/numbers.h"

#include <gtest/gtest.h>

namespace trunkline::records {
namespace {

struct Case {
  const char* text;
  const char* calling_code;
  const char* number;  // nullptr: not a number
};

// P-10: spaces, hyphens, dots and parentheses don't count, nor how a number was dialled.
TEST(Numbers, AreBroughtToOneForm) {
  constexpr Case kCases[] = {
      {"+15125551234", "1", "+15125551234"},
      {"15125551234", "1", "+15125551234"},
      {"+1 512-555-1234", "1", "+15125551234"},
      {"(512) 555.1234", "1", "+15125551234"},
      {"011 49 30 1234567", "1", "+49301234567"},
      {"447911123456", "1", "+447911123456"},
      {"15125551234", "", "+15125551234"},
      {"5551234", "", "5551234"},
      {"5551234", "1", "5551234"},
      {"030 1234567", "49", "+49301234567"},
      {"0049 30 1234567", "49", "+49301234567"},
      {"49301234567", "49", "+49301234567"},
      {"30 1234567", "49", "+49301234567"},
      {"+49 30 1234567", "1", "+49301234567"},
      {"+999 66 21234", "1", "+9996621234"},
      {"0123", "", "0123"},
      {"+123456789012345", "1", "+123456789012345"},
  };
  for (const Case& one : kCases) {
    const auto number = NormaliseNumber(one.text, one.calling_code);
    ASSERT_TRUE(number) << one.text;
    EXPECT_EQ(*number, one.number) << one.text << " in " << one.calling_code;
  }
}

// P-09
TEST(Numbers, OtherTextsAreNone) {
  for (const char* text : {"", " ", "+", "()", "+-", "12", "+12", "++15125551234", "1+5125551234",
                           "512555CALL", "+1234567890123456", "1234567890123456789", "5551234x9",
                           "+0123456", "\xef\xbc\x91\x32\x33\x34", "123\t456"}) {
    EXPECT_FALSE(NormaliseNumber(text, "1")) << text;
  }
  EXPECT_FALSE(NormaliseNumber(std::string_view("555\0"
                                                "1234",
                                                8),
                               "1"));
}

}  // namespace
}  // namespace trunkline::records

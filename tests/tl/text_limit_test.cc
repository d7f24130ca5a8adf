// Hostile bytes and hostile texts: bounded, never a crash, and always told where.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text_values.h"

namespace tl {
namespace {

using trunkline::tlc::WireTable;

// Brackets outside of strings close what they open.
bool IsBalanced(const std::string& text) {
  std::string open;
  bool within = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (within) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        within = false;
      }
    } else if (text[i] == '"') {
      within = true;
    } else if (text[i] == '{' || text[i] == '[') {
      open.push_back(text[i]);
    } else if (text[i] == '}' || text[i] == ']') {
      if (open.empty() || open.back() != (text[i] == '}' ? '{' : '[')) return false;
      open.pop_back();
    }
  }
  return open.empty() && !within;
}

std::vector<Bytes> Samples() {
  WireTable table = WireTable::Project();
  std::vector<Bytes> samples;
  for (const char* type : {"User", "phone.PhoneCall", "InputMedia", "Updates"}) {
    samples.emplace_back();
    table.MakeType(type, 229, 6, samples.back());
  }
  samples.push_back(Made(
      R"({"_": "msg_container", "messages": [{"_": "message", "msg_id": 1, "seqno": 2, "body":
          {"_": "rpc_result", "req_msg_id": 1, "result": [{"_": "userEmpty", "id": 3}]}},
          {"_": "message", "msg_id": 1, "seqno": 2, "body": {"_": "future_salts", "now": 1,
           "req_msg_id": 3, "salts": [{"_": "future_salt", "valid_since": 1, "valid_until": 2,
                                       "salt": 3}]}}]})"));
  return samples;
}

void ExpectBounded(const Bytes& bytes) {
  for (const bool secrets : {false, true}) {
    TextOptions options = Whole();
    options.secrets = secrets;
    const Printed printed = PrintNext(bytes, BothSchemas(), options);
    ASSERT_TRUE(IsBalanced(printed.text)) << printed.text;
    ASSERT_LE(printed.bytes_read, bytes.size());
    ASSERT_LE(printed.text.size(), 100 + 80 * bytes.size());
    if (!printed.ok()) {
      ASSERT_NE(printed.text.find("\"_error\": \"" + std::string(printed.why)), std::string::npos);
      ASSERT_LE(printed.error_offset, bytes.size());
    }
    if (!printed.exact) continue;
    const Parsed parsed = Parse(printed.text, BothSchemas(), At(0));
    ASSERT_TRUE(parsed.ok()) << parsed.why << "\n" << printed.text;
    ASSERT_EQ(parsed.bytes,
              Bytes(bytes.begin(), bytes.begin() + std::ptrdiff_t(printed.bytes_read)));
  }
}

TEST(TextLimitTest, EveryPrefix) {
  for (const Bytes& sample : Samples()) {
    for (std::size_t size = 0; size < sample.size(); ++size) {
      ExpectBounded(Bytes(sample.begin(), sample.begin() + std::ptrdiff_t(size)));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(TextLimitTest, EveryByteDamaged) {
  for (const Bytes& sample : Samples()) {
    for (std::size_t at = 0; at < std::min<std::size_t>(sample.size(), 600); ++at) {
      for (const int other : {0x01, 0x80, 0xff, 0x55}) {
        Bytes bytes = sample;
        bytes[at] ^= static_cast<std::uint8_t>(other);
        ExpectBounded(bytes);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(TextLimitTest, DamageIsToldWhereItIs) {
  const Bytes user = Made(R"({"_": "inputUser", "user_id": 1, "access_hash": 2})");
  EXPECT_EQ(Print(RawObject(user).first(14), BothSchemas(), Whole()),
            R"({"_": "inputUser", "user_id": 1, )"
            R"("access_hash": {"_error": "truncated", "offset": 12}})");
  EXPECT_EQ(Print(RawObject(user).first(14), BothSchemas(), {.first_offset = 100}),
            R"({"_": "inputUser", "user_id": 1, )"
            R"("access_hash": {"_error": "truncated", "offset": 112}})");
  EXPECT_EQ(Print({}, BothSchemas()), R"({"_error": "truncated", "offset": 0})");
  EXPECT_EQ(Print(Bytes{1, 2, 3, 4}, BothSchemas()),
            R"({"_error": "unknown constructor", "offset": 0, "id": "04030201"})");
  Bytes body = Made(R"({"_": "msg_container", "messages": [{"_": "message", "msg_id": 1,
                        "seqno": 2, "body": {"_": "ping", "ping_id": 3}}]})");
  body[20] = 16;
  body.resize(body.size() + 4);
  EXPECT_EQ(Print(body, BothSchemas()),
            R"({"_": "msg_container", "messages": [{"_": "message", "msg_id": 1, "seqno": 2, )"
            R"("bytes": 16, "body": {"_": "ping", "ping_id": 3}, )"
            R"("_error": "trailing bytes", "offset": 36}]})");
}

TEST(TextLimitTest, DepthAndCounts) {
  std::string text = R"({"_": "jsonNull"})";
  for (int i = 0; i < 31; ++i) text = R"({"_": "jsonArray", "value": [)" + text + "]}";
  const Bytes deep = Made(text);
  EXPECT_EQ(Print(deep, BothSchemas(), {.text_bytes_max = 1 << 16}), text);
  const std::string deeper = R"({"_": "jsonArray", "value": [)" + text + "]}";
  EXPECT_EQ(Parse(deeper, BothSchemas()).why, "deeper than depth_max");
  const Bytes bytes = Made(deeper, At(0));
  EXPECT_NE(Print(bytes, BothSchemas()).find(R"([{"_error": "too deep", "offset": 384}])"),
            std::string::npos);
  TextOptions bold{.limits = {.depth_max = 1u << 30}};
  std::string endless;
  for (int i = 0; i < 100000; ++i) endless += R"({"_": "jsonArray", "value": [)";
  EXPECT_EQ(Parse(endless, BothSchemas(), {.limits = bold.limits}).why, "deeper than depth_max");
  EXPECT_EQ(Parse(endless, BothSchemas(), {.limits = bold.limits}).error_offset,
            std::size_t{kTextDepthMax} * 29);

  const Limits few{.vector_elements_max = 2};
  const Bytes three = Made("[1, 2, 3]", {.type = "Vector<int>"});
  EXPECT_EQ(Print(three, BothSchemas(), {.type = "Vector<int>", .limits = few}),
            R"({"_error": "too many elements", "offset": 0})");
  const Parsed parsed = Parse("[1, 2, 3]", BothSchemas(), {.type = "Vector<int>", .limits = few});
  EXPECT_EQ(parsed.why, "more elements than vector_elements_max");
  EXPECT_EQ(parsed.error_offset, 7u);
}

TEST(TextLimitTest, Sizes) {
  std::string many = "[1";
  for (int i = 0; i < 5000; ++i) many += ", 1";
  const Bytes bytes = Made(many + "]", {.type = "Vector<int>"});
  const TextOptions small{.type = "Vector<int>", .text_bytes_max = 1000};
  const Printed printed = PrintNext(bytes, BothSchemas(), small);
  EXPECT_LT(printed.text.size(), 1100u);
  EXPECT_TRUE(printed.text.ends_with(R"({"_error": "text limit", "offset": 1340}])"))
      << printed.text;
  EXPECT_EQ(printed.error, WireError::kTooLarge);
  const Bytes profile =
      Made(R"({"_": "account.updateProfile", "about": ")" + std::string(100000, 'x') + "\"}");
  EXPECT_LT(
      Print(profile, BothSchemas(), {.bytes_shown_max = 100000, .text_bytes_max = 6000}).size(),
      6100u);
  EXPECT_EQ(Parse(many + "]", BothSchemas(), {.type = "Vector<int>", .bytes_max = 1000}).why,
            "more bytes than bytes_max");
  EXPECT_EQ(Parse(R"({"_": "account.updateProfile", "about": ")" + std::string(2000, 'x') + "\"}",
                  BothSchemas(), {.bytes_max = 1000})
                .why,
            "the string is too long");
}

struct Hostile {
  const char* text;
  std::size_t offset;
  const char* why;
};

class HostileTextTest : public testing::TestWithParam<Hostile> {};

TEST_P(HostileTextTest, IsRefusedWhereItIsWrong) {
  const Parsed parsed = Parse(GetParam().text, BothSchemas());
  EXPECT_EQ(parsed.why, GetParam().why) << GetParam().text;
  EXPECT_EQ(parsed.error_offset, GetParam().offset) << GetParam().text;
  EXPECT_TRUE(parsed.bytes.empty());
}

constexpr Hostile kHostile[] = {
    {"", 0, "true or false is expected"},
    {"{", 1, "'\"' is expected"},
    {"{}", 1, "'\"' is expected"},
    {R"({"_")", 4, "':' is expected"},
    {R"({"_": "ping)", 6, "a name is expected"},
    {R"({"_": "ping", "ping_id": 1)", 26, "'}' is expected"},
    {R"({"_": "ping", "ping_id": 1}})", 27, "nothing more is expected"},
    {R"({"id": 1})", 1, "an object begins with \"_\""},
    {R"({"_": "nobody"})", 6, "nobody is neither a constructor nor a method"},
    {R"({"_": "userEmpty#00000000", "id": 1})", 6,
     "userEmpty#00000000 is neither a constructor nor a method"},
    {R"({"_": "user#d3bc4b7a", "id": 1})", 6,
     "user#d3bc4b7a is neither a constructor nor a method"},
    {R"({"_": "userEmpty#d3bc4b7", "id": 1})", 6,
     "userEmpty#d3bc4b7 is neither a constructor nor a method"},
    {R"({"_": "ping"})", 0, "ping.ping_id is missing"},
    {R"({"_": "ping", "ping_id": 1, "ping_id": 1})", 28, "ping_id stands twice"},
    {R"({"_": "ping", "_": "ping", "ping_id": 1})", 14, "ping has no field _"},
    {R"({"_": "ping", "pong_id": 1})", 14, "ping has no field pong_id"},
    {R"({"_": "ping", "ping\u005fid": 1})", 14, "a name is expected"},
    {R"({"_": "ping", "ping_id": "1"})", 25, "a whole number is expected"},
    {R"({"_": "ping", "ping_id": 1.5})", 25, "a whole number is expected"},
    {R"({"_": "ping", "ping_id": null})", 25, "a whole number is expected"},
    {R"({"_": "ping", "ping_id": 9223372036854775808})", 25,
     "a number from -9223372036854775808 to 9223372036854775807 is expected"},
    {R"({"_": "get_future_salts", "num": 2147483648})", 33,
     "a number from -2147483648 to 2147483647 is expected"},
    {R"({"_": "ping", "ping_id": {"_": "ping"}})", 25, "a value is expected, not an object"},
    {R"({"_": "ping", "ping_id": {"_secret": 8}})", 25, "a secret that is not shown"},
    {R"({"_": "ping", "ping_id": {"_unknown": 8}})", 25, "bytes that are not shown"},
    {R"({"_": "ping", "_error": "truncated"})", 14, "the mark of damaged bytes"},
    {R"({"_error": "truncated", "offset": 1})", 0, "the mark of damaged bytes"},
    {R"({"_": "req_pq", "nonce": "00"})", 25, "32 hex digits are expected"},
    {R"({"_": "req_pq", "nonce": "0000000000000000000000000000000000"})", 25,
     "the string is too long"},
    {R"({"_": "req_pq", "nonce": "000"})", 25, "a string of hex digits is expected"},
    {R"({"_": "req_pq", "nonce": "0g"})", 25, "a string of hex digits is expected"},
    {R"({"_": "req_pq", "nonce": 5})", 25, "a string of hex digits is expected"},
    {R"({"_": "auth.importBotAuthorization", "api_hash": 5})", 49, "a string is expected"},
    {R"({"_": "auth.importBotAuthorization", "api_hash": "abc)", 49, "the string has no end"},
    {R"({"_": "auth.importBotAuthorization", "api_hash": "\q"})", 50, "no escape of JSON"},
    {R"({"_": "auth.importBotAuthorization", "api_hash": "\x1"})", 50,
     "two hex digits are expected"},
    {R"({"_": "auth.importBotAuthorization", "api_hash": "\ud800x"})", 50,
     "a character of four hex digits is expected"},
    {"{\"_\": \"auth.importBotAuthorization\", \"api_hash\": \"\n\"}", 49, "the string has no end"},
    {R"({"_": "users.getUsers", "id": {"_": "inputUserSelf"}})", 30,
     "a value is expected, not an object"},
    {R"({"_": "users.getUsers", "id": [{"_": "userEmpty", "id": 1}]})", 37,
     "userEmpty is no InputUser"},
    {R"({"_": "users.getUsers", "id": [{"_": "users.getUsers", "id": []}]})", 37,
     "users.getUsers is no InputUser"},
    {R"({"_": "users.getUsers", "id": [{"_": "inputUserSelf"},]})", 54, "'{' is expected"},
    {R"({"_": "users.getUsers", "id": [{"_": "inputUserSelf"})", 53, "']' is expected"},
    {R"({"_": "msg_container", "messages": [{"_": "ping", "ping_id": 1}]})", 42,
     "ping is no message"},
    {R"({"_": "message", "msg_id": 1, "seqno": 1, "bytes": 5, "body": "00"})", 0,
     "message.bytes must be 1"},
    {R"({"_": "user", "bot": true, "id": 1})", 0,
     "user.bot_info_version is missing: its flag is set"},
    {R"({"_": "user", "flags": 1, "id": 1})", 0, "user.access_hash is missing: its flag is set"},
    {R"({"_": "user", "flags": -1, "id": 1})", 23, "a number from 0 to 4294967295 is expected"},
    {R"({"_": "user", "bot": 1, "id": 1})", 21, "true or false is expected"},
    {R"({"_": "user", "self": false, "self": true, "id": 1})", 29, "self stands twice"},
    {R"({"_": "inputGeoPoint", "lat": 1e999, "long": 0})", 30, "a number is expected"},
    {R"({"_": "inputGeoPoint", "lat": "7ff", "long": 0})", 30, "16 hex digits are expected"},
    {R"(["00"])", 1, "'{' is expected"},
    {R"([[]])", 1, "'{' is expected"},
};

INSTANTIATE_TEST_SUITE_P(Texts, HostileTextTest, testing::ValuesIn(kHostile));

}  // namespace
}  // namespace tl

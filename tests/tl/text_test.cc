// Texts of values: whatever any layer can send is printed and comes back as the same bytes, golden
// copies show the form, and nothing that is cut, damaged or too large breaks it.
#include "tl/runtime/text.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "tests/paths.h"
#include "text_values.h"
#include "tl/api_types.h"
#include "tl/mt_types.h"

namespace tl {
namespace {

using trunkline::tlc::Combinator;
using trunkline::tlc::Definition;
using trunkline::tlc::WireTable;

constexpr int kTextDepth = 12;

void ExpectComesBack(const Bytes& bytes, int layer, const std::string& name) {
  const Printed printed = PrintNext(bytes, BothSchemas(), Whole(layer));
  ASSERT_TRUE(printed.ok()) << name << ": " << printed.why << "\n" << printed.text;
  EXPECT_EQ(printed.bytes_read, bytes.size()) << name;
  EXPECT_TRUE(printed.exact) << name;
  const Parsed parsed = Parse(printed.text, BothSchemas(), At(layer));
  ASSERT_TRUE(parsed.ok()) << name << ": " << parsed.why << " at " << parsed.error_offset << "\n"
                           << printed.text;
  ASSERT_EQ(parsed.bytes, bytes) << name << "\n" << printed.text;
}

class TextAtLayerTest : public testing::TestWithParam<int> {};

// Every constructor and method that the layer has, known by layer and by id alone.
TEST_P(TextAtLayerTest, EverythingComesBack) {
  const int layer = GetParam();
  WireTable table = WireTable::Project();
  const int rounds = layer == api::kLayerMax ? 4 : 1;
  std::size_t lines = 0;
  for (const Definition& definition : table.history().definitions) {
    const Combinator* const line = WireTable::LineAt(definition, layer);
    if (line == nullptr) continue;
    ++lines;
    for (int i = 0; i < rounds; ++i) {
      Bytes bytes;
      table.MakeCall(*line, layer, kTextDepth, bytes);
      ExpectComesBack(bytes, layer, definition.name);
      if (i == 0) ExpectComesBack(bytes, 0, definition.name);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  EXPECT_GT(lines, 1300u);
  if (layer == api::kLayerMax) {
    EXPECT_EQ(lines, 2470u) << "all but the built-in vector";
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, TextAtLayerTest,
                         testing::Values(133, 141, 152, 166, 185, 198, 214, 228, 229));

// The same bytes as the generated writer makes.
TEST(TextTest, TextMeansWhatTheCodecMeans) {
  const api::InputUser callee{.user_id = 2, .access_hash = -3};
  const std::array<std::string_view, 1> versions = {"2.4.4"};
  const api::PhoneCallProtocol protocol =
      api::PhoneCallProtocol{.min_layer = 92, .max_layer = 92, .library_versions = versions}
          .set_udp_reflector();
  const api::fn::phone::RequestCall call =
      api::fn::phone::RequestCall{.user_id = &callee,
                                  .random_id = 4,
                                  .g_a_hash = std::string_view("\0\xff", 2),
                                  .protocol = &protocol}
          .set_video();
  for (const int layer : {198, 229}) {
    Bytes bytes;
    AppendTo(bytes, call, layer);
    EXPECT_EQ(Print(bytes, BothSchemas(), Whole(layer)),
              R"({"_": "phone.requestCall", "video": true, )"
              R"("user_id": {"_": "inputUser", "user_id": 2, "access_hash": -3}, )"
              R"("random_id": 4, "g_a_hash": "00ff", "protocol": {"_": "phoneCallProtocol", )"
              R"("udp_reflector": true, "min_layer": 92, "max_layer": 92, )"
              R"("library_versions": ["2.4.4"]}})");
    EXPECT_EQ(Made(R"({"_": "phone.requestCall", "g_a_hash": "00FF", "video": true, "random_id": 4,
                       "protocol": {"_": "phoneCallProtocol", "max_layer": 92, "min_layer": 92,
                                    "udp_p2p": false, "library_versions": ["2.4.4"],
                                    "udp_reflector": true},
                       "user_id": {"_": "inputUser", "access_hash": -3, "user_id": 2}})",
                   At(layer)),
              bytes)
        << "fields in any order";
  }
}

TEST(TextTest, NameAloneMeansTheNewestLine) {
  const Bytes old = Made(R"({"_": "phoneCallWaiting", "id": 1, "access_hash": 2, "date": 3,
      "admin_id": 4, "participant_id": 5,
      "protocol": {"_": "phoneCallProtocol", "min_layer": 6, "max_layer": 7,
                   "library_versions": []}})",
                         At(198));
  EXPECT_TRUE(Print(old, BothSchemas(), Whole(198)).starts_with(R"({"_": "phoneCallWaiting", )"));
  EXPECT_TRUE(Print(old, BothSchemas(), Whole())
                  .starts_with(R"({"_": "phoneCallWaiting#eed42858", "id": 1, )"));
  EXPECT_EQ(Print(old, BothSchemas(), Whole(229)),
            R"({"_error": "unknown constructor", "offset": 0, "id": "eed42858", )"
            R"("name": "phoneCallWaiting", "layers": "196-201"})");
}

TEST(TextTest, Numbers) {
  const auto geo = [](double value) {
    Bytes bytes = Made(R"({"_": "inputGeoPoint", "lat": 0, "long": 1.5})");
    std::memcpy(bytes.data() + 8, &value, sizeof(value));
    return bytes;
  };
  const std::pair<double, const char*> doubles[] = {
      {0.1, "0.1"},
      {-0.0, "-0"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {1.0 / 3, "0.3333333333333333"},
      {std::numeric_limits<double>::infinity(), "\"7ff0000000000000\""},
      {std::bit_cast<double>(0xfff8000000000123), "\"fff8000000000123\""},
  };
  for (const auto& [value, text] : doubles) {
    const Bytes bytes = geo(value);
    EXPECT_EQ(Print(bytes, BothSchemas(), Whole()),
              std::string(R"({"_": "inputGeoPoint", "lat": )") + text + R"(, "long": 1.5})");
    ExpectComesBack(bytes, 0, text);
  }
  const std::string longs = R"([-9223372036854775808, 9223372036854775807])";
  const ParseOptions of_longs{.type = "Vector<long>"};
  const Bytes bytes = Made(longs, of_longs);
  EXPECT_EQ(Print(bytes, BothSchemas(), {.type = "Vector<long>"}), longs);
}

TEST(TextTest, Strings) {
  const std::pair<std::string, std::string> strings[] = {
      {"a\"b\\c/", R"(a\"b\\c/)"},
      {"\n\t\r\x01\x7f", R"(\n\t\u000d\u0001\u007f)"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"\xff\xc3", R"(\xff\xc3)"},
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},          // half a pair
      {"\xc0\xaf\xf5", R"(\xc0\xaf\xf5)"},          // longer than need be, beyond the last
      {"\xc2\x9b\xe2\x80\xae", R"(\u009b\u202e)"},  // would move or turn a terminal's line
      {std::string("\0x", 2), R"(\u0000x)"},
  };
  for (const auto& [value, text] : strings) {
    Bytes bytes;
    AppendTo(bytes, api::fn::account::UpdateProfile().set_about(value), 229);
    EXPECT_EQ(Print(bytes, BothSchemas(), Whole()),
              R"({"_": "account.updateProfile", "about": ")" + text + "\"}");
    ExpectComesBack(bytes, 0, text);
  }
  EXPECT_EQ(Made(R"({"_": "account.updateProfile", "about": "\ud83d\ude00\u00e9\/\r\b\f"})"),
            Made("{\"_\": \"account.updateProfile\", "
                 "\"about\": \"\xf0\x9f\x98\x80\xc3\xa9/\\x0d\\x08\\x0c\"}"));
}

TEST(TextTest, LongStringsAreCut) {
  const std::string umlauts = "aaa\xc3\xa4\xc3\xa4";
  Bytes bytes;
  AppendTo(bytes, api::fn::account::UpdateProfile().set_about(umlauts), 229);
  TextOptions options = Whole();
  options.bytes_shown_max = 6;
  const Printed printed = PrintNext(bytes, BothSchemas(), options);
  EXPECT_EQ(printed.text,
            "{\"_\": \"account.updateProfile\", "
            "\"about\": {\"_cut\": 7, \"head\": \"aaa\xc3\xa4\"}}");
  EXPECT_TRUE(printed.ok());
  EXPECT_FALSE(printed.exact);
  const Parsed parsed = Parse(printed.text, BothSchemas());
  EXPECT_EQ(parsed.why, "a value that is not shown whole");
  EXPECT_EQ(parsed.error_offset, printed.text.find("{\"_cut"));
}

TEST(TextTest, FlagsThatNoFieldExplains) {
  Bytes bytes = Made(R"({"_": "inputPeerPhotoFileLocation", "big": true,
                         "peer": {"_": "inputPeerSelf"}, "photo_id": 1})");
  bytes[7] |= 0x80;
  EXPECT_EQ(Print(bytes, BothSchemas()),
            R"({"_": "inputPeerPhotoFileLocation", "flags": 2147483648, "big": true, )"
            R"("peer": {"_": "inputPeerSelf"}, "photo_id": 1})");
  ExpectComesBack(bytes, 229, "a flag of a later day");
}

// Another form of a length or something in the padding is read, but would not be written so.
TEST(TextTest, WhatIsNotWrittenSoIsNotExact) {
  const std::string text = R"({"_": "account.updateProfile", "about": "a"})";
  const Bytes good = Made(text);
  Bytes padded = good;
  padded.back() = 1;
  Bytes longer(good.begin(), good.begin() + 8);
  for (const int byte : {254, 1, 0, 0, 0x61, 0, 0, 0}) {
    longer.push_back(static_cast<std::uint8_t>(byte));
  }
  for (const Bytes& bytes : {padded, longer}) {
    const Printed printed = PrintNext(bytes, BothSchemas(), Whole());
    EXPECT_EQ(printed.text, text);
    EXPECT_FALSE(printed.exact);
  }
  Bytes empty(good.begin(), good.begin() + 8);
  for (const int byte : {254, 0, 0, 0}) empty.push_back(static_cast<std::uint8_t>(byte));
  EXPECT_FALSE(PrintNext(empty, BothSchemas(), Whole()).exact);
  EXPECT_TRUE(PrintNext(good, BothSchemas(), Whole()).exact);
}

// The copies in golden/texts.txt: a text, then what else it is printed as.
TEST(TextTest, GoldenTexts) {
  const std::string file = std::string(TRUNKLINE_SOURCE_DIR) + "/tests/tl/golden/texts.txt";
  std::ifstream in(file, std::ios::binary);
  std::string expected;
  std::string made;
  for (std::string line; std::getline(in, line);) {
    expected += line + '\n';
    if (!line.starts_with("parse ")) {
      if (line.starts_with("# ") || line.empty()) made += line + '\n';
      continue;
    }
    const Bytes bytes = Made(line.substr(6));
    EXPECT_EQ(Print(bytes, BothSchemas(), Whole()), line.substr(6)) << "not how it is printed";
    TextOptions indented{.indent = true};
    made += line + "\nprint " + Print(bytes, BothSchemas()) + "\nindent " +
            Print(bytes, BothSchemas(), indented) + '\n';
  }
  EXPECT_EQ(made, expected);
  if (made != expected && std::getenv("TRUNKLINE_UPDATE_GOLDEN") != nullptr) {
    in.close();
    std::ofstream(file, std::ios::binary | std::ios::trunc) << made;
  }
}

TEST(TextTest, ContainersAreOpened) {
  const std::string text =
      R"({"_": "msg_container", "messages": [)"
      R"({"_": "message", "msg_id": 1, "seqno": 2, "bytes": 12, )"
      R"("body": {"_": "ping", "ping_id": 7}}, )"
      R"({"_": "message", "msg_id": 3, "seqno": 4, "bytes": 8, "body": "0102030405060708"}, )"
      R"({"_": "message", "msg_id": 5, "seqno": 6, "bytes": 16, )"
      R"("body": {"_": "rpc_result", "req_msg_id": 9, "result": true}}, )"
      R"({"_": "message", "msg_id": 5, "seqno": 6, "bytes": 0, "body": ""}]})";
  const Bytes bytes = Made(text);
  EXPECT_EQ(Print(bytes, BothSchemas(), Whole()), text);
  const Bytes unsized = Made(R"({"_": "msg_container", "messages": [{"_": "message", "msg_id": 1,
      "seqno": 2, "body": {"_": "ping", "ping_id": 7}}]})");
  EXPECT_EQ(unsized.size(), 8u + 16u + 12u);
  EXPECT_TRUE(Print(bytes, BothSchemas()).find(R"("body": {"_unknown": 8})") != std::string::npos)
      << "bytes nobody knows may be secrets";
}

TEST(TextTest, ResultsHaveTheTypeOfTheirRequest) {
  const AnsweredRequest requests[] = {{9, api::fn::contacts::GetContactIDs::kId}};
  TextOptions options = Whole();
  const std::string unknown =
      R"({"_": "rpc_result", "req_msg_id": 9, "result": "15c4b51c020000000100000002000000"})";
  const std::string known = R"({"_": "rpc_result", "req_msg_id": 9, "result": [1, 2]})";
  const std::string refused =
      R"({"_": "rpc_result", "req_msg_id": 9, )"
      R"("result": {"_": "rpc_error", "error_code": 400, "error_message": "X"}})";
  const Bytes bytes = Made(unknown);
  EXPECT_EQ(Print(bytes, BothSchemas(), options), unknown);
  options.requests = requests;
  EXPECT_EQ(Print(bytes, BothSchemas(), options), known);
  EXPECT_EQ(Made(known, {.requests = requests}), bytes);
  EXPECT_EQ(Print(Made(refused), BothSchemas(), options), refused);
  options.requests = {};
  const std::string boxed =
      R"({"_": "rpc_result", "req_msg_id": 9, "result": [{"_": "userEmpty", "id": 3}]})";
  EXPECT_EQ(Print(Made(boxed), BothSchemas(), options), boxed);
}

TEST(TextTest, TypesByName) {
  EXPECT_EQ(Print(Made("[]", {.type = "Vector<User>"}), BothSchemas(), {.type = "Vector<User>"}),
            "[]");
  EXPECT_EQ(Print(Made("true", {.type = "Bool"}), BothSchemas()), "true");
  EXPECT_EQ(Print(Made("12", {.type = "int"}), BothSchemas(), {.type = "int"}), "12");
  const Bytes user = Made(R"({"_": "userEmpty", "id": 3})");
  EXPECT_EQ(Print(user, BothSchemas(), {.type = "Chat"}),
            R"({"_error": "unknown constructor", "offset": 0, "id": "d3bc4b7a", )"
            R"("name": "userEmpty", "layers": "133-229"})");
  for (const char* type : {"Nobody", "Vector<>", "Vector<Vector<int>>", "Vector<int", "user"}) {
    EXPECT_EQ(Print(user, BothSchemas(), {.type = type}),
              R"({"_error": "no such type", "offset": 0})");
    EXPECT_EQ(Parse("[]", BothSchemas(), {.type = type}).why, "no such type");
  }
}

TEST(TextTest, ValuesBackToBack) {
  Bytes bytes = Made(R"({"_": "userEmpty", "id": 3})");
  const Bytes second = Made(R"({"_": "ping", "ping_id": 3})");
  bytes.insert(bytes.end(), second.begin(), second.end());
  const Printed first = PrintNext(bytes, BothSchemas());
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(first.bytes_read, 12u);
  EXPECT_EQ(Print(bytes, BothSchemas()),
            R"({"_": "userEmpty", "id": 3} {"_error": "trailing bytes", "offset": 12})");
  const std::string texts = " {\"_\": \"ping\", \"ping_id\": 3}\n [] ";
  const Parsed parsed = ParseNext(texts, BothSchemas());
  EXPECT_EQ(parsed.bytes, second);
  EXPECT_EQ(parsed.text_read, texts.find('['));
}

}  // namespace
}  // namespace tl

// What a broken or hostile schema is told: every fault of a file in one run, with its place, and
// bounds on everything that could grow.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "schema_text.h"
#include "tl/compiler/files.h"
#include "tl/compiler/history.h"
#include "tl/compiler/parser.h"

namespace trunkline::tlc {
namespace {

std::string Repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(FaultsTest, FaultsOfAllPassesComeInOneRun) {
  EXPECT_EQ(Faults("a x int = A;\n"
                   "b#00000001 = B;\n"
                   "c x:Nobody = C;\n"
                   "d x:flags.0?int = D;\n"
                   "b y:int = B;\n"
                   "e @ = E;\n"),
            "s.tl:6:3: unexpected character '@'\n"
            "s.tl:1:5: ':' is expected, found 'int'\n"
            "s.tl:2:1: b#00000001: the CRC32 of its line is a4070ed3\n"
            "s.tl:3:5: c: unknown type Nobody\n"
            "s.tl:4:5: d: no flags word flags in front of its condition\n"
            "s.tl:5:1: b is defined twice\n");
}

TEST(FaultsTest, OneFaultDoesNotLeadToOthers) {
  EXPECT_EQ(Faults("a x int y:Vector<int = A;\nb y:A = B;\n"),
            "s.tl:1:5: ':' is expected, found 'int'\n");
}

TEST(FaultsTest, NameOfAFaultyLineStillCounts) {
  EXPECT_EQ(Faults("a x int = A;\na = A;\n"),
            "s.tl:1:5: ':' is expected, found 'int'\ns.tl:2:1: a is defined twice\n");
}

TEST(FaultsTest, VectorsNestToADepth) {
  // No schema has it; the parser bounds it nevertheless.
  EXPECT_EQ(Faults("a x:Vector<Vector<int>> = A;\n"),
            "s.tl:1:3: a vector of vectors has no place in the tables\n");
  EXPECT_EQ(Faults("a x:" + Repeated("Vector<", 8) + "int" + Repeated(">", 8) + " = A;\n"),
            "s.tl:1:61: types nest at most 8 deep, found 'int'\n");
  EXPECT_EQ(Faults("a x:" + Repeated("Vector<", 100000) + " = A;\n"),
            "s.tl:1:61: types nest at most 8 deep, found 'Vector'\n");
  EXPECT_EQ(Faults("---functions---\na = " + Repeated("vector<", 100000)),
            "s.tl:2:61: types nest at most 8 deep, found 'vector'\n");
}

TEST(FaultsTest, FieldsAndWordsHaveAMost) {
  std::string fields;
  for (int i = 0; i < 513; ++i) fields += " x" + std::to_string(i) + ":int";
  EXPECT_NE(Faults("a" + fields + " = A;\n").find("at most 512 fields are expected, found 'x512'"),
            std::string::npos);
  EXPECT_EQ(Faults("a x:" + Repeated("Q", 257) + " = A;\n").substr(0, 62),
            "s.tl:1:5: a word of 257 characters; 256 are the most\ns.tl:1:5:");
}

TEST(FaultsTest, NamesAreSpelt) {
  EXPECT_EQ(Faults("1a = A;\n"), "s.tl:1:1: the name of a combinator is expected, found '1a'\n");
  EXPECT_EQ(Faults("a.b.c = A;\n"),
            "s.tl:1:1: the name of a combinator is expected, found 'a.b.c'\n");
  EXPECT_EQ(Faults("a..b = A;\n"),
            "s.tl:1:1: the name of a combinator is expected, found 'a..b'\n");
  EXPECT_EQ(Faults("a _x:int = A;\n"), "s.tl:1:3: the name of a field is expected, found '_x'\n");
  EXPECT_EQ(Faults("a b.c:int = A;\n"), "s.tl:1:3: the name of a field is expected, found 'b.c'\n");
  EXPECT_EQ(Faults("a x:int. = A;\n"), "s.tl:1:5: a type is expected, found 'int.'\n");
  EXPECT_EQ(Faults("a = .A;\n"), "s.tl:1:5: a type is expected, found '.A'\n");
}

class UnterminatedTest : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(UnterminatedTest, IsTold) {
  EXPECT_EQ(Faults(GetParam().first), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, UnterminatedTest,
    testing::Values(
        std::pair("a", "s.tl:1:2: '=' or a field is expected, but the text ends\n"),
        std::pair("a#", "s.tl:1:3: an id of hex digits is expected, but the text ends\n"),
        std::pair("a x", "s.tl:1:4: ':' is expected, but the text ends\n"),
        std::pair("a x:", "s.tl:1:5: a type is expected, but the text ends\n"),
        std::pair("a flags:# x:flags.0?", "s.tl:1:21: a type is expected, but the text ends\n"),
        std::pair("a x:Vector<", "s.tl:1:12: a type is expected, but the text ends\n"),
        std::pair("a x:Vector<int", "s.tl:1:15: '>' is expected, but the text ends\n"),
        std::pair("a {X:Type", "s.tl:1:10: '}' is expected, but the text ends\n"),
        std::pair("a {X", "s.tl:1:5: ':' is expected, but the text ends\n"),
        std::pair("a x:int =", "s.tl:1:10: a type is expected, but the text ends\n"),
        std::pair("a x:int = A", "s.tl:1:12: ';' is expected, but the text ends\n"),
        std::pair("a x:int = A // ;", "s.tl:1:17: ';' is expected, but the text ends\n"),
        std::pair("a ? ", "s.tl:1:5: '=' is expected, but the text ends\n")));

TEST(FaultsTest, EveryPrefixOfASchemaIsTakenOrTold) {
  const std::string schema =
      "// a comment\nuser#d3bc4b7a {X:Type} flags:# self:flags.10?true id:Vector<%User> "
      "q:!X 4*[ int ] = User;\n---functions---\nget.user#00ff = Vector<User>;\n";
  for (std::size_t size = 0; size <= schema.size(); ++size) {
    Diagnostics diagnostics;
    const auto found = ParseSchema(schema.substr(0, size), "s.tl", diagnostics);
    EXPECT_LE(found.size(), 2u);
    EXPECT_LE(diagnostics.items().size(), 3u) << size;
  }
}

TEST(FaultsTest, StrangeBytesAreOneFaultAndHarmless) {
  EXPECT_EQ(Faults(std::string("\x1b[2J\0\xff", 6) + " a = A;\n").substr(0, 39),
            "s.tl:1:1: unexpected character '\\x1b'\ns");
  EXPECT_EQ(Faults("a @@@ = A;\n"), "s.tl:1:3: unexpected characters '@@@'\n");
  EXPECT_EQ(Faults(Repeated("\x01", 100000)),
            "s.tl:1:1: unexpected characters '" + Repeated("\\x01", 16) + "'..\n");
}

TEST(FaultsTest, CommentsInsideALineDoNotEnterItsId) {
  EXPECT_EQ(
      Faults("pong#347773c5 // first line\n  msg_id:long\t// 64 bits\n  ping_id:long = Pong;\n"),
      "");
}

TEST(FaultsTest, HistoryNamesAndLayersAreBounded) {
  const auto faults = [](const std::string& row) { return LayeredFaults({row, "", "", "d"}); };
  EXPECT_EQ(faults(Row("pong", "a:int", "Pong", 0, 229)),
            "d/history.tsv:1:27: a layer from 1 to 999 is expected, found 0\n");
  EXPECT_EQ(faults(Row("pong", "a:int", "Pong", 133, 2000000000)),
            "d/history.tsv:1:31: a layer from 1 to 999 is expected, found 2000000000\n");
  EXPECT_EQ(faults(Row("po ng", "a:int", "Pong", 133, 229)),
            "d/history.tsv:1:13: a name is expected, found 'po ng'\n");
  EXPECT_EQ(faults(Row("pong", "a:int", "Pong", 200, 133)),
            "d/history.tsv:1:18: pong: the run ends before it begins\n");
}

TEST(FaultsTest, HistoryIdsAndTypesStayWithTheirNames) {
  const std::string row = Row("pong", "a:int", "Pong", 133, 229);
  const std::string id = IdOf("pong", "a:int", "Pong");
  EXPECT_EQ(LayeredFaults(
                {row + "constructor\tping\t" + id + "\t133\t229\t-\ta:int\tPong\n", "", "", "d"}),
            "d/history.tsv:2:18: ping#" + id + ": the CRC32 of its line is " +
                IdOf("ping", "a:int", "Pong") +
                "\nd/history.tsv:1:18: pong: its id belongs to ping\n");
  EXPECT_EQ(LayeredFaults(
                {Row("pong", "a:int", "Ping", 133, 200) + Row("pong", "a:int", "Pong", 201, 229),
                 "", "", "d"}),
            "d/history.tsv:1:18: pong: a constructor can't change its type\n");
}

TEST(FaultsTest, NewestFileAndHistoryAgreeBothWays) {
  Diagnostics diagnostics;
  std::istringstream table(Row("a", "", "A", 133, 229) + Row("b", "", "B", 133, 229) +
                           Row("c", "", "C", 133, 228));
  const History history = ReadHistory(table, "h.tsv", diagnostics);
  const std::string text = Line("a", "", "A") + Line("c", "", "C") + Line("d", "", "D");
  CheckNewest(history, ResolveSchema(ParseSchema(text, "api.tl", diagnostics), diagnostics),
              diagnostics);
  EXPECT_EQ(Printed(diagnostics),
            "api.tl:2:1: c: the history tells another line for layer 229\n"
            "api.tl:3:1: d: the history tells another line for layer 229\n"
            "h.tsv:2:15: b: the schema of layer 229 has no such line\n");
}

TEST(FaultsTest, UnreadableFilesAreToldWhy) {
  const std::string folder = testing::TempDir() + "tlc_files";
  const std::string file = folder + "/large";
  std::filesystem::create_directories(folder);
  std::ofstream(file) << "x";
  std::filesystem::resize_file(file, kFileBytesMax + 1);
  Diagnostics diagnostics;
  EXPECT_EQ(ReadFile(folder + "/none", diagnostics), std::nullopt);
  EXPECT_EQ(ReadFile(folder, diagnostics), std::nullopt);
  EXPECT_EQ(ReadFile(file, diagnostics), std::nullopt);
  EXPECT_EQ(Printed(diagnostics), folder + "/none:1:1: can't be read: No such file or directory\n" +
                                      folder + ":1:1: can't be read: Is a directory\n" + file +
                                      ":1:1: can't be read: more than 16777216 bytes\n");
  std::filesystem::resize_file(file, 0);
  Diagnostics none;
  EXPECT_EQ(ReadFile(file, none), "");
  EXPECT_EQ(Printed(none), "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace trunkline::tlc

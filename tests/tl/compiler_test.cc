// Schemas of a few lines: what tlc understands, and the exact words it refuses the rest with.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "schema_text.h"
#include "tl/compiler/emit.h"
#include "tl/compiler/names.h"
#include "tl/compiler/parser.h"
#include "tl/compiler/schema.h"

namespace trunkline::tlc {
namespace {

TEST(CompilerTest, AcceptsSchemaWithComments) {
  EXPECT_EQ(Faults("// a comment\n"
                   "resPQ#05162463 nonce:int128 server_nonce:int128 pq:bytes\n"
                   "    server_public_key_fingerprints:Vector<long> = ResPQ;\n"
                   "---functions---\n"
                   "req_pq_multi#be7e8ef1 nonce:int128 = ResPQ;\n"),
            "");
}

TEST(CompilerTest, UnknownTypeIsToldAtTheType) {
  EXPECT_EQ(Faults("userX id:long = UserX;\npair a:UserX b:Vector<Nobody> = Pair;\n"),
            "s.tl:2:23: pair: unknown type Nobody\n");
}

TEST(CompilerTest, UnknownResultIsToldAtTheResult) {
  EXPECT_EQ(Faults("---functions---\nget = Nobody;\n"), "s.tl:2:7: get: unknown type Nobody\n");
}

TEST(CompilerTest, SecondUseOfAnIdIsToldWithTheFirst) {
  EXPECT_EQ(Faults("pong#347773c5 msg_id:long ping_id:long = Pong;\n"
                   "pong2#347773c5 msg_id:long ping_id:long = Pong;\n"),
            "s.tl:2:1: pong2#347773c5: the CRC32 of its line is b3c7c4d5\n"
            "s.tl:2:1: id 347773c5 of pong2 belongs to pong on line 1\n");
}

TEST(CompilerTest, SecondUseOfANameIsTold) {
  EXPECT_EQ(Faults("a x:int = A;\na y:int = A;\n"), "s.tl:2:1: a is defined twice\n");
}

TEST(CompilerTest, IdMustBeTheCrcOfItsLine) {
  EXPECT_EQ(Faults("pong#347773c6 msg_id:long ping_id:long = Pong;\n"),
            "s.tl:1:1: pong#347773c6: the CRC32 of its line is 347773c5\n");
}

TEST(CompilerTest, DecreedIdHoldsForItsNameOnly) {
  EXPECT_EQ(Faults("ipPortSecret#37982646 ipv4:int port:int secret:bytes = IpPort;\n"), "");
  EXPECT_EQ(Faults("ipPortOther#37982646 ipv4:int port:int secret:bytes = IpPort;\n").substr(0, 43),
            "s.tl:1:1: ipPortOther#37982646: the CRC32 o");
}

TEST(CompilerTest, ConditionNeedsItsWordInFront) {
  EXPECT_EQ(Faults("a x:flags.0?int flags:# = A;\n"),
            "s.tl:1:5: a: no flags word flags in front of its condition\n");
  EXPECT_EQ(Faults("a flags:# x:flags2.0?int = A;\n"),
            "s.tl:1:13: a: no flags word flags2 in front of its condition\n");
}

TEST(CompilerTest, ConditionHasThirtyTwoBits) {
  EXPECT_EQ(Faults("a flags:# x:flags.31?int = A;\n"), "");
  EXPECT_EQ(Faults("a flags:# x:flags.32?int = A;\n"),
            "s.tl:1:13: a: a flags word has bits 0 to 31\n");
}

TEST(CompilerTest, TrueNeedsACondition) {
  EXPECT_EQ(Faults("a x:true = A;\n"), "s.tl:1:3: a.x: true needs a condition\n");
}

TEST(CompilerTest, FieldStandsOnce) {
  EXPECT_EQ(Faults("a x:int x:long = A;\n"), "s.tl:1:9: a: field x stands twice\n");
}

TEST(CompilerTest, GrammarFaultsAreAllToldInOneRun) {
  EXPECT_EQ(Faults("a x int = A;\nb#zz = B;\nc x:Vector<int = C;\nd = D\n"),
            "s.tl:1:5: ':' is expected, found 'int'\n"
            "s.tl:2:3: an id of hex digits is expected, found 'zz'\n"
            "s.tl:3:16: '>' is expected, found '='\n"
            "s.tl:5:1: ';' is expected, but the text ends\n");
}

TEST(CompilerTest, LexerTellsStrangeCharacters) {
  EXPECT_EQ(Faults("a x:int @= A;\n"), "s.tl:1:9: unexpected character '@'\n");
}

TEST(CompilerTest, VectorNeedsItsElement) {
  EXPECT_EQ(Faults("a x:Vector = A;\n"), "s.tl:1:5: a: a vector needs its element type\n");
}

TEST(CompilerTest, ConditionIsSpelt) {
  EXPECT_EQ(Faults("a flags:# x:flags.x?int = A;\n"),
            "s.tl:1:13: a condition like flags.0 is expected, found 'flags.x'\n");
}

TEST(CompilerTest, HistoryFaultsHaveTheirCell) {
  const std::string good =
      "constructor\tpong\t347773c5\t133\t229\t-\tmsg_id:long ping_id:long\tPong\n";
  EXPECT_EQ(LayeredFaults({good, "Pong\n", "", "d"}), "");
  EXPECT_EQ(LayeredFaults({"thing\tpong\t347773c5\t133\t229\t-\t\tPong\n", "", "", "d"}),
            "d/history.tsv:1:1: constructor or method is expected, found 'thing'\n");
  EXPECT_EQ(LayeredFaults({"constructor\tpong\n", "", "", "d"}),
            "d/history.tsv:1:1: a row has 8 columns: kind, name, id, first layer, last layer, gap, "
            "fields, result\n");
  EXPECT_EQ(
      LayeredFaults({"constructor\tpong\t347773c5\t133\tx\t-\tmsg_id:long ping_id:long\tPong\n", "",
                     "", "d"}),
      "d/history.tsv:1:31: a number is expected, found 'x'\n");
  EXPECT_EQ(
      LayeredFaults({"constructor\tpong\t347773c5\t133\t229\t-\tmsg_id:lung\tPong\n", "", "", "d"}),
      "d/history.tsv:1:18: pong#347773c5: the CRC32 of its line is 8f3b0e03\n"
      "d/history.tsv:1:44: pong: unknown type lung\n");
  EXPECT_EQ(LayeredFaults({good + good, "Pong\n", "", "d"}),
            "d/history.tsv:2:18: pong: two runs share a layer\n");
}

TEST(CompilerTest, SurfaceAndFallbacksNameWhatExists) {
  const std::string history =
      "constructor\tpong\t347773c5\t133\t229\t-\tmsg_id:long ping_id:long\tPong\n";
  EXPECT_EQ(LayeredFaults({history, "# roots\nPing\n", "", "d"}),
            "d/surface.txt:2:1: Ping is neither a method nor a type\n");
  EXPECT_EQ(LayeredFaults({history, "Pong\n", "Pong\tping\n", "d"}),
            "d/fallbacks.tsv:1:6: ping is not a constructor of Pong, or stands twice\n");
  EXPECT_EQ(LayeredFaults({history, "Pong\n", "Pong\tpong\tpong\n", "d"}),
            "d/fallbacks.tsv:1:11: pong is not a constructor of Pong, or stands twice\n");
  EXPECT_EQ(LayeredFaults({history, "Pong\n", "Pong\tpong\nPong\tpong\n", "d"}),
            "d/fallbacks.tsv:2:1: Pong has a fallback on line 1 already\n");
  EXPECT_EQ(LayeredFaults({history, "Pong\n", "Pong\n", "d"}),
            "d/fallbacks.tsv:1:1: a type and a constructor are expected\n");
}

TEST(CompilerTest, MandatoryFieldNeedsAValueAtEveryLayer) {
  const std::string holder = Row("holder", "x:Thing", "Holder", 133, 229);
  EXPECT_EQ(LayeredFaults({holder + Row("thing", "a:int", "Thing", 150, 229), "Holder\n", "", "d"}),
            "d/history.tsv:1:39: holder.x: at layer 133 nothing can stand for Thing; name a "
            "constructor in the fallbacks\n");
  EXPECT_EQ(LayeredFaults({holder + Row("thing", "a:int", "Thing", 133, 229), "Holder\n", "", "d"}),
            "");
}

TEST(CompilerTest, NeutralValuesEnd) {
  const std::string loop = Row("loop", "x:Loop", "Loop", 133, 229);
  EXPECT_EQ(
      LayeredFaults({loop, "Loop\n", "", "d"}),
      "d/history.tsv:1:37: loop.x: at layer 133 nothing can stand for Loop; name a constructor in "
      "the fallbacks\n");
  EXPECT_EQ(LayeredFaults({loop + Row("stop", "", "Loop", 133, 229), "Loop\n", "", "d"}), "");
  EXPECT_NE(
      LayeredFaults({loop + Row("stop", "", "Loop", 133, 229), "Loop\n", "Loop\tloop\n", "d"}), "");
}

TEST(CompilerTest, NeededFallbackMustBeDeclared) {
  const std::string history = Row("holder", "x:Thing", "Holder", 133, 229) +
                              Row("newThing", "", "Thing", 150, 229) +
                              Row("oldThing", "a:int", "Thing", 133, 160) +
                              Row("plainThing", "a:int b:int", "Thing", 133, 229);
  const auto faults = [&](const std::string& fallbacks) {
    return LayeredFaults({history, "Holder\n", fallbacks, "d"});
  };
  EXPECT_EQ(faults(""),
            "d/history.tsv:1:39: holder.x: at layer 133 a value may be missing, and no fallback is "
            "declared for Thing; declare one in d/fallbacks.tsv: plainThing, oldThing\n");
  EXPECT_EQ(faults("Thing\tplainThing\n"), "");
  EXPECT_EQ(faults("Thing\tnewThing\n"),
            "d/history.tsv:1:39: holder.x: at layer 133 none of the declared fallbacks exists for "
            "Thing; declare one in d/fallbacks.tsv: plainThing, oldThing\n");
  EXPECT_EQ(faults("Thing\tnewThing\toldThing\n"), "");
}

TEST(CompilerTest, WhereEveryLayerHasEveryConstructorTheRuleChooses) {
  const std::string history = Row("holder", "x:Thing", "Holder", 133, 229) +
                              Row("thing", "a:int", "Thing", 133, 229) +
                              Row("thingEmpty", "", "Thing", 133, 229);
  EXPECT_EQ(LayeredFaults({history, "Holder\n", "", "d"}), "");
}

TEST(CompilerTest, FallbackOfAFallbackIsNeededToo) {
  const std::string history =
      Row("holder", "x:Thing", "Holder", 133, 229) + Row("part", "", "Part", 133, 229) +
      Row("thing", "p:Part", "Thing", 133, 229) + Row("thingNew", "", "Thing", 200, 229);
  EXPECT_EQ(LayeredFaults({history, "Holder\n", "Thing\tthing\n", "d"}),
            "d/history.tsv:3:38: thing.p: at layer 133 a value may be missing, and no fallback is "
            "declared for Part; declare one in d/fallbacks.tsv: part\n");
}

TEST(CompilerTest, FieldThatTheStructLostNeedsAFallback) {
  const std::string history = Row("holder", "x:Thing", "Holder", 133, 149) +
                              Row("holder", "y:int", "Holder", 150, 229) +
                              Row("thing", "", "Thing", 133, 229);
  EXPECT_EQ(LayeredFaults({history, "Holder\n", "", "d"}),
            "d/history.tsv:1:39: holder.x: at layer 133 a value may be missing, and no fallback is "
            "declared for Thing; declare one in d/fallbacks.tsv: thing\n");
}

TEST(CompilerTest, ErrorTableFaults) {
  const auto faults = [](const std::string& table) {
    std::istringstream in(table);
    std::ostringstream out;
    Diagnostics diagnostics;
    EmitErrors(in, "e.tsv", out, diagnostics);
    return Printed(diagnostics);
  };
  EXPECT_EQ(faults("400\tA_B\twhen\n420\tFLOOD_WAIT_%d\twhen\n"), "");
  EXPECT_EQ(faults("400\tA_B\n"), "e.tsv:1:1: a row has 3 columns: code, TYPE, when\n");
  EXPECT_EQ(faults("x\tA_B\twhen\n"), "e.tsv:1:1: a number is expected, found 'x'\n");
  EXPECT_EQ(faults("400\tA_B\tw\n401\tA_B\tw\n"), "e.tsv:2:5: A_B stands on line 1 already\n");
}

// Every line of both schemas, built-in ones too, has the CRC32 of its normal form as id, but for
// three.
class SchemaFileTest
    : public testing::TestWithParam<std::tuple<const char*, std::size_t, std::size_t>> {};

TEST_P(SchemaFileTest, IdsAreCrcs) {
  const auto& [file, lines, decreed] = GetParam();
  const std::string text = ReadAll(SchemaDir() + file);
  Diagnostics diagnostics;
  const std::vector<CombinatorExpression> combinators = ParseSchema(text, file, diagnostics);
  EXPECT_EQ(Printed(diagnostics), "");
  std::size_t other = 0;
  for (const CombinatorExpression& combinator : combinators) {
    ASSERT_TRUE(combinator.id.has_value()) << combinator.name;
    if (*combinator.id != LineCrc(combinator)) ++other;
  }
  EXPECT_EQ(combinators.size(), lines);
  EXPECT_EQ(other, decreed);
  EXPECT_EQ((ResolveSchema(combinators, diagnostics), Printed(diagnostics)), "");
}

INSTANTIATE_TEST_SUITE_P(Files, SchemaFileTest,
                         testing::Values(std::tuple("mtproto.tl", 64, 3),
                                         std::tuple("api.tl", 2471, 0)));

TEST(CompilerTest, NormalLine) {
  const auto normal = [](const std::string& line) {
    Diagnostics diagnostics;
    return NormalLine(ParseSchema(line, "s.tl", diagnostics).at(0));
  };
  EXPECT_EQ(normal("invokeWithLayer {X:Type} layer:int query:!X = X;"),
            "invokeWithLayer X:Type layer:int query:!X = X");
  EXPECT_EQ(
      normal("a flags:#  on:flags.0?true b:bytes\n c:flags.1?bytes d:Vector<bytes> = Vector<A>;"),
      "a flags:# b:string c:flags.1?string d:Vector bytes = Vector A");
}

TEST(NamesTest, Names) {
  EXPECT_EQ(StructName("phoneCallWaiting"), "PhoneCallWaiting");
  EXPECT_EQ(StructName("p_q_inner_data_dc"), "PQInnerDataDc");
  EXPECT_EQ(StructName("server_DH_params_ok"), "ServerDHParamsOk");
  EXPECT_EQ(StructName("resPQ"), "ResPQ");
  EXPECT_EQ(MemberName("long"), "long_");
  EXPECT_EQ(MemberName("longer"), "longer");
  EXPECT_EQ(ErrorName("CALL_PEER_INVALID"), "CallPeerInvalid");
  EXPECT_EQ(ErrorName("FLOOD_WAIT_%d"), "FloodWait");
  EXPECT_EQ(ErrorName("INTERDC_%d_CALL_ERROR"), "InterdcCallError");
  EXPECT_EQ(ErrorName("Timeout"), "Timeout");
}

}  // namespace
}  // namespace trunkline::tlc

// Adding a layer: the committed history cut back and grown again is the committed history, and what
// can't be added is refused with its place.
#include <gtest/gtest.h>

#include <string>

#include "cut_back.h"
#include "schema_text.h"
#include "tl/compiler/add_layer.h"
#include "tl/compiler/history_table.h"

namespace trunkline::tlc {
namespace {

const std::string& ProjectHistory() {
  static const std::string text = ReadAll(SchemaDir() + "history.tsv");
  return text;
}

// The project's schema as it stood at a layer.
SchemaTexts ProjectAt(int layer) {
  return {"d", CutHistory(ProjectHistory(), layer), SchemaOf(ProjectHistory(), layer),
          ReadAll(SchemaDir() + "surface.txt"), ReadAll(SchemaDir() + "fallbacks.tsv")};
}

std::string ProjectSchema(int layer) {
  return layer == 229 ? ReadAll(SchemaDir() + "api.tl") : SchemaOf(ProjectHistory(), layer);
}

// One string, so that a long difference prints as one line.
void ExpectSameLines(const std::string& found, const std::string& expected) {
  const std::vector<std::string> a = Split(found, '\n');
  const std::vector<std::string> b = Split(expected, '\n');
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    ASSERT_EQ(a[i], b[i]) << "line " << i + 1;
  EXPECT_EQ(a.size(), b.size());
}

TEST(HistoryTableTest, IsWrittenAsItWasRead) {
  Diagnostics diagnostics;
  const HistoryTable table = ReadHistoryTable(ProjectHistory(), "h.tsv", diagnostics);
  EXPECT_EQ(Printed(diagnostics), "");
  EXPECT_EQ(table.rows.size(), 3462u);
  ExpectSameLines(WriteHistoryTable(table), ProjectHistory());
}

struct Step {
  int from;
  int to;
};

class GrowTest : public testing::TestWithParam<Step> {};

TEST_P(GrowTest, AddedLayerReproducesTheCommittedHistory) {
  const auto [from, to] = GetParam();
  const std::string file = ProjectSchema(to);
  Diagnostics diagnostics;
  const LayerPlan plan = PlanLayer(ProjectAt(from), {"new.tl", file, {}}, diagnostics);
  EXPECT_EQ(Printed(diagnostics), "");
  EXPECT_EQ(plan.layer, to);
  EXPECT_EQ(plan.api, file);
  ExpectSameLines(plan.history, CutHistory(ProjectHistory(), to));
  if (to == 229) ExpectSameLines(plan.history, ProjectHistory());
  EXPECT_NE(plan.history, CutHistory(ProjectHistory(), from));
}

// 226 is a layer without data.
INSTANTIATE_TEST_SUITE_P(Layers, GrowTest,
                         testing::Values(Step{223, 224}, Step{225, 227}, Step{227, 228},
                                         Step{228, 229}));

// Layer after layer from the oldest on, over 141, which has no data.
TEST(GrowChainTest, LayersCanBeAddedOneAfterAnother) {
  SchemaTexts texts = ProjectAt(133);
  texts.surface = texts.fallbacks = "";
  for (const int layer : {134, 135, 136, 137, 138, 139, 140, 142, 143}) {
    Diagnostics diagnostics;
    LayerPlan plan = PlanLayer(texts, {"new.tl", ProjectSchema(layer), {}}, diagnostics);
    ASSERT_EQ(Printed(diagnostics), "");
    texts.history = std::move(plan.history);
    texts.api = std::move(plan.api);
  }
  ExpectSameLines(texts.history, CutHistory(ProjectHistory(), 143));
}

// A schema of four lines at layer 20.
class SmallTest : public testing::Test {
 protected:
  static std::string Api() {
    return "// LAYER 20\n" + Line("holder", "x:Thing", "Holder") + Line("thing", "a:int", "Thing") +
           Line("other", "", "Other") + "---functions---\n" + Line("get", "", "Holder");
  }
  static std::string Header(const std::string& known, const std::string& without, int newest) {
    return "# known layers: " + known + "\n# layers without data: " + without +
           " (as before)\n# (" + std::to_string(newest) + " = newest known)\n";
  }

  LayerPlan Plan(const std::string& text, std::optional<int> layer = {}) {
    diagnostics_ = {};
    return PlanLayer(texts_, {"n.tl", text, layer}, diagnostics_);
  }
  std::string FaultsOf(const std::string& text, std::optional<int> layer = {}) {
    const LayerPlan plan = Plan(text, layer);
    EXPECT_FALSE(diagnostics_.empty() && !plan.known_already && plan.history.empty());
    return Printed(diagnostics_);
  }

  SchemaTexts texts_{
      "d",
      Header("10-20", "none", 20) + Row("holder", "x:Thing", "Holder", 10, 20) +
          Row("other", "", "Other", 10, 20) + Row("thing", "a:int", "Thing", 15, 20) +
          Row("thing0", "", "Thing", 10, 18) + Row("get", "", "Holder", 10, 20, "method"),
      Api(), "get\n", "Thing\tthing\tthing0\n"};
  Diagnostics diagnostics_;
};

std::string At(int layer, const std::string& api) {
  return "// LAYER " + std::to_string(layer) + api.substr(api.find('\n'));
}

std::string Without(std::string text, const std::string& part) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos);
  return text.erase(at, part.size());
}

TEST_F(SmallTest, RunsGoOnEndAndBeginBesideLayersWithoutData) {
  const std::string text = Without(At(23, Api()), Line("other", "", "Other")) +
                           Line("Zeta", "", "Holder") + Line("getAll", "flags:#", "Vector<Thing>");
  const LayerPlan plan = Plan(text);
  EXPECT_EQ(Printed(diagnostics_), "");
  EXPECT_EQ(plan.history,
            Header("10-20,23", "21,22", 23) + Row("holder", "x:Thing", "Holder", 10, 23) +
                Row("other", "", "Other", 10, 20, "constructor", "21") +
                Row("thing", "a:int", "Thing", 15, 23) + Row("thing0", "", "Thing", 10, 18) +
                Row("get", "", "Holder", 10, 23, "method") +
                Row("getAll", "flags:#", "Vector<Thing>", 23, 23, "method", "22") +
                Row("Zeta", "", "Holder", 23, 23, "method", "22"));
  EXPECT_EQ(plan.api, text);
  EXPECT_EQ(
      plan.report,
      "layer 20 -> layer 23: 2 added, 1 removed, 0 changed; on the server's surface: 0 added, 0 "
      "removed, 0 changed\n\nnew methods that the server doesn't answer: 2\n    getAll\n    "
      "Zeta\n\ntypes that need a fallback from now on: 0\n");
}

TEST_F(SmallTest, ReportTellsTheSurface) {
  texts_.fallbacks += "Part\tpart\n";
  const std::string text =
      Without(At(21, Api()), Line("get", "", "Holder")) + Line("get", "p:Part", "Holder");
  const std::string parts = Line("part", "", "Part") + Line("partNew", "a:int", "Part");
  const LayerPlan plan = Plan("// LAYER 21\n" + parts + text.substr(text.find('\n') + 1));
  EXPECT_EQ(
      plan.report,
      "layer 20 -> layer 21: 2 added, 0 removed, 1 changed; on the server's surface: 2 added, 0 "
      "removed, 1 changed\n\nconstructors\n+ * " +
          Line("part", "", "Part") + "+ * " + Line("partNew", "a:int", "Part") +
          "\nmethods\n~ * get\n      - " + Line("get", "", "Holder") + "      + " +
          Line("get", "p:Part", "Holder") +
          "\nnew methods that the server doesn't answer: 0\n"
          "\ntypes that need a fallback from now on: 0\n");
}

TEST_F(SmallTest, FallbackThatTheLayerMakesNecessaryIsAskedFor) {
  const std::string text = Line("otherNew", "", "Other") + Line("keeper", "o:Other", "Holder");
  const std::string api = At(21, Api());
  const std::string added = "// LAYER 21\n" + text + api.substr(api.find('\n') + 1);
  // `other` goes away at 21, so that a value of it can't be told there.
  const std::string gone = Without(added, Line("other", "", "Other"));
  const LayerPlan plan = Plan(gone);
  EXPECT_EQ(
      Printed(diagnostics_),
      "n.tl:3:17: keeper.o: at layer 21 a value may be missing, and no fallback is declared for "
      "Other; declare one in d/fallbacks.tsv: otherNew\n");
  EXPECT_NE(
      plan.report.find("types that need a fallback from now on: 1\n    Other, not declared yet\n"),
      std::string::npos)
      << plan.report;
  texts_.fallbacks += "Other\totherNew\tother\n";
  EXPECT_NE(Plan(gone).report.find("from now on: 1\n    Other\n"), std::string::npos);
  EXPECT_EQ(Printed(diagnostics_), "");
}

TEST_F(SmallTest, SameLayerAgainIsKnown) {
  const LayerPlan plan = Plan(Api());
  EXPECT_TRUE(plan.known_already);
  EXPECT_EQ(Printed(diagnostics_), "");
  EXPECT_EQ(
      FaultsOf(Api() + "// more\n"),
      "n.tl:1:1: layer 20 isn't newer than layer 20, the newest, and its text is another one\n");
}

TEST_F(SmallTest, LayerNumberIsSaidOnce) {
  const std::string bare = Api().substr(Api().find('\n') + 1);
  EXPECT_EQ(FaultsOf(bare),
            "n.tl:1:1: which layer is it? The first line isn't // LAYER N; say --layer N\n");
  EXPECT_EQ(Plan(bare, 21).api, At(21, Api()));
  EXPECT_EQ(FaultsOf(At(21, Api()), 22), "n.tl:1:1: the text is layer 21, not layer 22\n");
  EXPECT_EQ(FaultsOf(At(19, Api())), "n.tl:1:1: layer 19 isn't newer than layer 20, the newest\n");
  EXPECT_EQ(FaultsOf(At(500, Api())), "n.tl:1:1: layer 500 skips 479 layers; 50 are the most\n");
  EXPECT_EQ(FaultsOf(bare, 1000), "n.tl:1:1: a layer from 1 to 999 is expected\n");
  EXPECT_EQ(FaultsOf("// LAYER 21\n"), "n.tl:1:1: the schema is empty\n");
}

TEST_F(SmallTest, FaultsOfTheTextAreToldInIt) {
  EXPECT_EQ(FaultsOf(At(21, Api()) + "more#00000001 = Holder;\nless x:Nobody = Holder;\n"),
            "n.tl:7:1: more#00000001: the CRC32 of its line is " + IdOf("more", "", "Holder") +
                "\nn.tl:8:8: less: unknown type Nobody\n");
  EXPECT_EQ(FaultsOf(At(21, Api()) + "---types---\n" + Line("thing0", "", "Other")),
            "n.tl:8:1: thing0: a constructor can't change its type, Thing until now\n");
}

TEST_F(SmallTest, IdOfAnotherIsRefused) {
  // Two lines with one CRC32 are hard to find, so the table has a name that the line isn't made of.
  const std::string id = IdOf("fresh", "", "Other");
  texts_.history += "constructor\told\t" + id + "\t10\t12\t-\t\tOther\n";
  const std::string text = "// LAYER 21\n" + Line("fresh", "", "Other");
  EXPECT_NE(FaultsOf(text).find("n.tl:2:1: fresh: its id belongs to old of layer 10\n"),
            std::string::npos);
}

TEST_F(SmallTest, TreeThatDoesNotHoldTogetherIsNotAddedTo) {
  texts_.api = Without(Api(), Line("other", "", "Other"));
  EXPECT_EQ(FaultsOf(At(21, Api())),
            "d/history.tsv:5:19: other: the schema of layer 20 has no such line\n");
}

TEST_F(SmallTest, AdditionThatWasCutOffCanBeRepeated) {
  const std::string text = At(21, Api());
  const LayerPlan plan = Plan(text);
  texts_.api = plan.api;
  EXPECT_EQ(Plan(text).history, plan.history);
  EXPECT_EQ(Printed(diagnostics_), "");
}

}  // namespace
}  // namespace trunkline::tlc

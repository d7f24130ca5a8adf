// The code made for two schemas of about ten lines, kept in golden/, so that a change of the
// generator shows its effect in review. With TRUNKLINE_UPDATE_GOLDEN set in the environment the
// copies are renewed (and the test fails once).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/paths.h"
#include "tl/compiler/generate.h"

namespace trunkline::tlc {
namespace {

const std::string kFolder = std::string(TRUNKLINE_SOURCE_DIR) + "/tests/tl/golden/";

std::string Text(const std::string& name) {
  std::ifstream in(kFolder + name, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void ExpectGolden(const std::vector<Output>& outputs, std::size_t count) {
  EXPECT_EQ(outputs.size(), count);
  for (const Output& output : outputs) {
    const std::string name = output.name + ".txt";
    const std::string golden = Text(name);
    EXPECT_EQ(output.text, golden) << name;
    if (output.text == golden || std::getenv("TRUNKLINE_UPDATE_GOLDEN") == nullptr) continue;
    std::ofstream(kFolder + name, std::ios::binary | std::ios::trunc) << output.text;
  }
}

void ExpectNoFaults(const Diagnostics& diagnostics) {
  std::ostringstream out;
  diagnostics.Print(out);
  EXPECT_EQ(out.str(), "");
}

TEST(GoldenTest, SchemaOfOneLayer) {
  Diagnostics diagnostics;
  ExpectGolden(GenerateSingle("plain", Text("plain.tl"), "golden/plain.tl", diagnostics), 4);
  ExpectNoFaults(diagnostics);
}

TEST(GoldenTest, SchemaWithLayers) {
  Diagnostics diagnostics;
  const LayeredSource source{Text("layered.tsv"), Text("layered_surface.txt"),
                             Text("layered_fallbacks.tsv"), "golden", Profile::kServer};
  ExpectGolden(GenerateLayered("layered", source, 1, diagnostics), 7);
  ExpectNoFaults(diagnostics);
}

}  // namespace
}  // namespace trunkline::tlc

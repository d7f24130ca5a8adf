// The tests of the codec in this program are those of the server profile; here is what makes them
// tests of the whole schema.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/tl/rewritten.h"

namespace trunkline::peer {
namespace {

// schema/api.tl has 1,658 constructors with `vector`, which is built in, and 813 methods.
TEST(FullProfileTest, HasTheWholeNewestLayer) {
  std::size_t constructors = 0;
  std::size_t methods = 0;
  for (const Subject& subject : SubjectsOf(Schema::OfLayer(kNewestLayer))) {
    for (const Line* line : subject.lines) ++(line->method ? methods : constructors);
  }
  EXPECT_EQ(constructors, 1657u);
  EXPECT_EQ(methods, 813u);
}

TEST(FullProfileTest, HasEverythingThatAnyLayerHad) {
  const auto names = tl::api::RewriteNames();
  for (const int layer : kLayers) {
    for (const auto& [name, line] : Schema::OfLayer(layer).lines()) {
      const std::string& subject = line.method ? line.name : line.result;
      EXPECT_TRUE(std::binary_search(names.begin(), names.end(), subject)) << subject;
    }
  }
}

}  // namespace
}  // namespace trunkline::peer

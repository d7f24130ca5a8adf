// What the generated code writes for a layer is what that layer's own file says, field by field,
// for every constructor and call of the profile and each of the layers whose file is here.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <set>
#include <string>

#include "peer_compare.h"
#include "peer_maker.h"
#include "peer_reader.h"
#include "rewritten.h"

namespace trunkline::peer {
namespace {

constexpr std::uint32_t kLayerElements = 6;
constexpr int kFaultsMax = 10;
// With a sanitizer the trees take minutes, and two values of each find what it is there to find.
#ifdef __SANITIZE_ADDRESS__
constexpr Fill kFills[] = {Fill::kAll, Fill::kRandom};
#else
constexpr Fill kFills[] = {Fill::kNone, Fill::kAll,    Fill::kRandom,
                           Fill::kAll,  Fill::kRandom, Fill::kRandom};
#endif

class EveryLayerTest : public testing::Test {
 protected:
  // Makes values along the file of `made_at` and holds what is written at `layer` against its file.
  void Run(int made_at, int layer) {
    const Schema& from = Schema::OfLayer(made_at);
    Maker maker(from, static_cast<std::uint64_t>(layer));
    Tally tally;
    for (const Subject& subject : SubjectsOf(from)) {
      const Type element = TypeOf(subject.name);
      const bool there = !element.boxed() || !from.OfType(element.name).empty();
      if (subject.vector && there) {
        Check(from, layer, subject.name, maker.MakeVector(element, kLayerElements), tally);
      }
      for (const Line* line : subject.lines) {
        if (line->method && Schema::OfLayer(layer).Find(line->name) == nullptr) continue;
        for (const Fill fill : kFills) {
          Check(from, layer, subject.name, maker.Make(*line, fill), tally);
        }
        if (faults_ > kFaultsMax) return;
      }
    }
    ExpectAll(from, layer, tally);
    Add(tally);
  }

  void Check(const Schema& from, int layer, const std::string& what, const Bytes& bytes,
             Tally& tally) {
    const Schema& to = Schema::OfLayer(layer);
    std::string why;
    const auto before = Parse(from, what, bytes, why);
    ASSERT_TRUE(before) << what << ": " << why;
    ++values_;
    bytes_ += bytes.size();
    if (!rewriter_.Rewrite(what, bytes, layer)) {
      return Fault(what, layer, tl::WireErrorName(rewriter_.error()));
    }
    if (before->line != nullptr && !before->line->method && to.OfType(what).empty()) {
      if (!rewriter_.out().empty()) Fault(what, layer, "the layer has no such type");
      return;
    }
    const auto after = Parse(to, what, rewriter_.out(), why);
    if (!after) return Fault(what, layer, why);
    Comparer comparer(Schema::Newest(), to, ProjectFallbacks(), tally);
    if (!comparer.Compare(*before, *after, why)) Fault(what, layer, why);
  }

  // Nothing that both layers have was missed.
  void ExpectAll(const Schema& from, int layer, const Tally& tally) {
    for (const Subject& subject : SubjectsOf(Schema::OfLayer(layer))) {
      for (const Line* line : subject.lines) {
        const Line* const made = from.Find(line->name);
        if (made == nullptr || (!line->method && made->result != line->result)) continue;
        if (!tally.lines.contains(line)) Fault(line->name, layer, "never compared");
      }
    }
  }

  void Fault(const std::string& what, int layer, std::string_view why) {
    if (++faults_ <= kFaultsMax) ADD_FAILURE() << what << " at " << layer << ": " << why;
  }

  void Add(const Tally& tally) {
    pairs_ += tally.lines.size();
    sum_.equal_fields += tally.equal_fields;
    sum_.neutral_fields += tally.neutral_fields;
    sum_.fallbacks += tally.fallbacks;
    sum_.left_out += tally.left_out;
    sum_.absent += tally.absent;
  }

  void Print(const char* title) const {
    std::cout << title << ": " << values_ << " values of " << bytes_ / values_ << " bytes, "
              << pairs_ << " pairs of combinator and layer; fields: " << sum_.equal_fields
              << " equal, " << sum_.neutral_fields << " neutral, " << sum_.absent << " absent; "
              << sum_.left_out << " elements left out, " << sum_.fallbacks << " fallbacks\n";
  }

  Rewriter rewriter_;
  Tally sum_;
  std::uint64_t values_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t pairs_ = 0;
  int faults_ = 0;
};

TEST_F(EveryLayerTest, ValuesOfTheNewestLayerWrittenForEach) {
  for (const int layer : kLayers) Run(kNewestLayer, layer);
  Print("made at the newest layer");
  EXPECT_GE(pairs_, 20000u);
  EXPECT_GE(sum_.equal_fields, 100000u);
  EXPECT_GE(sum_.neutral_fields, 500u);
  EXPECT_GE(sum_.fallbacks, 1000u);
  EXPECT_GE(sum_.left_out, 500u);
  EXPECT_GE(sum_.absent, 200u);
}

TEST_F(EveryLayerTest, ValuesOfEachLayerWrittenForItself) {
  for (const int layer : kLayers) Run(layer, layer);
  Print("made at the layer itself");
  EXPECT_GE(pairs_, 20000u);
  EXPECT_EQ(sum_.fallbacks, 0u);
  EXPECT_EQ(sum_.left_out, 0u);
  EXPECT_EQ(sum_.absent, 0u);
}

// A client of one layer talks to a client of another, both ways.
TEST_F(EveryLayerTest, ValuesOfOneLayerWrittenForAnother) {
  for (std::size_t i = 0; i < kLayers.size(); ++i) {
    Run(kLayers[i], kLayers[(i + 7) % kLayers.size()]);
  }
  Print("made at one layer for another");
  EXPECT_GE(pairs_, 16000u);
}

}  // namespace
}  // namespace trunkline::peer

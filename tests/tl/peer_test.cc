// The independent reader, maker and comparer themselves: what they refuse, on a schema of a few
// lines, so that what they pass means something.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "peer_compare.h"
#include "peer_maker.h"
#include "peer_reader.h"
#include "peer_schema.h"

namespace trunkline::peer {
namespace {

using Bytes = std::vector<std::uint8_t>;

const char* const kOld =
    "// LAYER 1\n"
    "vector#1cb5c415 {t:Type} # [ t ] = Vector t;\n"
    "note#00000001 text:string = Note;\n"
    "noteEmpty#00000003 = Note;\n"
    "card#00000010 flags:# big:flags.0?true since:int note:Note notes:Vector<Note> "
    "best:flags.1?Note = Card;\n"
    "---functions---\n"
    "getCard#00000020 {X:Type} id:int query:!X = X;\n";
const char* const kNew =
    "note#00000001 text:string = Note;\n"
    "noteEmpty#00000003 = Note;\n"
    "noteLoud#00000002 text:string = Note;\n"
    "card#00000011 flags:# big:flags.0?true hue:flags.2?int note:Note notes:Vector<Note> "
    "best:flags.1?Note since:long = Card;\n";

void Word(Bytes& out, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(word >> 8 * i));
}

Bytes Words(const std::vector<std::uint32_t>& words) {
  Bytes out;
  for (const std::uint32_t word : words) Word(out, word);
  return out;
}

// Words of a text of up to three letters.
constexpr std::uint32_t Letter(char letter) {
  return 1u | static_cast<std::uint32_t>(letter) << 8;
}

std::string FaultOf(const std::string& what, const Bytes& bytes) {
  const Schema schema = Schema::OfText(kOld);
  std::string why;
  return Parse(schema, what, bytes, why) ? "" : why;
}

TEST(PeerTest, ReadsAWholeValue) {
  const Schema schema = Schema::OfText(kOld);
  const Bytes bytes =
      Words({0x10, 3, 7, 1, Letter('a'), kVector, 2, 3, 1, Letter('b'), 1, Letter('c')});
  std::string why;
  const auto tree = Parse(schema, "Card", bytes, why);
  ASSERT_TRUE(tree) << why;
  EXPECT_EQ(tree->line->name, "card");
  ASSERT_EQ(tree->items.size(), 6u);
  EXPECT_EQ(tree->items[1].number, 1u);
  EXPECT_EQ(tree->items[2].number, 7u);
  EXPECT_EQ(tree->items[3].items[0].text, "a");
  ASSERT_EQ(tree->items[4].items.size(), 2u);
  EXPECT_EQ(tree->items[4].items[0].line->name, "noteEmpty");
  EXPECT_EQ(tree->items[5].items[0].text, "c");
}

TEST(PeerTest, RefusesWhatNoServerMayWrite) {
  EXPECT_EQ(FaultOf("Note", Words({1, Letter('a')})), "");
  EXPECT_NE(FaultOf("Note", Words({1, Letter('a'), 0})), "");
  EXPECT_NE(FaultOf("Note", Words({1})), "");
  EXPECT_NE(FaultOf("Note", Words({2, Letter('a')})), "") << "an id of a newer layer";
  EXPECT_NE(FaultOf("Note", Words({1, Letter('a') | 0xff0000})), "") << "padding";
  EXPECT_NE(FaultOf("Note", Words({1, 254 | 1 << 8, 'a'})), "") << "a long length";
  EXPECT_NE(FaultOf("Note", Words({1, 255})), "");
  EXPECT_NE(FaultOf("Card", Words({0x10, 4, 7, 3, kVector, 0})), "") << "an unknown bit";
  EXPECT_NE(FaultOf("Card", Words({0x10, 0, 7, 0x10, kVector, 0})), "") << "another type";
  EXPECT_NE(FaultOf("Card", Words({0x10, 0, 7, 3, kVector, 99})), "") << "a count";
  EXPECT_NE(FaultOf("Card", Words({0x10, 0, 7, 3, 0, 0})), "") << "a bare vector";
  EXPECT_EQ(FaultOf("Card", Words({0x10, 0, 7, 3, kVector, 0})), "");
  EXPECT_EQ(FaultOf("getCard", Words({0x20, 1, 5, 6})), "");
  EXPECT_NE(FaultOf("getCard", Words({0x21, 1})), "");
  EXPECT_EQ(FaultOf("Vector<int>", Words({kVector, 2, 5, 6})), "");
  EXPECT_NE(FaultOf("Vector<int>", Words({kVector, 3, 5, 6})), "");
}

TEST(PeerTest, MakesWhatItReads) {
  const Schema schema = Schema::OfText(kNew);
  Maker maker(schema, 1);
  for (int i = 0; i < 200; ++i) {
    for (const Fill fill : {Fill::kNone, Fill::kAll, Fill::kRandom}) {
      const Bytes bytes = maker.Make(*schema.Find("card"), fill);
      std::string why;
      const auto tree = Parse(schema, "Card", bytes, why);
      ASSERT_TRUE(tree) << why;
      if (fill == Fill::kRandom) continue;
      EXPECT_EQ(tree->items[1].present, fill == Fill::kAll);
      EXPECT_EQ(tree->items[2].present, fill == Fill::kAll);
    }
  }
  EXPECT_EQ(maker.used().size(), 4u);
}

// Where the comparer looks away is where the history itself leaves no choice.
TEST(PeerTest, OneBitMovedUnderItsId) {
  std::map<std::pair<std::uint32_t, std::string>, std::pair<std::string, int>> places;
  std::set<std::pair<std::string, std::string>> moved;
  const auto rows = HistoryRows();
  EXPECT_GE(rows.size(), 3400u);
  for (const auto& [layer, line] : rows) {
    for (const Field& field : line.fields) {
      const std::pair place(field.word, field.bit);
      const auto [known, fresh] = places.emplace(std::pair(line.id, field.name), place);
      if (!fresh && known->second != place) moved.emplace(line.name, field.name);
    }
  }
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved.begin()->first, kMovedBit.first);
  EXPECT_EQ(moved.begin()->second, kMovedBit.second);
}

class PeerCompareTest : public testing::Test {
 protected:
  // The difference that is told for a card of the newer schema and one of the older.
  std::string Difference(const Bytes& before, const Bytes& after) {
    const auto was = Parse(new_, "Card", before, why_);
    EXPECT_TRUE(was) << why_;
    const auto is = Parse(old_, "Card", after, why_);
    EXPECT_TRUE(is) << why_;
    if (!was || !is) return "unreadable";
    return Comparer(new_, old_, fallbacks_, tally_).Compare(*was, *is, why_) ? "" : why_;
  }

  const Schema new_ = Schema::OfText(kNew);
  const Schema old_ = Schema::OfText(kOld);
  const Fallbacks fallbacks_ = {{"Note", "noteEmpty"}};
  Tally tally_;
  std::string why_;
};

TEST_F(PeerCompareTest, WhatTheOlderLayerKeeps) {
  const Bytes before = Words({0x11, 7, 5, 1, Letter('a'), kVector, 3, 3, 2, Letter('l'), 1,
                              Letter('b'), 1, Letter('c'), 9, 0});
  const std::vector<std::uint32_t> kept = {0x10, 3, 9, 1,           Letter('a'), kVector,
                                           2,    3, 1, Letter('b'), 1,           Letter('c')};
  EXPECT_EQ(Difference(before, Words(kept)), "");
  EXPECT_EQ(tally_.left_out, 1u);
  EXPECT_TRUE(tally_.lines.contains(old_.Find("card")));
  for (const std::size_t at : {2u, 4u, 9u, 11u}) {
    std::vector<std::uint32_t> other = kept;
    other[at] ^= 0x100;
    EXPECT_NE(Difference(before, Words(other)), "") << at;
  }
  std::vector<std::uint32_t> small = kept;
  small[1] = 2;
  EXPECT_NE(Difference(before, Words(small)), "") << "a bit is lost";
  EXPECT_NE(Difference(before, Words({0x10, 1, 9, 1, Letter('a'), kVector, 2, 3, 1, Letter('b')})),
            "")
      << "an optional field is lost";
  EXPECT_NE(Difference(before, Words({0x10, 3, 9, 1, Letter('a'), kVector, 1, 3, 1, Letter('c')})),
            "")
      << "an element is lost";
}

TEST_F(PeerCompareTest, WhatStandsInForTheUnknown) {
  const Bytes before = Words({0x11, 2, 2, Letter('l'), kVector, 0, 2, Letter('l'), 9, 0});
  EXPECT_EQ(Difference(before, Words({0x10, 0, 9, 3, kVector, 0})), "");
  EXPECT_EQ(tally_.fallbacks, 1u);
  EXPECT_EQ(tally_.absent, 1u);
  EXPECT_NE(Difference(before, Words({0x10, 0, 9, 1, Letter('l'), kVector, 0})), "");
  EXPECT_NE(Difference(before, Words({0x10, 2, 9, 3, kVector, 0, 3})), "");
}

}  // namespace
}  // namespace trunkline::peer

// The edges of Arena, Reader and Writer, byte by byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "tl/runtime/codec.h"

namespace tl {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string Text(std::string_view text) {
  return std::string(text);
}

template <class Fill>
Bytes Written(Fill fill) {
  SizeCounter counter;
  fill(counter);
  Bytes out(counter.bytes());
  Writer writer(out.data());
  fill(writer);
  EXPECT_EQ(writer.at(), out.data() + out.size());
  return out;
}

TEST(ArenaTest, KeepsItsBlocksOverReset) {
  Arena arena(64);
  EXPECT_EQ(arena.bytes_reserved(), 0u);
  for (int i = 0; i < 100; ++i) ASSERT_NE(arena.Allocate(24), nullptr);
  const std::size_t reserved = arena.bytes_reserved();
  arena.Reset();
  for (int i = 0; i < 100; ++i) ASSERT_NE(arena.Allocate(24), nullptr);
  EXPECT_EQ(arena.bytes_reserved(), reserved);
}

TEST(ArenaTest, AlignsForEightBytes) {
  Arena arena(64);
  for (std::size_t size = 1; size < 20; ++size) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.Allocate(size)) % 8, 0u) << size;
  }
}

TEST(ArenaTest, ValuesDoNotOverlap) {
  Arena arena(32);
  std::vector<std::span<std::uint64_t>> spans;
  for (std::size_t n = 1; n < 30; ++n) {
    spans.push_back(arena.NewArray<std::uint64_t>(n));
    ASSERT_EQ(spans.back().size(), n);
    for (std::uint64_t& value : spans.back()) {
      EXPECT_EQ(value, 0u);
      value = n;
    }
  }
  for (const auto& span : spans) {
    for (const std::uint64_t value : span) EXPECT_EQ(value, span.size());
  }
}

TEST(ArenaTest, FailsAtItsLimitAndServesOnAfterReset) {
  Arena arena(64, 256);
  EXPECT_EQ(arena.Allocate(257), nullptr);
  EXPECT_EQ(arena.Allocate(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_TRUE(arena.NewArray<std::uint64_t>(std::numeric_limits<std::size_t>::max() / 4).empty());
  int served = 0;
  while (arena.Allocate(16) != nullptr) ++served;
  EXPECT_GE(served, 8);
  EXPECT_LE(arena.bytes_reserved(), 256u);
  arena.Reset();
  EXPECT_NE(arena.Allocate(16), nullptr);
}

TEST(ArenaTest, CopiesText) {
  Arena arena;
  std::string text = "some text";
  const std::string_view copy = arena.CopyString(text);
  text.assign("other text");
  EXPECT_EQ(copy, "some text");
  EXPECT_TRUE(arena.CopyString("").empty());
}

TEST(ReaderTest, NumbersAreLittleEndian) {
  const Bytes bytes = {0x78, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff, 0xff, 1, 0, 0,    0,
                       0,    0,    0,    0x80, 0,    0,    0,    0,    0, 0, 0xf0, 0x3f};
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.PeekU32(), 0x12345678u);
  EXPECT_EQ(reader.U32(), 0x12345678u);
  EXPECT_EQ(reader.I32(), -1);
  EXPECT_EQ(reader.I64(), std::numeric_limits<std::int64_t>::min() + 1);
  EXPECT_EQ(reader.F64(), 1.0);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_TRUE(reader.ExpectEnd());
}

TEST(ReaderTest, AfterAFailureEverythingIsZero) {
  const Bytes bytes = {1, 2, 3, 4, 5, 6, 7};
  Arena arena;
  Reader reader(bytes, &arena);
  EXPECT_EQ(reader.I64(), 0);
  EXPECT_EQ(reader.error(), WireError::kTruncated);
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_EQ(reader.PeekU32(), 0u);
  EXPECT_TRUE(reader.Bytes().empty());
  EXPECT_TRUE(reader.Raw(1).empty());
  EXPECT_EQ(reader.Count(4), 0u);
  EXPECT_EQ(reader.BoxedCount(4), 0u);
  EXPECT_FALSE(reader.Bool());
  EXPECT_TRUE(ReadVector<std::int64_t>(reader).empty());
  EXPECT_TRUE(ReadVector<std::string_view>(reader).empty());
  EXPECT_EQ(reader.error(), WireError::kTruncated) << "the first error is kept";
}

TEST(ReaderTest, EmptyInput) {
  Reader reader({}, nullptr);
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.ExpectEnd());
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_EQ(reader.error(), WireError::kTruncated);
}

TEST(ReaderTest, BoolHasTwoIds) {
  const Bytes bytes = Written([](auto& sink) {
    sink.Bool(true);
    sink.Bool(false);
    sink.U32(1);
  });
  Reader reader(bytes, nullptr);
  EXPECT_TRUE(reader.Bool());
  EXPECT_FALSE(reader.Bool());
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.Bool());
  EXPECT_EQ(reader.error(), WireError::kBadBool);
}

TEST(ReaderTest, StringsOfEverySizeAroundTheForms) {
  for (const std::size_t size :
       {0u, 1u, 2u, 3u, 4u, 5u, 252u, 253u, 254u, 255u, 256u, 257u, 1000u, 70000u}) {
    std::string text(size, 'x');
    std::iota(text.begin(), text.end(), '\x01');
    const Bytes bytes = Written([&](auto& sink) { sink.Bytes(text); });
    EXPECT_EQ(bytes.size() % 4, 0u);
    EXPECT_EQ(bytes.size(), BytesSize(size));
    EXPECT_EQ(bytes[0], size < 254 ? size : 254) << size;
    Reader reader(bytes, nullptr);
    EXPECT_EQ(Text(reader.Bytes()), text);
    EXPECT_TRUE(reader.ExpectEnd());
    for (std::size_t cut = 0; cut < std::min<std::size_t>(bytes.size(), 300); ++cut) {
      Reader prefix(RawObject(bytes).first(cut), nullptr);
      EXPECT_TRUE(prefix.Bytes().empty());
      EXPECT_EQ(prefix.error(), WireError::kTruncated) << size << " cut at " << cut;
    }
  }
}

TEST(ReaderTest, StringPaddingIsZeroAndPartOfTheString) {
  const Bytes written = Written([](auto& sink) { sink.Bytes("ab"); });
  EXPECT_EQ(written, (Bytes{2, 'a', 'b', 0}));
  const Bytes unpadded = {2, 'a', 'b'};
  Reader reader(unpadded, nullptr);
  reader.Bytes();
  EXPECT_EQ(reader.error(), WireError::kTruncated);
}

TEST(ReaderTest, LongFormOfAShortStringIsTaken) {
  const Bytes bytes = {254, 1, 0, 0, 'a', 0, 0, 0};
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.Bytes(), "a");
  EXPECT_TRUE(reader.ExpectEnd());
}

TEST(ReaderTest, StringFormThatTlDoesNotHave) {
  const Bytes bytes = {255, 1, 0, 0, 0, 0, 0, 0, 'a', 0, 0, 0};
  Reader reader(bytes, nullptr);
  EXPECT_TRUE(reader.Bytes().empty());
  EXPECT_EQ(reader.error(), WireError::kTooLarge);
}

TEST(ReaderTest, CountsThatCannotBeTrue) {
  const auto bytes = [](std::uint32_t count, std::size_t elements) {
    return Written([&](auto& sink) {
      sink.U32(count);
      for (std::size_t i = 0; i < elements; ++i) sink.I64(0);
    });
  };
  Arena arena;
  const Bytes good = bytes(3, 3);
  EXPECT_EQ(Reader(good, &arena).Count(8), 3u);
  for (const std::uint32_t claim : {4u, 0x80000000u, 0xffffffffu}) {
    const Bytes bad = bytes(claim, 3);
    Reader reader(bad, &arena);
    EXPECT_EQ(reader.Count(8), 0u);
    EXPECT_EQ(reader.error(), WireError::kTooMany);
  }
  const Bytes many = bytes(11, 11);
  Reader limited(many, &arena, {.depth_max = 32, .vector_elements_max = 10});
  EXPECT_EQ(limited.Count(8), 0u);
  EXPECT_EQ(limited.error(), WireError::kTooMany);
}

TEST(ReaderTest, VectorsOfNumbersAndTexts) {
  const std::array<std::int64_t, 3> longs = {1, -2, std::numeric_limits<std::int64_t>::max()};
  const std::array<std::int32_t, 2> ints = {7, -8};
  const std::array<std::string_view, 3> texts = {"", "abc", "abcd"};
  Bytes bytes;
  AppendVector(bytes, longs, 229);
  AppendVector(bytes, ints, 229);
  AppendVector(bytes, texts, 229);
  EXPECT_EQ(bytes.size(),
            SizeOfVector(longs, 229) + SizeOfVector(ints, 229) + SizeOfVector(texts, 229));
  Arena arena;
  Reader reader(bytes, &arena);
  EXPECT_TRUE(std::ranges::equal(ReadVector<std::int64_t>(reader), longs));
  EXPECT_TRUE(std::ranges::equal(ReadVector<std::int32_t>(reader), ints));
  EXPECT_TRUE(std::ranges::equal(ReadVector<std::string_view>(reader), texts));
  EXPECT_TRUE(reader.ExpectEnd());
}

TEST(ReaderTest, VectorNeedsItsId) {
  const Bytes bytes = Written([](auto& sink) {
    sink.U32(kVectorId + 1);
    sink.U32(0);
  });
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.BoxedCount(4), 0u);
  EXPECT_EQ(reader.error(), WireError::kUnknownConstructor);
  EXPECT_EQ(reader.unknown_id(), kVectorId + 1);
}

TEST(ReaderTest, ArenaLimitFailsTheReader) {
  Arena arena(64, 128);
  const std::vector<std::int64_t> longs(100, 1);
  Bytes bytes;
  AppendVector(bytes, longs, 229);
  Reader reader(bytes, &arena);
  EXPECT_TRUE(ReadVector<std::int64_t>(reader).empty());
  EXPECT_EQ(reader.error(), WireError::kTooLarge);
}

TEST(ReaderTest, WithoutArenaVectorsFail) {
  const std::array<std::int64_t, 1> longs = {1};
  Bytes bytes;
  AppendVector(bytes, longs, 229);
  Reader reader(bytes, nullptr);
  EXPECT_TRUE(ReadVector<std::int64_t>(reader).empty());
  EXPECT_EQ(reader.error(), WireError::kTooLarge);
}

TEST(ReaderTest, RawAndRest) {
  const Bytes bytes = {1, 2, 3, 4, 5};
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.Raw(2).size(), 2u);
  EXPECT_EQ(reader.Rest().size(), 3u);
  EXPECT_FALSE(reader.AtEnd()) << "Rest does not read";
  EXPECT_EQ(reader.TakeRest().front(), 3);
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_TRUE(reader.ok());
  Reader negative(bytes, nullptr);
  EXPECT_TRUE(negative.RawOfLength(-1).empty());
  EXPECT_EQ(negative.error(), WireError::kTooLarge);
  Reader long_one(bytes, nullptr);
  EXPECT_TRUE(long_one.RawOfLength(6).empty());
  EXPECT_EQ(long_one.error(), WireError::kTruncated);
}

TEST(ReaderTest, TrailingBytesAreTold) {
  const Bytes bytes = {1, 0, 0, 0, 2};
  Reader reader(bytes, nullptr);
  reader.U32();
  EXPECT_FALSE(reader.ExpectEnd());
  EXPECT_EQ(reader.error(), WireError::kTrailing);
}

TEST(ReaderTest, DepthIsCountedBothWays) {
  const Bytes bytes = {1, 0, 0, 0};
  Reader reader(bytes, nullptr, {.depth_max = 2, .vector_elements_max = 10});
  for (int i = 0; i < 5; ++i) {
    const Reader::Nest one(reader);
    const Reader::Nest two(reader);
  }
  EXPECT_TRUE(reader.ok());
  const Reader::Nest one(reader);
  const Reader::Nest two(reader);
  const Reader::Nest three(reader);
  EXPECT_EQ(reader.error(), WireError::kTooDeep);
}

TEST(WriterTest, TextBeyondTlIsCut) {
  const std::string text(kStringBytesMax + 5, 'x');
  const Bytes bytes = Written([&](auto& sink) { sink.Bytes(text); });
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.Bytes().size(), kStringBytesMax);
  EXPECT_TRUE(reader.ExpectEnd());
}

TEST(WriterTest, EveryNumber) {
  Int128 a{};
  Int256 b{};
  a[15] = 1;
  b[31] = 2;
  const Bytes bytes = Written([&](auto& sink) {
    sink.I32(-2);
    sink.F64(0.5);
    sink.I128(a);
    sink.I256(b);
    sink.Raw(a);
  });
  EXPECT_EQ(bytes.size(), 4u + 8 + 16 + 32 + 16);
  Reader reader(bytes, nullptr);
  EXPECT_EQ(reader.I32(), -2);
  EXPECT_EQ(reader.F64(), 0.5);
  EXPECT_EQ(reader.I128(), a);
  EXPECT_EQ(reader.I256(), b);
  EXPECT_EQ(reader.I128(), a);
}

TEST(WireErrorTest, EveryErrorHasAName) {
  for (int i = 0; i <= static_cast<int>(WireError::kTrailing); ++i) {
    EXPECT_STRNE(WireErrorName(static_cast<WireError>(i)), "?");
  }
}

}  // namespace
}  // namespace tl

// Every constructor and call of the profile at the newest layer: comes back byte for byte; each
// strict prefix is refused; a changed byte is refused or read as something that can be written.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "peer_maker.h"
#include "peer_reader.h"
#include "rewritten.h"

namespace trunkline::peer {
namespace {

constexpr int kValuesEach = 20;
constexpr std::uint32_t kTripElements = 5;
// Values up to this size are cut at every byte, longer ones at about as many places.
constexpr std::size_t kCutsMax = 512;
// Values for damage stay small, since each of their bytes is changed in some ways.
constexpr int kSmall = 6;

const Schema& Newest() {
  return Schema::OfLayer(kNewestLayer);
}

Fill FillOf(int round) {
  constexpr Fill kFirst[] = {Fill::kNone, Fill::kAll};
  return round < 2 ? kFirst[round] : Fill::kRandom;
}

// `!X` takes whatever is left, so a call that ends in it can be cut there.
std::size_t BytesThatMatter(const Line& line, std::size_t size) {
  const bool open = !line.fields.empty() && line.fields.back().type.kind == Kind::kRest;
  return open ? size - 4 : size;
}

class RoundTripTest : public testing::Test {
 protected:
  Rewriter rewriter_;
};

TEST_F(RoundTripTest, EveryValueComesBackExactly) {
  Maker maker(Newest(), 1);
  std::size_t lines = 0;
  for (const Subject& subject : SubjectsOf(Newest())) {
    for (int round = 0; round < kValuesEach; ++round) {
      if (subject.vector) {
        const Bytes bytes = maker.MakeVector(TypeOf(subject.name), kTripElements);
        ASSERT_TRUE(rewriter_.Rewrite(subject.name, bytes, kNewestLayer)) << subject.name;
        ASSERT_EQ(rewriter_.out(), bytes) << subject.name;
      }
      for (const Line* line : subject.lines) {
        const Bytes bytes = maker.Make(*line, FillOf(round));
        ASSERT_TRUE(rewriter_.Rewrite(subject.name, bytes, kNewestLayer))
            << line->name << ": " << tl::WireErrorName(rewriter_.error());
        ASSERT_EQ(rewriter_.out(), bytes) << line->name;
      }
    }
    lines += subject.lines.size();
  }
  std::cout << lines << " constructors and calls, " << kValuesEach << " values each\n";
  EXPECT_GE(lines, 1100u);
  EXPECT_EQ(maker.used().size(), lines);
}

TEST_F(RoundTripTest, EveryStrictPrefixIsRefused) {
  Maker maker(Newest(), 2);
  std::size_t cuts = 0;
  for (const Subject& subject : SubjectsOf(Newest())) {
    for (const Line* line : subject.lines) {
      for (int round = 0; round < 3; ++round) {
        const Bytes bytes = maker.Make(*line, FillOf(round));
        const std::size_t end = BytesThatMatter(*line, bytes.size());
        const std::size_t step = 1 + end / kCutsMax;
        for (std::size_t cut = (end - 1) % step; cut < end; cut += step) {
          const std::span<const std::uint8_t> prefix(bytes.data(), cut);
          ASSERT_FALSE(rewriter_.Rewrite(subject.name, prefix, kNewestLayer))
              << line->name << ": " << cut << " of " << bytes.size();
          ASSERT_NE(rewriter_.error(), tl::WireError::kNone);
          ++cuts;
        }
      }
    }
  }
  EXPECT_GE(cuts, 100000u);
}

TEST_F(RoundTripTest, AChangedByteIsRefusedOrReadable) {
  Maker maker(Newest(), 3, kSmall);
  std::mt19937 random(3);
  std::size_t refused = 0;
  std::size_t read = 0;
  const auto change = [&](const Subject& subject, Bytes& bytes, std::size_t at, unsigned by) {
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ by);
    if (!rewriter_.Rewrite(subject.name, bytes, kNewestLayer)) {
      ++refused;
    } else {
      ++read;
      std::string why;
      EXPECT_TRUE(Parse(Newest(), subject.name, rewriter_.out(), why)) << subject.name << why;
    }
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ by);
  };
  for (const Subject& subject : SubjectsOf(Newest())) {
    for (const Line* line : subject.lines) {
      Bytes bytes = maker.Make(*line, Fill::kAll);
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const unsigned by : {1u, 0x80u, 1 + static_cast<unsigned>(random() % 255)})
          change(subject, bytes, at, by);
      }
    }
  }
  std::cout << refused << " changes refused, " << read << " read\n";
  EXPECT_GE(refused, 50000u);
  EXPECT_GE(read, 50000u);
}

// Every value of every byte: some minutes under the sanitizers, so only when asked for.
TEST_F(RoundTripTest, AnyByteChangedAnyWayIsRefusedOrReadable) {
  if (std::getenv("TRUNKLINE_EVERY_BYTE") == nullptr) return;
  Maker maker(Newest(), 4, kSmall);
  std::size_t refused = 0;
  std::size_t read = 0;
  for (const Subject& subject : SubjectsOf(Newest())) {
    for (const Line* line : subject.lines) {
      Bytes bytes = maker.Make(*line, Fill::kAll);
      for (std::uint8_t& byte : bytes) {
        const std::uint8_t kept = byte;
        for (unsigned by = 1; by <= 0xff; ++by) {
          byte = static_cast<std::uint8_t>(kept ^ by);
          const bool good = rewriter_.Rewrite(subject.name, bytes, kNewestLayer);
          ASSERT_EQ(good, rewriter_.error() == tl::WireError::kNone);
          ++(good ? read : refused);
        }
        byte = kept;
      }
    }
  }
  std::cout << refused << " changes refused, " << read << " read\n";
  EXPECT_GE(refused + read, 10'000'000u);
}

}  // namespace
}  // namespace trunkline::peer

// The generated codec against the table of history: everything a client of any layer can send is
// read, and everything written for a layer is what a client of that layer can read.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/paths.h"
#include "tl/api_types.h"
#include "tl/compiler/profile.h"
#include "tl/mt_types.h"
#include "wire_table.h"

namespace tl {
namespace {

using trunkline::tlc::Combinator;
using trunkline::tlc::CombinatorKind;
using trunkline::tlc::Definition;
using trunkline::tlc::WireTable;
using Bytes = std::vector<std::uint8_t>;

constexpr int kCodecDepth = 12;
constexpr Limits kLimits{.depth_max = 64, .vector_elements_max = 65536};

std::vector<std::string> SurfaceMethods() {
  std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + "/tl/schema/surface.txt");
  std::vector<std::string> methods;
  for (const auto& name : trunkline::tlc::ReadSurface(in, "surface.txt")) {
    if (WireTable::Project().history().Find(CombinatorKind::kMethod, name.name))
      methods.push_back(name.name);
  }
  return methods;
}

class UpdatesAtLayerTest : public testing::TestWithParam<int> {};

// Read at one layer, written for another: always something that the other can read.
TEST_P(UpdatesAtLayerTest, WrittenForEveryLayer) {
  const int layer = GetParam();
  WireTable table = WireTable::Project();
  Arena arena;
  for (int i = 0; i < 120; ++i) {
    Bytes bytes;
    table.MakeType("Updates", layer, kCodecDepth, bytes);
    std::string why;
    ASSERT_TRUE(table.Accepts("Updates", layer, bytes, &why)) << why;
    arena.Reset();
    Reader reader(bytes, &arena, kLimits);
    const auto updates = Read<api::AnyUpdates>(reader);
    ASSERT_TRUE(reader.ExpectEnd())
        << WireErrorName(reader.error()) << ' ' << std::hex << reader.unknown_id() << ' '
        << api::NameOf(reader.unknown_id());
    for (const int other : {133, 141, 148, 160, 177, 198, 202, 216, 228, 229, layer}) {
      Bytes written;
      AppendTo(written, updates, other);
      ASSERT_TRUE(table.Accepts("Updates", other, written, &why))
          << layer << " for " << other << ": " << why;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, UpdatesAtLayerTest,
                         testing::Values(133, 135, 140, 142, 144, 148, 152, 156, 160, 163, 166, 174,
                                         177, 181, 190, 195, 196, 198, 201, 204, 210, 214, 216, 223,
                                         227, 229));

// At the newest layer nothing is dropped: bytes come back as they were.
TEST(CodecTest, NewestLayerComesBackExactly) {
  WireTable table = WireTable::Project();
  Arena arena;
  for (int i = 0; i < 12000; ++i) {
    Bytes bytes;
    table.MakeType("Updates", api::kLayerMax, kCodecDepth, bytes);
    arena.Reset();
    Reader reader(bytes, &arena, kLimits);
    const auto updates = Read<api::AnyUpdates>(reader);
    ASSERT_TRUE(reader.ExpectEnd());
    Bytes written;
    AppendTo(written, updates, api::kLayerMax);
    ASSERT_EQ(written, bytes);
  }
  EXPECT_GE(table.used(), 800u) << "of the 828 constructors that Updates leads to";
}

// All ids that a method of the surface ever had, with values of every layer it had them at.
TEST(CodecTest, EveryMethodOfTheSurfaceAtEveryRun) {
  WireTable table = WireTable::Project();
  Arena arena;
  std::set<std::uint32_t> ids;
  for (const std::string& name : SurfaceMethods()) {
    for (const auto& run : table.history().Find(CombinatorKind::kMethod, name)->runs) {
      for (const int layer : {run.first, run.last}) {
        Bytes bytes;
        table.MakeCall(run.combinator, layer, kCodecDepth, bytes);
        arena.Reset();
        Reader reader(bytes, &arena, kLimits);
        api::AnyMethod method;
        ASSERT_TRUE(api::ReadMethod(reader, method)) << name << ' ' << layer;
        EXPECT_TRUE(reader.AtEnd()) << name << ' ' << layer;
        EXPECT_EQ(method.wire_id(), run.combinator.id);
        EXPECT_EQ(api::NameOf(method.id()), name);
        EXPECT_EQ(api::NameOf(method.wire_id()), name);
        EXPECT_TRUE(api::IsMethod(method.wire_id()));
        ids.insert(method.wire_id());
      }
    }
  }
  EXPECT_GE(ids.size(), 133u);
}

TEST(CodecTest, MethodsOutsideTheSurfaceAreKnownByName) {
  std::size_t others = 0;
  for (const Definition& definition : WireTable::Project().history().definitions) {
    const std::uint32_t id = definition.newest().id;
    EXPECT_EQ(api::NameOf(id), definition.name);
    EXPECT_EQ(api::IsMethod(id), definition.kind == CombinatorKind::kMethod);
    if (definition.kind != CombinatorKind::kMethod) continue;
    Bytes bytes(64);
    std::memcpy(bytes.data(), &id, sizeof(id));
    Arena arena;
    Reader reader(bytes, &arena);
    api::AnyMethod method;
    if (api::ReadMethod(reader, method) || reader.unknown_id() != id) continue;
    EXPECT_EQ(reader.error(), WireError::kUnknownConstructor);
    ++others;
  }
  EXPECT_GT(others, 600u);
  EXPECT_EQ(api::NameOf(0x12345678), "");
  EXPECT_FALSE(api::IsMethod(0x12345678));
}

TEST(CodecTest, EveryStrictPrefixIsRefused) {
  WireTable table = WireTable::Project();
  Arena arena;
  for (const int layer : {133, 198, 229}) {
    for (int i = 0; i < 40; ++i) {
      Bytes bytes;
      table.MakeType("Updates", layer, kCodecDepth, bytes);
      const std::size_t step = 1 + bytes.size() / 400;
      for (std::size_t cut = 0; cut < bytes.size(); cut += step) {
        arena.Reset();
        Reader reader(RawObject(bytes).first(cut), &arena, kLimits);
        Read<api::AnyUpdates>(reader);
        ASSERT_FALSE(reader.ExpectEnd()) << cut << " of " << bytes.size();
      }
    }
  }
}

TEST(CodecTest, RandomAndDamagedBytesOnlyFail) {
  WireTable table = WireTable::Project();
  std::mt19937_64& random = table.random();
  Arena arena;
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    Bytes bytes;
    table.MakeType("Updates", i % 2 == 0 ? 198 : 229, kCodecDepth, bytes);
    for (int n = 0; n < 3; ++n)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    arena.Reset();
    Reader reader(bytes, &arena);
    const auto updates = Read<api::AnyUpdates>(reader);
    if (!reader.ExpectEnd()) {
      ++refused;
      continue;
    }
    Bytes written;
    AppendTo(written, updates, 198);
  }
  EXPECT_GT(refused, 1000);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes(random() % 64);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    arena.Reset();
    Reader reader(bytes, &arena);
    api::AnyMethod method;
    api::ReadMethod(reader, method);
    Reader service(bytes, &arena);
    mt::AnyObject object;
    mt::ReadObject(service, object);
  }
}

TEST(CodecTest, NestingHasALimit) {
  // inputPeerUserFromMessage#a87b0a1c peer:InputPeer msg_id:int user_id:long: a peer within a peer.
  const auto nested = [](std::size_t levels) {
    Bytes bytes;
    const auto word = [&](std::uint32_t value) {
      for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    };
    for (std::size_t i = 1; i < levels; ++i) word(0xa87b0a1c);
    word(0x7da07ec9);  // inputPeerSelf
    for (std::size_t i = 1; i < levels; ++i) {
      for (int n = 0; n < 3; ++n) word(1);
    }
    return bytes;
  };
  Arena arena;
  const Bytes deepest = nested(Limits{}.depth_max);
  Reader good(deepest, &arena);
  Read<api::AnyInputPeer>(good);
  EXPECT_TRUE(good.ExpectEnd());
  for (const std::size_t levels : {Limits{}.depth_max + 1, 100000u}) {
    const Bytes deeper = nested(levels);
    Reader bad(deeper, &arena);
    Read<api::AnyInputPeer>(bad);
    EXPECT_EQ(bad.error(), WireError::kTooDeep);
  }
}

TEST(CodecTest, UnknownConstructorIsTold) {
  Bytes bytes = {0x78, 0x56, 0x34, 0x12};
  Arena arena;
  Reader reader(bytes, &arena);
  EXPECT_FALSE(Read<api::AnyUser>(reader));
  EXPECT_EQ(reader.error(), WireError::kUnknownConstructor);
  EXPECT_EQ(reader.unknown_id(), 0x12345678u);
}

}  // namespace
}  // namespace tl

#include "server/book/protocol.h"

#include <gtest/gtest.h>

#include "common/entropy.h"
#include "server/book/state.h"

namespace trunkline::book {
namespace {

Protocol With(std::vector<std::string> versions) {
  return {true, true, 65, 92, std::move(versions)};
}
std::string Merged(std::vector<std::string> a, std::vector<std::string> b, bool below_10 = true) {
  const auto merged = MergeProtocols(With(std::move(a)), With(std::move(b)), below_10);
  return merged ? merged->library_versions.at(0) : "none";
}

TEST(ProtocolVersions, CompareByNumber) {
  EXPECT_TRUE(VersionLess("9.0.0", "10.0.0"));
  EXPECT_FALSE(VersionLess("10.0.0", "9.0.0"));
  EXPECT_TRUE(VersionLess("2.4.4", "2.7.7"));
  EXPECT_TRUE(VersionLess("1", "1.0"));
  EXPECT_FALSE(VersionLess("1.0", "1.0"));
  EXPECT_FALSE(VersionLess("1.01", "1.1"));
  EXPECT_TRUE(VersionLess("5", "99999999999999999999999"));
}

TEST(ProtocolVersions, NewestCommonBelowTen) {
  EXPECT_EQ(Merged({"2.4.4", "9.0.0", "11.0.0"}, {"11.0.0", "9.0.0", "2.4.4"}), "9.0.0");
  EXPECT_EQ(Merged({"2.4.4", "9.0.0", "11.0.0"}, {"11.0.0", "9.0.0", "2.4.4"}, false), "11.0.0");
  EXPECT_EQ(Merged({"10.0.0", "11.0.0"}, {"11.0.0", "10.0.0"}), "11.0.0");
  EXPECT_EQ(Merged({}, {"5.0.0"}), "5.0.0");
  EXPECT_EQ(Merged({"5.0.0", "7.0.0"}, {}), "7.0.0");
  EXPECT_EQ(Merged({}, {}), "2.4.4");
  EXPECT_EQ(Merged({"5.0.0"}, {"7.0.0"}), "none");
}

TEST(ProtocolMerge, LayersAndFlags) {
  Protocol a = With({"5.0.0"}), b = a;
  a.min_layer = 70;
  b.max_layer = 80;
  b.udp_p2p = false;
  const Protocol merged = *MergeProtocols(a, b, true);
  EXPECT_EQ(merged.min_layer, 70);
  EXPECT_EQ(merged.max_layer, 80);
  EXPECT_FALSE(merged.udp_p2p);
  EXPECT_TRUE(merged.udp_reflector);
  a.udp_reflector = false;
  EXPECT_TRUE(MergeProtocols(a, b, true)->udp_reflector);  // neither: the relay is always there
  b.max_layer = 69;
  EXPECT_FALSE(MergeProtocols(a, b, true));
}

TEST(ProtocolCheck, Bounds) {
  EXPECT_EQ(CheckProtocol(With({"5.0.0"})), Refusal::kNone);
  EXPECT_EQ(CheckProtocol(With({})), Refusal::kNone);
  EXPECT_EQ(CheckProtocol(With({""})), Refusal::kCallProtocolLayerInvalid);
  EXPECT_EQ(CheckProtocol(With(std::vector<std::string>(65, "1"))),
            Refusal::kCallProtocolLayerInvalid);
  Protocol reversed = With({});
  reversed.min_layer = 92;
  reversed.max_layer = 65;
  EXPECT_EQ(CheckProtocol(reversed), Refusal::kCallProtocolLayerInvalid);
}

// FNV-1a, 64 bits, of the digits.
TEST(PhoneStream, KnownHashes) {
  EXPECT_EQ(static_cast<std::uint64_t>(PhoneStream("")), 0xcbf29ce484222325u);
  EXPECT_EQ(static_cast<std::uint64_t>(PhoneStream("a")), 0xaf63dc4c8601ec8cu);
  EXPECT_NE(PhoneKeyOf("0123456"), PhoneKeyOf("123456"));
}

}  // namespace
}  // namespace trunkline::book

#include "server/relays/relay_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/check.h"
#include "tests/support/temp_dir.h"

namespace trunkline::relays {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint32_t kRelay = 7;
const WallTime kNow = FromUnixSeconds(1'700'000'000);

class RelayStateTest : public testing::Test {
 protected:
  RelayState Load() {
    auto state = RelayState::Load(dir_.path(), AsBytes(kSecret));
    CHECK(state.ok());
    return *std::move(state);
  }
  static std::vector<int> IdsOf(const TagKeys& keys) {
    std::vector<int> ids;
    for (const auto& [id, key] : keys) ids.push_back(id);
    return ids;
  }

  static constexpr std::string_view kSecret = "a secret of relays";
  const TempDir dir_;
  SeededEntropy entropy_{1};
};

TEST_F(RelayStateTest, TheFirstKeyIsThatOfARelayWithoutAServer) {
  const TagKeys keys = Load().KeysOf(kRelay);
  ASSERT_THAT(IdsOf(keys), ElementsAre(0));
  EXPECT_EQ(keys[0].second, relay::DeriveTagKey(AsBytes(kSecret), kRelay, 0));
}

TEST_F(RelayStateTest, WhatWasDecidedIsThereAgain) {
  RelayState state = Load();
  ASSERT_TRUE(state.SetDrained(3, true).ok());
  ASSERT_TRUE(state.SetDrained(4, true).ok());
  ASSERT_TRUE(state.SetDrained(3, false).ok());
  ASSERT_TRUE(state.Rotate(kNow, entropy_).ok());
  const RelayState again = Load();
  EXPECT_THAT(again.drained(), ElementsAre(4));
  EXPECT_EQ(again.current(), 1);
  const TagKeys before = state.KeysOf(kRelay), after = again.KeysOf(kRelay);
  ASSERT_THAT(IdsOf(after), ElementsAre(0, 1));
  EXPECT_EQ(before[1].second, after[1].second);
  EXPECT_NE(after[0].second, after[1].second);
  EXPECT_NE(again.KeysOf(kRelay + 1)[1].second, after[1].second);
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "relays.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

// A key id comes again only when no live tag can have the key that had it.
TEST_F(RelayStateTest, KeyIdsAreNotReusedTooSoon) {
  RelayState state = Load();
  for (int i = 1; i <= 7; ++i) {
    ASSERT_TRUE(state.Rotate(kNow + std::chrono::minutes(i), entropy_).ok());
    EXPECT_EQ(state.current(), i);
  }
  // Key id 0 was minted with until a moment ago.
  const absl::Status refused = state.Rotate(kNow + std::chrono::hours(2), entropy_);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("key id 0 may still be in tags"));
  EXPECT_EQ(state.current(), 7);
  ASSERT_TRUE(state.Rotate(kNow + std::chrono::hours(26), entropy_).ok());
  EXPECT_EQ(state.current(), 0);
  EXPECT_EQ(IdsOf(state.KeysOf(kRelay)).size(), 8u);
  EXPECT_NE(state.KeysOf(kRelay).back().second, relay::DeriveTagKey(AsBytes(kSecret), kRelay, 0));
}

TEST_F(RelayStateTest, WhatCannotBeWrittenDidNotHappen) {
  RelayState state = Load();
  ASSERT_EQ(mkdir((dir_ / "relays.json.new").c_str(), 0700), 0);
  EXPECT_FALSE(state.SetDrained(3, true).ok());
  EXPECT_FALSE(state.Rotate(kNow, entropy_).ok());
  EXPECT_TRUE(state.drained().empty());
  EXPECT_EQ(state.current(), 0);
}

TEST_F(RelayStateTest, ForeignFilesAreRefused) {
  for (
      const char* text :
      {"", "{", "[]", "{}", R"({"drained":[],"tag_secrets":3})",
       R"({"drained":["1"],"tag_secrets":[]})",
       R"({"drained":[],"tag_secrets":[{"key_id":8,"secret":"00"}]})",
       R"({"drained":[],"tag_secrets":[{"key_id":1,"secret":"0g"}]})",
       R"({"drained":[],"tag_secrets":[{"key_id":1,"secret":)"
       R"("0g00000000000000000000000000000000000000000000000000000000000000"}]})",
       R"({"drained":[],"tag_secrets":[{"key_id":1,"secret":)"
       R"("0000000000000000000000000000000000000000000000000000000000000000"},{"key_id":1,"secret":)"
       R"("0000000000000000000000000000000000000000000000000000000000000000"}]})"}) {
    dir_.Write("relays.json", text);
    const auto state = RelayState::Load(dir_.path(), AsBytes(kSecret));
    ASSERT_FALSE(state.ok()) << text;
    EXPECT_THAT(std::string(state.status().message()), HasSubstr("relays.json: isn't a file of"));
  }
}

}  // namespace
}  // namespace trunkline::relays

// Ids, results, secrets and times: the small words that every folder shares.
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <unordered_set>

#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"
#include "common/time.h"

namespace trunkline {
namespace {

static_assert(!std::is_convertible_v<std::int64_t, UserId>);
static_assert(!std::is_convertible_v<UserId, CallId>);
static_assert(!std::is_constructible_v<CallId, UserId>);
static_assert(std::is_same_v<DeviceId, AuthKeyId>);

TEST(IdTest, OrderHashAndTruth) {
  EXPECT_LT(UserId(1), UserId(2));
  EXPECT_EQ(UserId(2), UserId(2));
  EXPECT_FALSE(UserId());
  EXPECT_TRUE(UserId(-1));
  // Ids that differ in their high bits only don't share their low hash bits.
  std::unordered_set<std::size_t> low;
  for (std::int64_t i = 0; i < 64; ++i) low.insert(std::hash<UserId>()(UserId(i << 40)) % 1024);
  EXPECT_GT(low.size(), 48u);
}

enum class Refusal { kBusy };

TEST(ResultTest, ValueOrError) {
  Result<std::string, Refusal> good(std::string("yes"));
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, "yes");
  EXPECT_EQ(good->size(), 3u);
  const Result<std::string, Refusal> bad = Unexpected{Refusal::kBusy};
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), Refusal::kBusy);
}

TEST(ResultDeathTest, TheOtherSideIsOurMistake) {
  const Result<int, Refusal> bad = Unexpected{Refusal::kBusy};
  EXPECT_DEATH((void)bad.value(), "CHECK failed");
  const Result<int, Refusal> good = 1;
  EXPECT_DEATH((void)good.error(), "CHECK failed");
}

TEST(SecretTest, ComparesWholeAndWipes) {
  const std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
  SecretBytes<4> a{bytes};
  SecretBytes<4> b = a;
  EXPECT_TRUE(a == b);
  for (std::size_t i = 0; i < 4; ++i) {
    b = a;
    b.mutable_view()[i] ^= 0x80;
    EXPECT_FALSE(a == b) << i;
  }
  EXPECT_FALSE(SecretEquals(a.view(), a.view().first(3)));
  EXPECT_TRUE(SecretEquals({}, {}));

  Bytes memory(4, 9);
  Wipe(memory.data(), memory.size());
  EXPECT_EQ(memory, Bytes(4, 0));
}

TEST(TimeTest, SecondsMillisAndBack) {
  const WallTime t = FromUnixMillis(1'700'000'000'123);
  EXPECT_EQ(UnixSeconds(t), 1'700'000'000);
  EXPECT_EQ(UnixDate(t), 1'700'000'000);
  EXPECT_EQ(UnixMillis(t), 1'700'000'000'123);
  EXPECT_EQ(FromUnixSeconds(5), FromUnixMillis(5000));
}

}  // namespace
}  // namespace trunkline

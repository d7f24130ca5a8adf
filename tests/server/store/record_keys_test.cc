// Keys of personal fields: made when needed, destroyed for good, whatever the disk does.
#include "server/store/record_keys.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "server/records/oid.h"
#include "tests/server/store/power_disk.h"

namespace trunkline::store {
namespace {

constexpr char kFile[] = "/power/record.keys";
constexpr char kPlace[] = "table.column";

ByteView Row() {
  return AsBytes("row");
}

class RecordKeysTest : public testing::Test {
 protected:
  std::shared_ptr<RecordKeys> MustOpen() {
    auto keys = RecordKeys::Open(kFile, disk_.vfs(), true, &entropy_);
    EXPECT_TRUE(keys.ok()) << keys.status();
    if (!keys.ok()) return nullptr;
    disk_.SyncNames();
    return *std::move(keys);
  }
  static records::Oid Owner(int number) {
    return records::Oid(1, static_cast<std::uint64_t>(number));
  }
  static Bytes Seal(RecordKeys& keys, const records::Oid& owner, std::string_view text) {
    Bytes sealed;
    EXPECT_EQ(keys.Seal(owner.bytes(), kPlace, Row(), text, sealed), SQLITE_OK);
    return sealed;
  }
  static std::string Open(const RecordKeys& keys, const Bytes& sealed) {
    return keys.Open(kPlace, Row(), sealed).value_or("shut");
  }

  PowerDisk disk_{1};
  SeededEntropy entropy_{3};
};

// P-42: what was sealed is opened in its place alone, and has nothing of the text in it.
TEST_F(RecordKeysTest, OpensWhereItWasSealed) {
  const auto keys = MustOpen();
  const Bytes sealed = Seal(*keys, Owner(1), "a secret");
  EXPECT_EQ(Open(*keys, sealed), "a secret");
  EXPECT_EQ(AsText(sealed).find("secret"), std::string_view::npos);
  EXPECT_NE(Seal(*keys, Owner(1), "a secret"), sealed);
  EXPECT_FALSE(keys->Open("table.other", Row(), sealed));
  EXPECT_FALSE(keys->Open(kPlace, AsBytes("another"), sealed));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= 1;
    EXPECT_FALSE(keys->Open(kPlace, Row(), changed)) << at;
    EXPECT_EQ(keys->Open(kPlace, Row(), ByteView(sealed).first(at)).has_value(), at == 0);
  }
  EXPECT_EQ(keys->size(), 1u);
  // Nothing said costs no key.
  EXPECT_TRUE(Seal(*keys, Owner(2), "").empty());
  EXPECT_EQ(keys->size(), 1u);
}

TEST_F(RecordKeysTest, NumbersAreFoundByOrganization) {
  auto keys = MustOpen();
  const auto index = keys->Blind(1, "+15125551234");
  EXPECT_EQ(keys->Blind(1, "+15125551234"), index);
  EXPECT_NE(keys->Blind(2, "+15125551234"), index);
  EXPECT_NE(keys->Blind(1, "+15125551235"), index);
  keys.reset();
  EXPECT_EQ(MustOpen()->Blind(1, "+15125551234"), index);
}

TEST_F(RecordKeysTest, ManyKeysComeBackAndPlacesAreUsedAgain) {
  auto keys = MustOpen();
  std::vector<Bytes> sealed;
  for (int i = 0; i < 3'000; ++i) sealed.push_back(Seal(*keys, Owner(i), absl::StrCat(i)));
  std::vector<KeyOwner> even;
  for (int i = 0; i < 3'000; i += 2) even.emplace_back(Owner(i).bytes());
  ASSERT_TRUE(keys->Destroy(even).ok());
  ASSERT_TRUE(keys->Destroy(even).ok());
  keys.reset();
  keys = MustOpen();
  EXPECT_EQ(keys->size(), 1'500u);
  for (int i = 0; i < 3'000; ++i) {
    EXPECT_EQ(Open(*keys, sealed[static_cast<std::size_t>(i)]),
              i % 2 == 0 ? "shut" : absl::StrCat(i));
  }
  // The owner's next key is another one.
  const Bytes again = Seal(*keys, Owner(0), "again");
  EXPECT_EQ(Open(*keys, again), "again");
  EXPECT_EQ(Open(*keys, sealed[0]), "shut");
}

TEST_F(RecordKeysTest, NeighboursGoTogetherAndNobodyBetween) {
  auto keys = MustOpen();
  std::vector<Bytes> sealed;
  for (int i = 0; i < 300; ++i) sealed.push_back(Seal(*keys, Owner(i), absl::StrCat(i)));
  const auto goes = [](int i) { return (i >= 10 && i < 170) || i == 180 || i == 182 || i == 299; };
  std::vector<KeyOwner> owners = {KeyOwner(Owner(1'000).bytes())};
  for (int i = 299; i >= 0; --i) {
    if (goes(i)) owners.emplace_back(Owner(i).bytes());
  }
  owners.push_back(owners[3]);
  ASSERT_TRUE(keys->Destroy(owners).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(keys->size(), 137u);
    for (int i = 0; i < 300; ++i) {
      EXPECT_EQ(Open(*keys, sealed[static_cast<std::size_t>(i)]),
                goes(i) ? "shut" : absl::StrCat(i));
    }
    keys.reset();
    keys = MustOpen();
  }
}

// A transaction that is undone keeps what it was about to destroy.
TEST_F(RecordKeysTest, WhatIsDoomedGoesWithTheCommit) {
  const auto keys = MustOpen();
  const Bytes sealed = Seal(*keys, Owner(1), "text");
  keys->DestroyLater(KeyOwner(Owner(1).bytes()));
  ASSERT_TRUE(keys->Settle(false).ok());
  ASSERT_TRUE(keys->Settle(true).ok());
  EXPECT_EQ(Open(*keys, sealed), "text");
  keys->DestroyLater(KeyOwner(Owner(1).bytes()));
  ASSERT_TRUE(keys->Settle(true).ok());
  EXPECT_EQ(Open(*keys, sealed), "shut");
}

// P-42: what Flush and Destroy said holds after a power cut anywhere, and other keys never suffer.
TEST_F(RecordKeysTest, APowerCutTakesNoKeyAndGivesNoneBack) {
  int cuts = 0;
  for (int at = 1; at < 40; ++at) {
    disk_.NeverStop();
    auto keys = MustOpen();
    ASSERT_TRUE(keys);
    const Bytes kept = Seal(*keys, Owner(at), "kept");
    const Bytes gone = Seal(*keys, Owner(1'000 + at), "gone");
    ASSERT_TRUE(keys->Flush().ok());
    disk_.StopAt(at % 6 + 1);
    const std::vector<KeyOwner> owners = {KeyOwner(Owner(1'000 + at).bytes())};
    const bool destroyed = keys->Destroy(owners).ok();
    Bytes late;
    const bool sealed = keys->Seal(Owner(2'000 + at).bytes(), kPlace, Row(), "late", late) == 0 &&
                        keys->Flush().ok();
    keys.reset();
    if (disk_.stopped()) ++cuts;
    disk_.NeverStop();
    disk_.CutPower();
    keys = MustOpen();
    ASSERT_TRUE(keys) << at;
    EXPECT_EQ(Open(*keys, kept), "kept") << at;
    EXPECT_TRUE(!destroyed || Open(*keys, gone) == "shut") << at;
    EXPECT_TRUE(!sealed || Open(*keys, late) == "late") << at;
  }
  EXPECT_GT(cuts, 20);
}

TEST_F(RecordKeysTest, AFullDiskRefusesAndNothingElse) {
  const auto keys = MustOpen();
  disk_.FailAt(1, SQLITE_FULL);
  Bytes sealed;
  EXPECT_EQ(keys->Seal(Owner(1).bytes(), kPlace, Row(), "text", sealed) & 0xff, SQLITE_FULL);
  EXPECT_EQ(keys->size(), 0u);
  EXPECT_EQ(Open(*keys, Seal(*keys, Owner(1), "text")), "text");
}

TEST_F(RecordKeysTest, AnotherFileIsLeftAlone) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(disk_.vfs());
  const std::vector<char> stranger(200, 'x');
  std::vector<std::max_align_t> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* const file = reinterpret_cast<sqlite3_file*>(memory.data());
  ASSERT_EQ(vfs->xOpen(vfs, kFile, file, SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE, nullptr), 0);
  ASSERT_EQ(file->pMethods->xWrite(file, stranger.data(), 200, 0), SQLITE_OK);
  file->pMethods->xClose(file);
  EXPECT_EQ(RecordKeys::Open(kFile, disk_.vfs(), true, nullptr).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace trunkline::store

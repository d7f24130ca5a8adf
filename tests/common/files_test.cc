#include "common/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace trunkline {
namespace {

TEST(Files, WrittenWholeWithItsMode) {
  const TempDir dir;
  ASSERT_TRUE(WriteAtomically(dir.path(), "a", "one", 0600).ok());
  ASSERT_TRUE(WriteAtomically(dir.path(), "a", "two", 0600).ok());
  EXPECT_EQ(ReadIfThere(dir / "a", 3)->value(), "two");
  struct stat info {};
  ASSERT_EQ(stat((dir / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_NE(stat((dir / "a.new").c_str(), &info), 0);
}

TEST(Files, AbsentIsNoErrorTooLongIsOne) {
  const TempDir dir;
  const auto absent = ReadIfThere(dir / "a", 10);
  ASSERT_TRUE(absent.ok());
  EXPECT_FALSE(absent->has_value());
  dir.Write("a", "12345678901");
  EXPECT_EQ(std::string(ReadIfThere(dir / "a", 10).status().message()),
            (dir / "a") + ": is larger than 10 bytes");
  EXPECT_FALSE(ReadIfThere(dir.path(), 10).ok());
}

TEST(Files, AFailureLeavesTheOldContent) {
  const TempDir dir;
  dir.Write("a", "old");
  ASSERT_EQ(mkdir((dir / "a.new").c_str(), 0700), 0);
  EXPECT_FALSE(WriteAtomically(dir.path(), "a", "new", 0600).ok());
  EXPECT_EQ(ReadIfThere(dir / "a", 10)->value(), "old");
  EXPECT_FALSE(WriteAtomically(dir / "none", "a", "new", 0600).ok());
}

}  // namespace
}  // namespace trunkline

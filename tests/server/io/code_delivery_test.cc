#include "server/io/code_delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/server/io/test_node.h"

namespace trunkline::io {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Script(const TempDir& dir, const std::string& body) {
  const std::string path = dir.path() + "/deliver";
  std::ofstream(path) << "#!/bin/sh\n" << body;
  chmod(path.c_str(), 0700);
  return path;
}

TEST(CodeCommand, GetsNumberAndCodeOnItsInputAndNowhereElse) {
  const TempDir dir;
  const std::string out = dir.path() + "/out";
  const std::string program = Script(dir, "cat > " + out + "; echo \"$# $*\" >> " + out + "\n");
  ASSERT_TRUE(RunCodeCommand(program, "99966123 54321\n", 20s).ok());
  std::ifstream file(out);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, "99966123 54321\n0 \n");
}

TEST(CodeCommand, FailuresNameNeitherNumberNorCode) {
  const TempDir dir;
  for (const std::string& program :
       {Script(dir, "cat > /dev/null; exit 3\n"), dir.path() + "/missing"}) {
    const absl::Status status = RunCodeCommand(program, "99966123 54321\n", 20s);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("54321")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("99966123")));
  }
}

TEST(CodeCommand, IsEndedWhenItTakesTooLong) {
  const TempDir dir;
  const absl::Status status = RunCodeCommand(Script(dir, "exec sleep 100\n"), "1 2\n", 200ms);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace trunkline::io

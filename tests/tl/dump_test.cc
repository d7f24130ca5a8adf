// The real tlc: bytes in, text out, and back.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/paths.h"

namespace {

struct Outcome {
  int code = 0;
  std::string output;  // stdout, then stderr

  bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << "exit " << outcome.code << ": " << outcome.output;
}

Outcome Tlc(const std::string& arguments, const std::string& before = "") {
  const std::string command =
      before + "'" + std::string(TRUNKLINE_BINARY_DIR) + "/bin/tlc' " + arguments + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  Outcome outcome;
  if (pipe == nullptr) return {-1, "popen"};
  for (char part[4096]; std::size_t size = std::fread(part, 1, sizeof(part), pipe);) {
    outcome.output.append(part, size);
  }
  outcome.code = WEXITSTATUS(pclose(pipe));
  return outcome;
}

const std::string kPing = R"({"_": "ping", "ping_id": 7})";
const std::string kPingHex = "ec77be7a0700000000000000";

TEST(DumpTest, HexOfAnArgument) {
  EXPECT_EQ(Tlc("dump --hex " + kPingHex), (Outcome{0, kPing + "\n"}));
  EXPECT_EQ(Tlc("dump --hex '0xEC77be7a  07000000\n\t0x0000 0000'"), (Outcome{0, kPing + "\n"}));
  EXPECT_EQ(Tlc("dump --hex " + kPingHex + kPingHex), (Outcome{0, kPing + "\n" + kPing + "\n"}));
  EXPECT_EQ(Tlc("dump --indent --hex " + kPingHex),
            (Outcome{0, "{\n  \"_\": \"ping\",\n  \"ping_id\": 7\n}\n"}));
  EXPECT_EQ(Tlc("dump --type 'Vector<int>' --hex 15c4b51c0100000005000000"), (Outcome{0, "[5]\n"}));
}

TEST(DumpTest, FilesAndStdin) {
  const std::string file = testing::TempDir() + "dump_test_ping";
  std::ofstream(file, std::ios::binary) << std::string("\xec\x77\xbe\x7a\x07\0\0\0\0\0\0\0", 12);
  EXPECT_EQ(Tlc("dump '" + file + "'"), (Outcome{0, kPing + "\n"}));
  EXPECT_EQ(Tlc("dump -", "cat '" + file + "' | "), (Outcome{0, kPing + "\n"}));
  EXPECT_EQ(Tlc("dump - --input hex", "echo " + kPingHex + " | "), (Outcome{0, kPing + "\n"}));
  std::filesystem::remove(file);
  const Outcome missing = Tlc("dump '" + file + "'");
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.output, file + ": can't be read\n");
}

TEST(DumpTest, SecretsOnRequest) {
  const std::string text =
      Tlc("parse --text '{\"_\": \"auth.cancelCode\", \"phone_number\": \"12\", "
          "\"phone_code_hash\": \"<\"}'")
          .output;
  EXPECT_EQ(Tlc("dump --hex '" + text + "'"),
            (Outcome{0,
                     "{\"_\": \"auth.cancelCode\", \"phone_number\": {\"_secret\": 2}, "
                     "\"phone_code_hash\": {\"_secret\": 1}}\n"}));
  EXPECT_EQ(Tlc("dump --secrets --hex '" + text + "'"),
            (Outcome{0,
                     "{\"_\": \"auth.cancelCode\", \"phone_number\": \"12\", "
                     "\"phone_code_hash\": \"<\"}\n"}));
}

TEST(DumpTest, DamageIsToldWithItsOffset) {
  const Outcome cut = Tlc("dump --hex " + kPingHex + "ec77be7a01");
  EXPECT_EQ(cut.code, 1);
  EXPECT_EQ(cut.output, kPing +
                            "\n{\"_\": \"ping\", \"ping_id\": {\"_error\": \"truncated\", "
                            "\"offset\": 16}}\nargument: offset 16: truncated\n");
  EXPECT_EQ(Tlc("dump --hex 'ec77 zz'"),
            (Outcome{1, "argument: character 5: two hex digits are expected\n"}));
  EXPECT_EQ(Tlc("dump --layer 133 --hex b1b8cc83").output,
            "{\"_error\": \"unknown constructor\", \"offset\": 0, \"id\": \"83ccb8b1\"}\n"
            "argument: offset 0: unknown constructor\n");
  EXPECT_EQ(Tlc("dump --layer 133 --hex 83ccb8b1").output,
            "{\"_error\": \"unknown constructor\", \"offset\": 0, \"id\": \"b1b8cc83\", "
            "\"name\": \"user\", \"layers\": \"228-229\"}\n"
            "argument: offset 0: unknown constructor\n");
}

TEST(DumpTest, ParseIsTheInverse) {
  const std::string both = "printf '" + kPing + "\\n\\n" + kPing + "' | ";
  EXPECT_EQ(Tlc("parse -", both), (Outcome{0, kPingHex + "\n" + kPingHex + "\n"}));
  EXPECT_EQ(Tlc("parse --text '[1]' --type 'Vector<int>'"),
            (Outcome{0, "15c4b51c0100000001000000\n"}));
  EXPECT_EQ(Tlc("parse -", "printf '{\"_\":\\n \"pong\"}' | "),
            (Outcome{1, "stdin:1:1: pong.msg_id is missing\n"}));
  EXPECT_EQ(Tlc("parse -", "printf '" + kPing + "\\n{\"_\":\\n \"pang\"}' | "),
            (Outcome{1, kPingHex + "\nstdin:3:2: pang is neither a constructor nor a method\n"}));
}

TEST(DumpTest, WrongUsage) {
  for (const char* arguments :
       {"dump", "dump --hex 00 file", "dump --layer x --hex 00", "dump --layer 0 --hex 00",
        "dump --input octal -", "dump --type Nobody --hex 00", "dump --answers nobody --hex 00",
        "parse", "parse --type Nobody --text 1", "undump"}) {
    EXPECT_EQ(Tlc(arguments).code, 2) << arguments;
  }
  EXPECT_EQ(Tlc("dump --help").code, 0);
  EXPECT_EQ(Tlc("dump --schema /nowhere --hex 00").code, 1);
}

}  // namespace

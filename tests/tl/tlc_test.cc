// The real tlc, run on a copy of the project's schema: what it prints, what it leaves behind, and
// how it exits.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "cut_back.h"
#include "schema_text.h"

namespace trunkline::tlc {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class TlcTest : public testing::Test {
 protected:
  TlcTest()
      : folder_(testing::TempDir() + "tlc_" + std::to_string(getpid()) + "_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()),
        schema_(folder_ + "/schema") {
    fs::create_directories(folder_);
    fs::copy(SchemaDir(), schema_);
  }
  ~TlcTest() override { fs::remove_all(folder_); }

  Ran Run(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_ + "' && '" TRUNKLINE_BINARY_DIR "/bin/tlc' " + arguments + " >out 2>err";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(folder_ + "/out"),
            ReadAll(folder_ + "/err")};
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  std::string History() const { return ReadAll(schema_ + "/history.tsv"); }
  std::string Api() const { return ReadAll(schema_ + "/api.tl"); }
  void CutTo(int layer) const {
    const std::string history = ReadAll(SchemaDir() + "history.tsv");
    Write("schema/history.tsv", CutHistory(history, layer));
    Write("schema/api.tl", SchemaOf(history, layer));
  }

  std::string folder_;
  std::string schema_;
};

TEST_F(TlcTest, AddLayerGrowsATreeThatStopsAt228) {
  CutTo(228);
  const std::string newest = ReadAll(SchemaDir() + "api.tl");
  Write("229.tl", newest);
  const std::string before = History();

  const Ran check = Run("add-layer 229.tl --schema schema --check");
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(History(), before);

  const Ran add = Run("add-layer 229.tl --schema schema");
  EXPECT_EQ(add.exit_code, 0);
  EXPECT_EQ(add.err, "");
  EXPECT_EQ(add.out.substr(0, 56), "layer 228 -> layer 229: 39 added, 17 removed, 17 changed");
  EXPECT_TRUE(History() == ReadAll(SchemaDir() + "history.tsv"));
  EXPECT_TRUE(Api() == newest);
  EXPECT_FALSE(fs::exists(schema_ + "/api.tl.new") || fs::exists(schema_ + "/history.tsv.new"));

  const Ran again = Run("add-layer 229.tl --schema schema");
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, "layer 229 is there already, with the same text\n");

  const Ran generate = Run("generate --schema schema --profile server --out gen");
  EXPECT_EQ(generate.exit_code, 0);
  EXPECT_EQ(generate.out + generate.err, "");
}

TEST_F(TlcTest, RefusedLayerChangesNothing) {
  CutTo(228);
  std::string text = ReadAll(SchemaDir() + "api.tl");
  const std::string line = "inputPeerSelf#7da07ec9";
  text.replace(text.find(line), line.size(), "inputPeerSelf#7da07eca");
  Write("229.tl", text);
  const std::string history = History();
  const std::string api = Api();
  const Ran add = Run("add-layer 229.tl --schema schema");
  EXPECT_EQ(add.exit_code, 1);
  EXPECT_EQ(add.out, "");
  EXPECT_EQ(add.err,
            "229.tl:9:1: inputPeerSelf#7da07eca: the CRC32 of its line is 7da07ec9\n"
            "nothing was changed\n");
  EXPECT_TRUE(History() == history);
  EXPECT_TRUE(Api() == api);
}

TEST_F(TlcTest, MissingFallbackIsRefused) {
  CutTo(228);
  Write("229.tl", ReadAll(SchemaDir() + "api.tl"));
  std::string fallbacks = ReadAll(SchemaDir() + "fallbacks.tsv");
  const std::string row = "Theme\ttheme\n";
  ASSERT_NE(fallbacks.find(row), std::string::npos);
  Write("schema/fallbacks.tsv", fallbacks.erase(fallbacks.find(row), row.size()));
  const std::string history = History();
  const Ran add = Run("add-layer 229.tl --schema schema");
  EXPECT_EQ(add.exit_code, 1);
  EXPECT_NE(add.err.find("no fallback is declared for Theme; declare one in schema/fallbacks.tsv: "
                         "theme\nnothing was changed\n"),
            std::string::npos)
      << add.err;
  EXPECT_TRUE(History() == history);
}

TEST_F(TlcTest, GenerateTellsTheFaultsOfAllFiles) {
  std::string mtproto = ReadAll(SchemaDir() + "mtproto.tl");
  mtproto.replace(mtproto.find("resPQ#05162463"), 14, "resPQ#05162464");
  Write("schema/mtproto.tl", mtproto);
  Write("schema/surface.txt", ReadAll(SchemaDir() + "surface.txt") + "no.method\n");
  const Ran generate = Run("generate --schema schema --profile server --out gen");
  EXPECT_EQ(generate.exit_code, 1);
  EXPECT_NE(generate.err.find("schema/mtproto.tl:8:1: resPQ#05162464: the CRC32 of its line is "
                              "05162463\nschema/surface.txt:"),
            std::string::npos)
      << generate.err;
  EXPECT_NE(generate.err.find("no.method is neither a method nor a type\n"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ + "/gen/api_types.h"));
}

TEST_F(TlcTest, ShowTellsTheLayersOfEachId) {
  const Ran show = Run("show phone.requestCall --layer 198 --schema schema");
  EXPECT_EQ(show.exit_code, 0);
  EXPECT_EQ(show.out,
            "phone.requestCall#a6c4600c flags:# video:flags.0?true user_id:InputUser "
            "conference_call:flags.1?InputGroupCall random_id:int g_a_hash:bytes "
            "protocol:PhoneCallProtocol = phone.PhoneCall;  // 196-201\n");
  EXPECT_EQ(Run("show phone.requestCall --schema schema").out,
            "phone.requestCall#42ff96ed flags:# video:flags.0?true user_id:InputUser random_id:int "
            "g_a_hash:bytes protocol:PhoneCallProtocol = phone.PhoneCall;  // 133-195, 202-229\n");
  EXPECT_EQ(Run("show PhoneConnection --layer 141 --schema schema").out,
            "phoneConnection#9d4c17c0 id:long ip:string ipv6:string port:int peer_tag:bytes = "
            "PhoneConnection;  // 133-140\n"
            "phoneConnectionWebrtc#635fe375 flags:# turn:flags.0?true stun:flags.1?true id:long "
            "ip:string ipv6:string port:int username:string password:string = PhoneConnection;  // "
            "133-229\n");
}

TEST_F(TlcTest, ShowOfAnUnknownNameHelps) {
  const Ran show = Run("show phonecallwating --schema schema");
  EXPECT_EQ(show.exit_code, 1);
  EXPECT_EQ(show.out, "");
  EXPECT_EQ(show.err,
            "no type, constructor or method is called phonecallwating; the nearest is "
            "phoneCallWaiting\n");
  const Ran gone = Run("show inputGroupCallSlug --layer 198 --schema schema");
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_EQ(gone.err, "layer 198 has no inputGroupCallSlug; it stands in 202-229\n");
  EXPECT_EQ(Run("show user --layer 132 --schema schema").err,
            "layer 132 isn't known: 133 to 229 are\n");
}

TEST_F(TlcTest, DiffOfLayersAndOfFiles) {
  const Ran diff = Run("diff 195 196 --surface --schema schema");
  EXPECT_EQ(diff.exit_code, 0);
  EXPECT_EQ(diff.err, "");
  EXPECT_NE(diff.out.find("\n~ * phoneCallDiscarded\n      - phoneCallDiscarded#50ca4de1 "),
            std::string::npos);
  EXPECT_NE(diff.out.find("\n+ * phoneCallDiscardReasonAllowGroupCall#afe2b839 "
                          "encrypted_key:bytes = PhoneCallDiscardReason;\n"),
            std::string::npos);
  EXPECT_EQ(diff.out.find("\n+   "), std::string::npos);

  Write("195.tl", SchemaOf(History(), 195));
  const Ran file = Run("diff 195.tl 196 --schema schema");
  const Ran layers = Run("diff 195 196 --schema schema");
  EXPECT_EQ(file.out.substr(file.out.find(" -> ")), layers.out.substr(layers.out.find(" -> ")));
  EXPECT_NE(layers.out.find("\n+   "), std::string::npos);
  EXPECT_EQ(Run("diff 225 226 --schema schema").out,
            "layer 225 -> layer 226 (no data, as 225): 0 added, 0 removed, 0 changed; * is the "
            "server's surface\n");
}

TEST_F(TlcTest, CrcPrintsTheIdOfEachLine) {
  Write("s.tl", "pong msg_id:long ping_id:long = Pong;\nbroken x int = Pong;\n");
  const Ran crc = Run("crc s.tl");
  EXPECT_EQ(crc.exit_code, 1);
  EXPECT_EQ(crc.out, "347773c5 pong\n");
  EXPECT_EQ(crc.err, "s.tl:2:10: ':' is expected, found 'int'\n");
}

TEST_F(TlcTest, WrongUsageExitsWith2) {
  for (const char* const arguments :
       {"", "fly", "crc", "show", "diff 195", "diff 195 500 --schema schema", "add-layer",
        "generate --schema schema", "generate --schema schema --profile no --out o",
        "show user --layer x --schema schema", "show user --layer 132 --schema schema"}) {
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << arguments;
    EXPECT_NE(ran.err, "") << arguments;
  }
  EXPECT_EQ(Run("--help").exit_code, 0);
}

TEST_F(TlcTest, FilesThatCannotBeReadAreToldWithExit1) {
  for (const char* const arguments :
       {"crc none", "add-layer none --schema schema", "diff none 229 --schema schema",
        "show user --schema none", "generate --schema none --profile server --out o"}) {
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.exit_code, 1) << arguments;
    EXPECT_NE(ran.err.find(":1:1: can't be read: No such file or directory\n"), std::string::npos)
        << arguments << ": " << ran.err;
  }
}

}  // namespace
}  // namespace trunkline::tlc

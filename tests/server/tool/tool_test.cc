// The tool as a whole: against a real server, against a server that says what a test wants, and
// against nobody.
#include "server/tool/tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <streambuf>
#include <thread>

#include "common/crypto/rsa.h"
#include "server/control/control.h"
#include "server/http/http_server.h"
#include "server/server.h"
#include "server/store/store.h"
#include "tests/server/tool/outcome.h"
#include "tests/support/temp_dir.h"

namespace trunkline::tool {
namespace {

namespace fs = std::filesystem;
using control::Sources;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class ToolTest : public testing::Test {
 protected:
  ToolTest() { fs::create_directory(dir_); }

  Outcome Trunkline(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "trunkline");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code = tool::Run(static_cast<int>(argv.size()), argv.data(), out, err);
    return {code, out.str(), err.str()};
  }
  Outcome Ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--data-dir", dir_});
    return Trunkline(std::move(arguments));
  }
  Config ServerConfig() const {
    Config config;
    config.node.data_dir = dir_;
    config.node.listen = {{"127.0.0.1", 0}};
    static const auto key = crypto::RsaPrivateKey::Generate();
    CHECK(key.ok());
    std::ofstream(dir_ + "/server_key.pem") << key->PrivatePem();
    return config;
  }
  void Serve(Sources sources) {
    auto server =
        http::HttpServer::StartLocal(dir_ + "/control.sock", control::RoutesOf(std::move(sources)));
    ASSERT_TRUE(server.ok()) << server.status();
    local_ = std::move(*server);
  }

  const TempDir root_;
  const std::string dir_ = root_ / "data";
  std::unique_ptr<http::HttpServer> local_;
};

TEST_F(ToolTest, WrongUsageIsCode2) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"backup", "x"},
      {"--data-dir", dir_},
      {"--data-dir", dir_, "dance"},
      {"--data-dir", dir_, "backup"},
      {"--data-dir", dir_, "trace"},
      {"--data-dir", dir_, "trace", "0"},
      {"--data-dir", dir_, "trace", "seven"},
      {"--data-dir", dir_, "trace", "7", "--follow"}};
  for (const auto& arguments : wrong) {
    const Outcome outcome = Trunkline(arguments);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(arguments);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("trunkline: "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_EQ(Trunkline({"--help"}).code, 0);
}

TEST_F(ToolTest, NoServerIsCode5AndNamesTheDirectory) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"trace", "7"},
                                             {"trace", "--follow"},
                                             {"relays", "list"},
                                             {"backup", root_ / "copy.db"}}) {
    const Outcome outcome = Ask(command);
    EXPECT_EQ(outcome.code, 5);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err,
              "trunkline: " + dir_ + ": no server answers here: No such file or directory\n");
  }
}

TEST_F(ToolTest, ATraceIsALadderOrTheJsonAsItCame) {
  Serve({.trace = [](CallId call, const Sources::TraceDone& done) {
    if (call != CallId(7)) return done(std::nullopt);
    done(book::Trace{call,
                     UserId(1),
                     UserId(2),
                     "ended",
                     false,
                     {{0, "request", "caller", "A1", "phone.requestCall", "", 1, {{"a", "\xff"}}},
                      {3, "error", "caller", "A1", "PARTICIPANT", "blocked", 1, {}}}});
  }});
  const Outcome ladder = Ask({"trace", "7"});
  EXPECT_EQ(ladder.code, 0) << ladder.err;
  EXPECT_THAT(ladder.out, HasSubstr("       0 A1 |-- phone.requestCall a:? ---"));
  EXPECT_THAT(ladder.out, HasSubstr("       3 A1 |<- ! PARTICIPANT: blocked ---"));
  const Outcome json = Ask({"trace", "7", "--json"});
  EXPECT_THAT(json.out, StartsWith(R"({"call":"7","caller":"1",)"));
  const Outcome unknown = Ask({"trace", "8"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_EQ(unknown.err, "trunkline: " + dir_ + ": no call 8 is remembered\n");
}

// Hands over what was written, and says when there is enough.
class LinesOf : public std::streambuf {
 public:
  explicit LinesOf(int lines_max) : left_(lines_max) {}
  const std::string& text() const { return text_; }

 private:
  int overflow(int c) override {
    if (left_ == 0) return traits_type::eof();
    text_.push_back(static_cast<char>(c));
    if (c == '\n') --left_;
    return c;
  }
  std::string text_;
  int left_;
};

TEST_F(ToolTest, FollowPrintsUntilNobodyListens) {
  std::thread source;
  Serve({.trace = {},
         .follow =
             [&source](std::shared_ptr<control::TraceFeed> feed) {
               source = std::thread([feed = std::move(feed)] {
                 while (feed->Push(CallId(7), {0, "event", "", "", "deadline", "", 1, {}})) {
                   std::this_thread::yield();
                 }
               });
             },
         .backup = {}});
  for (const bool json : {false, true}) {
    LinesOf buffer(3);
    std::ostream out(&buffer);
    std::ostringstream err;
    std::vector<const char*> argv = {"trunkline", "--data-dir", dir_.c_str(), "trace", "--follow"};
    if (json) argv.push_back("--json");
    EXPECT_EQ(tool::Run(static_cast<int>(argv.size()), argv.data(), out, err), 0) << err.str();
    source.join();
    EXPECT_THAT(buffer.text(), StartsWith(json ? R"({"call":"7","at_ms":0,)"
                                               : "00:00:00.000 7 * deadline\n00:00:00.000 7 "));
  }
}

TEST_F(ToolTest, FollowSaysWhenTheServerGoes) {
  std::thread ends;
  Serve({.trace = {},
         .follow =
             [&](const std::shared_ptr<control::TraceFeed>&) {
               ends = std::thread([this] { local_.reset(); });
             },
         .backup = {}});
  const Outcome outcome = Ask({"trace", "--follow"});
  ends.join();
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, StartsWith("trunkline: " + dir_ + ": the server has gone: "));
}

TEST_F(ToolTest, RelaysAreListedDrainedAndExplained) {
  Config config = ServerConfig();
  book::RelayConfig relay;
  relay.id = 5;
  relay.ip = "192.0.2.5";
  relay.port = 4431;
  relay.region = "north";
  config.node.book.relays.push_back(relay);
  auto server = Server::Start(config);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Ask({"relays", "list"}).out,
            "ID  KIND       ADDRESS         REGION  STATE  LOAD  CALLS  CARRIED  NOTE\n"
            "5   reflector  192.0.2.5:4431  north   up     0.0%  0      0\n");
  EXPECT_THAT(Ask({"relays", "list", "--json"}).out, StartsWith(R"({"relays":[{"id":5,)"));
  const Outcome drained = Ask({"relays", "drain", "5"});
  EXPECT_EQ(drained.code, 0) << drained.err;
  EXPECT_THAT(drained.out, HasSubstr("state           drained\ndrained by      operator\n"));
  EXPECT_THAT(Ask({"relays", "undrain", "5"}).out, HasSubstr("state           up\n"));
  EXPECT_THAT(Ask({"relays", "show", "5"}).out, HasSubstr("address         192.0.2.5:4431\n"));
  const Outcome unknown = Ask({"relays", "show", "6"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_EQ(unknown.err, "trunkline: " + dir_ + ": there is no relay 6\n");
  EXPECT_EQ(Ask({"relays", "explain", "77"}).code, 3);
  const Outcome refused = Ask({"relays", "rotate-secret"});
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, HasSubstr("no relay can register"));
  EXPECT_EQ(Ask({"relays", "show"}).code, 2);
  EXPECT_EQ(Ask({"relays", "show", "-1"}).code, 2);
}

// What the operator wants is there after a restart.
TEST_F(ToolTest, ADrainIsRemembered) {
  Config config = ServerConfig();
  auto server = Server::Start(config);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Ask({"relays", "drain", "1"}).code, 0);
  server->reset();
  server = Server::Start(config);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(Ask({"relays", "show", "1"}).out, HasSubstr("drained by      operator\n"));
}

TEST_F(ToolTest, ARunningServerIsBackedUp) {
  auto server = Server::Start(ServerConfig());
  ASSERT_TRUE(server.ok()) << server.status();

  const std::string file = root_ / "copy/trunkline.db";
  fs::create_directory(root_ / "copy");
  const Outcome done = Ask({"backup", file});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, MatchesRegex(file + ": [0-9]+ bytes in [0-9]+ ms\n"));
  const auto copy = store::Store::Open(root_ / "copy", {});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE((*copy)->Restore([](const book::Fact&) {}).ok());

  const Outcome again = Ask({"backup", file});
  EXPECT_EQ(again.code, 4);
  EXPECT_EQ(again.err, "trunkline: " + dir_ + ": make " + file + ": File exists\n");
  const Outcome own = Ask({"backup", dir_ + "/trunkline.db-journal"});
  EXPECT_EQ(own.code, 1);
  EXPECT_THAT(own.err, HasSubstr("the server's own"));
  const Outcome nowhere = Ask({"backup", root_ / "no/copy.db"});
  EXPECT_THAT(nowhere.err, HasSubstr("No such file or directory"));

  server->reset();
  EXPECT_FALSE(fs::exists(dir_ + "/control.sock"));
  EXPECT_EQ(Ask({"backup", file + "2"}).code, 5);
}

}  // namespace
}  // namespace trunkline::tool

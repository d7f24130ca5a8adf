// The control socket with real sockets, and sources made by the tests.
#include "server/control/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "boost/asio/io_context.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "server/http/http_server.h"
#include "tests/support/temp_dir.h"

namespace trunkline::control {
namespace {

namespace net = boost::asio;
namespace bhttp = boost::beast::http;
using Local = net::local::stream_protocol;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

book::TraceLine Line(std::string name) {
  return {1'000, "request", "caller", "A1", std::move(name), "", 1, {{"video", "false"}}};
}

class ControlTest : public testing::Test {
 protected:
  std::string path() const { return dir_ / "control.sock"; }

  void Serve(Sources sources) {
    auto server = http::HttpServer::StartLocal(path(), RoutesOf(std::move(sources)));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  Local::socket Connect() {
    Local::socket socket(context_);
    socket.connect(Local::endpoint(path()));
    return socket;
  }
  void Send(Local::socket& socket, bhttp::verb method, const std::string& target,
            const std::string& body = "") {
    bhttp::request<bhttp::string_body> request(method, target, 11, body);
    request.set(bhttp::field::host, "localhost");
    request.prepare_payload();
    bhttp::write(socket, request);
  }
  bhttp::response<bhttp::string_body> Ask(bhttp::verb method, const std::string& target,
                                          const std::string& body = "") {
    Local::socket socket = Connect();
    Send(socket, method, target, body);
    boost::beast::flat_buffer buffer;
    bhttp::response<bhttp::string_body> response;
    bhttp::read(socket, buffer, response);
    return response;
  }

  const TempDir dir_;
  net::io_context context_;
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(ControlTest, OnlyTheOwnerMayUseTheSocketAndItGoesWithItsServer) {
  Serve({});
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(ControlTest, ASocketThatWasLeftBehindIsReplacedAFileIsNot) {
  { Local::acceptor left(context_, Local::endpoint(path())); }
  ASSERT_TRUE(std::filesystem::exists(path()));
  Serve({});
  EXPECT_EQ(Ask(bhttp::verb::get, "/nothing").result_int(), 404u);
  server_.reset();
  std::filesystem::create_directory(path());
  const auto refused = http::HttpServer::StartLocal(path(), RoutesOf({}));
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(path()));
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ControlTest, APathTooLongForASocketIsAClearError) {
  const std::string deep = dir_.path() + "/" + std::string(120, 'd') + "/control.sock";
  const auto refused = http::HttpServer::StartLocal(deep, RoutesOf({}));
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("choose a shorter data_dir"));
}

TEST_F(ControlTest, ATraceComesFromWhereverItIsMade) {
  std::vector<std::thread> others;
  Serve({.trace = [&others](CallId call, Sources::TraceDone done) {
    others.emplace_back([call, done = std::move(done)] {
      if (call != CallId(9)) return done(std::nullopt);
      done(book::Trace{call, UserId(1), UserId(2), "ended", false, {Line("phone.requestCall")}});
    });
  }});
  const auto answer = Ask(bhttp::verb::get, "/control/v1/calls/9/trace?x=1");
  EXPECT_EQ(answer.result_int(), 200u);
  EXPECT_EQ(answer.body(),
            R"({"call":"9","caller":"1","callee":"2","state":"ended","cut":false,"events":[)"
            R"({"at_ms":1000,"kind":"request","party":"caller","device":"A1",)"
            R"("name":"phone.requestCall","reason":"","count":1,"fields":{"video":"false"}}]})"
            "\n");
  const auto unknown = Ask(bhttp::verb::get, "/control/v1/calls/10/trace");
  EXPECT_EQ(unknown.result_int(), 404u);
  EXPECT_THAT(unknown.body(), HasSubstr(R"("code":"call_unknown")"));
  for (std::thread& other : others) other.join();
}

TEST_F(ControlTest, WrongTargetsAndMethodsAreRefused) {
  Serve({.trace = [](CallId, const Sources::TraceDone& done) { done(std::nullopt); },
         .follow = {},
         .backup = [](const std::string&, const Sources::BackedUp& done) { done(BackupDone{}); }});
  for (const char* id : {"0", "-1", "x", "99999999999999999999", "1%20"}) {
    const auto answer = Ask(bhttp::verb::get, std::string("/control/v1/calls/") + id + "/trace");
    EXPECT_EQ(answer.result_int(), 400u) << id;
  }
  for (const char* target : {"/", "/livez", "/control/v1/calls//trace", "/control/v1/calls/trace",
                             "/control/v1/calls/1/2/trace", "/control/v1/trace"}) {
    EXPECT_EQ(Ask(bhttp::verb::get, target).result_int(), 404u) << target;
  }
  EXPECT_EQ(Ask(bhttp::verb::get, "/control/v1/backup")[bhttp::field::allow], "POST");
  EXPECT_EQ(Ask(bhttp::verb::post, "/control/v1/calls/1/trace").result_int(), 405u);
}

TEST_F(ControlTest, ABackupIsAnsweredAsItEnds) {
  absl::StatusOr<BackupDone> result = BackupDone{4096, std::chrono::milliseconds(7)};
  std::string asked;
  Serve({.trace = {}, .follow = {}, .backup = [&](std::string path, const Sources::BackedUp& done) {
           asked = std::move(path);
           done(result);
         }});
  const auto ask = [this] {
    return Ask(bhttp::verb::post, "/control/v1/backup", R"({"path":"/a b/\u00e9"})");
  };
  EXPECT_EQ(ask().body(), "{\"path\":\"/a b/\xc3\xa9\",\"bytes\":4096,\"ms\":7}\n");
  EXPECT_EQ(asked, "/a b/\xc3\xa9");
  const std::tuple<absl::Status, unsigned, const char*> refusals[] = {
      {absl::AlreadyExistsError("why"), 409, "exists"},
      {absl::AbortedError("why"), 409, "busy"},
      {absl::InvalidArgumentError("why"), 400, "bad_path"},
      {absl::CancelledError("why"), 503, "stopping"},
      {absl::UnavailableError("why"), 500, "backup_failed"}};
  for (const auto& [status, code, name] : refusals) {
    result = status;
    const auto answer = ask();
    EXPECT_EQ(answer.result_int(), code);
    EXPECT_EQ(answer.body(),
              std::string(R"({"error":{"code":")") + name + R"(","message":"why"}})" + "\n");
  }
}

TEST_F(ControlTest, ABadBackupRequestReachesNobody) {
  Serve(
      {.trace = {}, .follow = {}, .backup = [](const std::string& path, const Sources::BackedUp&) {
         ADD_FAILURE() << path;
       }});
  for (const std::string body :
       {"", "{", "[]", "{}", R"({"path":7})", R"({"path":""})", R"({"path":"a/b"})",
        R"({"path":"/a/"})", R"({"path":"/a\u0000b"})"}) {
    EXPECT_EQ(Ask(bhttp::verb::post, "/control/v1/backup", body).result_int(), 400u) << body;
  }
  const std::string deep(5'000, '[');
  EXPECT_EQ(Ask(bhttp::verb::post, "/control/v1/backup", deep).result_int(), 400u);
  const std::string much = R"({"path":"/)" + std::string(9'000, 'a') + R"("})";
  EXPECT_EQ(Ask(bhttp::verb::post, "/control/v1/backup", much).result_int(), 413u);
}

TEST_F(ControlTest, AnAnswerMayComeAfterTheClientOrTheServerHasGone) {
  std::vector<Sources::TraceDone> waiting;
  std::promise<void> both;
  Serve({.trace = [&](CallId, Sources::TraceDone done) {
    waiting.push_back(std::move(done));
    if (waiting.size() == 2) both.set_value();
  }});
  {
    Local::socket gone = Connect();
    Send(gone, bhttp::verb::get, "/control/v1/calls/1/trace");
  }
  Local::socket patient = Connect();
  Send(patient, bhttp::verb::get, "/control/v1/calls/2/trace");
  ASSERT_EQ(both.get_future().wait_for(kPatience), std::future_status::ready);
  waiting[0](std::nullopt);
  server_.reset();
  waiting[1](std::nullopt);
  waiting.clear();
}

TEST_F(ControlTest, WhoIsNeverAnsweredIsToldSo) {
  Serve({.trace = [](CallId, const Sources::TraceDone&) {}});
  const auto answer = Ask(bhttp::verb::get, "/control/v1/calls/1/trace");
  EXPECT_EQ(answer.result_int(), 503u);
  EXPECT_THAT(answer.body(), HasSubstr("stopping"));
}

class FollowTest : public ControlTest {
 protected:
  void SetUp() override {
    Serve({.trace = {},
           .follow = [this](std::shared_ptr<TraceFeed> feed) { feed_.set_value(std::move(feed)); },
           .backup = {}});
    reader_ = Connect();
    Send(reader_, bhttp::verb::get, "/control/v1/trace");
    auto feed = feed_.get_future();
    ASSERT_EQ(feed.wait_for(kPatience), std::future_status::ready);
    source_ = feed.get();
    parser_.body_limit(boost::none);
    bhttp::read_header(reader_, buffer_, parser_);
  }
  // One line of the body.
  std::string ReadLine() {
    std::size_t end;
    while ((end = text_.find('\n')) == std::string::npos) {
      char piece[4096];
      parser_.get().body().data = piece;
      parser_.get().body().size = sizeof piece;
      boost::beast::error_code error;
      bhttp::read_some(reader_, buffer_, parser_, error);
      if (error && error != bhttp::error::need_buffer) return "ended: " + error.message();
      text_.append(piece, sizeof piece - parser_.get().body().size);
    }
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }

  std::promise<std::shared_ptr<TraceFeed>> feed_;
  std::shared_ptr<TraceFeed> source_;
  Local::socket reader_{context_};
  boost::beast::flat_buffer buffer_;
  bhttp::response_parser<bhttp::buffer_body> parser_;
  std::string text_;
};

TEST_F(FollowTest, EveryEventIsALineAsSoonAsItHappens) {
  EXPECT_EQ(parser_.get()[bhttp::field::content_type], "application/x-ndjson");
  EXPECT_TRUE(parser_.get().chunked());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(source_->Push(CallId(7), Line("phone.requestCall")));
    EXPECT_EQ(ReadLine(),
              R"({"call":"7","at_ms":1000,"kind":"request","party":"caller","device":"A1",)"
              R"("name":"phone.requestCall","reason":"","count":1,"fields":{"video":"false"}})");
  }
}

TEST_F(FollowTest, ASlowReaderLosesLinesAndIsTold) {
  // Nothing is read until far more was pushed than socket and feed can hold.
  const std::string name(200, 'n');
  constexpr std::uint64_t kPushed = 3 * kFeedEventsMax;
  for (std::uint64_t i = 0; i < kPushed; ++i) ASSERT_TRUE(source_->Push(CallId(7), Line(name)));
  std::uint64_t lines = 0, lost = 0;
  while (lost == 0) {
    const std::string line = ReadLine();
    ASSERT_THAT(line, EndsWith("}"));
    if (line.starts_with("{\"lost\":")) {
      lost = std::stoull(line.substr(8));
    } else {
      ++lines;
    }
  }
  EXPECT_EQ(lines + lost, kPushed);
  EXPECT_GE(lines, kFeedEventsMax);
  EXPECT_TRUE(source_->Push(CallId(8), Line("again")));
  EXPECT_THAT(ReadLine(), HasSubstr("again"));
}

TEST_F(FollowTest, EndsWhenTheReaderGoes) {
  reader_.close();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (source_->Push(CallId(7), Line("x"))) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::yield();
  }
}

TEST_F(FollowTest, EndsWithTheServer) {
  server_.reset();
  EXPECT_FALSE(source_->Push(CallId(7), Line("x")));
  EXPECT_THAT(ReadLine(), testing::StartsWith("ended: "));
}

TEST_F(FollowTest, TextsThatAreNotUtf8BecomeSo) {
  book::TraceLine line = Line("a\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x93\x9e\xe2\x82");
  line.fields = {{"k\x80", "v\n\"\x1b"}};
  source_->Push(CallId(7), line);
  const std::string text = ReadLine();
  EXPECT_THAT(text, HasSubstr("\"a?\xc3\xa9???\xf0\x9f\x93\x9e??\""));
  EXPECT_THAT(text, HasSubstr(R"({"k?":"v\n\"\u001b"})"));
}

}  // namespace
}  // namespace trunkline::control

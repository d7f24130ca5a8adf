// The server as a whole: what it prints and what its HTTP side answers.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "common/crypto/rsa.h"
#include "server/http/metrics_text.h"
#include "server/http/router.h"
#include "tests/support/temp_dir.h"

namespace trunkline {
namespace {

namespace bhttp = boost::beast::http;
using testing::HasSubstr;
using testing::MatchesRegex;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    config_.node.data_dir = dir_.path();
    // One key for all tests: drawing one takes seconds on a busy machine.
    static const auto key = crypto::RsaPrivateKey::Generate();
    ASSERT_TRUE(key.ok());
    dir_.Write("server_key.pem", key->PrivatePem());
    config_.node.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
    config_.node.durability = io::Durability::kNone;
    auto server = Server::Start(config_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }

  boost::asio::ip::tcp::socket Connect() {
    boost::asio::ip::tcp::socket socket(context_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->http_port()});
    return socket;
  }
  bhttp::response<bhttp::string_body> Ask(bhttp::verb method, const std::string& target) {
    auto socket = Connect();
    bhttp::request<bhttp::empty_body> request(method, target, 11);
    request.set(bhttp::field::host, "localhost");
    bhttp::write(socket, request);
    boost::beast::flat_buffer buffer;
    bhttp::response_parser<bhttp::string_body> parser;
    parser.skip(method == bhttp::verb::head);
    bhttp::read(socket, buffer, parser);
    return parser.release();
  }
  // Sends bytes as they are; everything that comes until the server closes.
  std::string Exchange(const std::string& bytes) {
    auto socket = Connect();
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
  }

  boost::asio::io_context context_;
  const TempDir dir_;
  Config config_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TheReadyLineNamesEveryListener) {
  const auto ports = server_->mtproto_ports();
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_NE(ports[0], ports[1]);
  EXPECT_EQ(server_->ReadyLine(),
            absl::StrCat("ready mtproto=127.0.0.1:", ports[0], " mtproto=127.0.0.1:", ports[1],
                         " http=127.0.0.1:", server_->http_port(), " fingerprint=",
                         absl::Hex(server_->fingerprint(), absl::kZeroPad16), " pid=", getpid()));
}

TEST_F(ServerTest, IsAliveStartedAndReady) {
  for (const char* path : {"/livez", "/startupz", "/readyz", "/readyz?verbose"}) {
    const auto answer = Ask(bhttp::verb::get, path);
    EXPECT_EQ(answer.result_int(), 200u) << path;
    EXPECT_EQ(answer[bhttp::field::content_type], "application/json");
  }
  EXPECT_THAT(Ask(bhttp::verb::get, "/readyz").body(), HasSubstr(R"({"name":"store","ok":true})"));
}

TEST_F(ServerTest, MetricsAreThere) {
  const auto answer = Ask(bhttp::verb::get, "/metrics");
  EXPECT_EQ(answer.result_int(), 200u);
  for (const char* name :
       {"trunkline_build_info{", "trunkline_connections 0", "trunkline_sessions 0",
        "trunkline_calls_live 0", "trunkline_handshakes_total{result=\"ok\"} 0",
        "process_cpu_seconds_total ", "process_resident_memory_bytes "}) {
    EXPECT_THAT(answer.body(), HasSubstr(name));
  }
}

TEST_F(ServerTest, OtherPathsAndMethodsAreRefusedInJson) {
  const auto unknown = Ask(bhttp::verb::get, "/nothing");
  EXPECT_EQ(unknown.result_int(), 404u);
  EXPECT_THAT(unknown.body(), HasSubstr(R"("code":"not_found")"));
  const auto method = Ask(bhttp::verb::delete_, "/metrics");
  EXPECT_EQ(method.result_int(), 405u);
  EXPECT_EQ(method[bhttp::field::allow], "GET, HEAD");
  const auto head = Ask(bhttp::verb::head, "/livez");
  EXPECT_EQ(head.result_int(), 200u);
  EXPECT_EQ(head.body(), "");
}

TEST_F(ServerTest, ControlIsNotServedOverTcp) {
  for (const char* path :
       {"/control/v1/backup", "/control/v1/trace", "/control/v1/calls/1/trace"}) {
    EXPECT_EQ(Ask(bhttp::verb::get, path).result_int(), 404u) << path;
    EXPECT_EQ(Ask(bhttp::verb::post, path).result_int(), 404u) << path;
  }
  EXPECT_TRUE(std::filesystem::is_socket(config_.node.data_dir + "/control.sock"));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(config_.node.data_dir + "/control.sock"));
}

TEST_F(ServerTest, HeadersAndBodiesAreBounded) {
  EXPECT_THAT(Exchange("GET /livez HTTP/1.1\r\nX: " + std::string(16 * 1024, 'a') + "\r\n\r\n"),
              HasSubstr("HTTP/1.1 431"));
  EXPECT_THAT(Exchange("POST /livez HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"),
              HasSubstr("HTTP/1.1 413"));
  EXPECT_THAT(Exchange("\x16\x03\x01\x02 not http\r\n\r\n"), HasSubstr("HTTP/1.1 400"));
}

TEST(Router, SaysWhyTheServerIsNotReady) {
  const http::Sources sources{
      .checks =
          [] {
            return std::vector<http::Check>{{"store", false, "calls are refused"}};
          },
      .metrics = [] { return std::vector<http::Metric>{}; }};
  const http::Answer answer = http::Route(sources, "GET", "/readyz");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.body, R"({"status":"unavailable","checks":[{"name":"store","ok":false,)"
                         R"("consequence":"calls are refused"}]})"
                         "\n");
}

TEST(MetricsText, FollowsTheFormat) {
  const std::vector<http::Metric> metrics = {
      {"a_total", "Help.", http::Metric::Kind::kCounter, {{{{"x", "q\"\\\n"}}, 1.5}}},
      {"b", "More.", http::Metric::Kind::kGauge, {{{}, 12345678}}}};
  EXPECT_EQ(http::MetricsText(metrics),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\"} 1.5\n"
            "# HELP b More.\n# TYPE b gauge\nb 12345678\n");
}

}  // namespace
}  // namespace trunkline

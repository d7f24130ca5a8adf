#include "server/io/code_delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
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

TEST(CodeWebhook, AddressesAreRead) {
  const auto target = ParseWebhook("http://192.0.2.1:8080/codes?x=1");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->host, "192.0.2.1");
  EXPECT_EQ(target->port, "8080");
  EXPECT_EQ(target->path, "/codes?x=1");
  EXPECT_EQ(ParseWebhook("http://[::1]:81")->host, "::1");
  EXPECT_EQ(ParseWebhook("http://example.org")->port, "80");
  for (const char* wrong : {"https://a/", "http://", "http://a:b/", "http://a:0/", "http://a/ b"}) {
    EXPECT_FALSE(ParseWebhook(wrong).ok()) << wrong;
  }
}

// Answers one request with the given status and keeps its body.
class OneRequestServer {
 public:
  explicit OneRequestServer(unsigned status) {
    thread_ = std::thread([this, status] {
      namespace http = boost::beast::http;
      boost::system::error_code error;
      boost::asio::ip::tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      if (error) return;
      boost::beast::flat_buffer buffer;
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      body_ = request.body();
      http::response<http::string_body> response;
      response.result(status);
      response.prepare_payload();
      http::write(socket, response, error);
    });
  }
  ~OneRequestServer() { Body(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  const std::string& Body() {
    if (thread_.joinable()) thread_.join();
    return body_;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_{context_,
                                           {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::string body_;
  std::thread thread_;
};

TEST(CodeWebhook, PostsJsonAndBelievesTheStatus) {
  OneRequestServer good(204);
  const WebhookTarget target{"127.0.0.1", std::to_string(good.port()), "/codes"};
  EXPECT_TRUE(PostCode(target, R"({"phone":"1","code":"2"})", 20s).ok());
  EXPECT_EQ(good.Body(), R"({"phone":"1","code":"2"})");

  OneRequestServer bad(500);
  const absl::Status refused = PostCode({"127.0.0.1", std::to_string(bad.port()), "/"}, "{}", 20s);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("500"));
}

TEST(CodeWebhook, SilenceEndsInTime) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const std::string port = std::to_string(silent.local_endpoint().port());
  EXPECT_FALSE(PostCode({"127.0.0.1", port, "/"}, "{}", 200ms).ok());
}

}  // namespace
}  // namespace trunkline::io

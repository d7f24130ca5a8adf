#include "server/http/post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>

#include "tests/server/http/one_request_server.h"

namespace trunkline::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Target Here(const std::string& port, const std::string& path = "/") {
  return *ParseTarget("http://127.0.0.1:" + port + path);
}

TEST(PostTest, AddressesAreRead) {
  const auto target = ParseTarget("http://192.0.2.1:8080/codes?x=1");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->host, "192.0.2.1");
  EXPECT_EQ(target->port, "8080");
  EXPECT_EQ(target->path, "/codes?x=1");
  EXPECT_EQ(ParseTarget("http://[::1]:81")->host, "::1");
  EXPECT_EQ(ParseTarget("http://[::1]:81")->authority, "[::1]:81");
  EXPECT_EQ(ParseTarget("http://example.org")->port, "80");
  for (const char* wrong : {"https://a/", "http://", "http://a:b/", "http://a:0/", "http://a/ b",
                            "http://a:1x/", "http://a/\r\nX: y"}) {
    EXPECT_FALSE(ParseTarget(wrong).ok()) << wrong;
  }
}

TEST(PostTest, PostsJsonAndBelievesTheStatus) {
  OneRequestServer good(204);
  EXPECT_TRUE(PostJson(Here(good.port(), "/codes"), {{"X-One", "1"}}, R"({"a":"1"})", 20s).ok());
  EXPECT_EQ(good.Asked().body(), R"({"a":"1"})");
  EXPECT_EQ(good.Asked().target(), "/codes");
  EXPECT_EQ(good.Asked()["X-One"], "1");
  EXPECT_EQ(good.Asked()["Content-Type"], "application/json");
  EXPECT_EQ(good.Asked()["Host"], "127.0.0.1:" + good.port());

  OneRequestServer bad(500);
  const absl::Status refused = PostJson(Here(bad.port()), {}, "{}", 20s);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("500"));
}

class Silent : public testing::Test {
 protected:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor silent_{context_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  const Target target_ = Here(std::to_string(silent_.local_endpoint().port()));
};

TEST_F(Silent, EndsInTime) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(PostJson(target_, {}, "{}", 200ms)));
}

TEST_F(Silent, EndsWhenItIsStopped) {
  std::stop_source source;
  std::jthread posting([&] {
    const absl::Status status = PostJson(target_, {}, "{}", 600s, source.get_token());
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
  boost::asio::ip::tcp::socket connected(context_);
  silent_.accept(connected);
  source.request_stop();
}

}  // namespace
}  // namespace trunkline::http

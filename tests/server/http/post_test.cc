#include "server/http/post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "tests/server/http/one_request_server.h"
#include "tests/server/http/tls_pair.h"

namespace trunkline::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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
  EXPECT_FALSE(ParseTarget("http://example.org")->tls);
  EXPECT_EQ(ParseTarget("https://example.org")->port, "443");
  EXPECT_TRUE(ParseTarget("https://example.org")->tls);
  EXPECT_EQ(ParseTarget("https://[::1]:444/x")->authority, "[::1]:444");
  for (const char* wrong :
       {"ftp://a/", "HTTPS://a/", "https://", "https://a:0/", "http://", "http://a:b/",
        "http://a:0/", "http://a/ b", "http://a:1x/", "http://a/\r\nX: y"}) {
    EXPECT_FALSE(ParseTarget(wrong).ok()) << wrong;
  }
}

TEST(PostTest, PostsJsonAndBelievesTheStatus) {
  OneRequestServer good(204);
  EXPECT_TRUE(
      PostJson(Here(good.port(), "/codes"), {{"X-One", "1"}}, R"({"a":"1"})", 20s, nullptr).ok());
  EXPECT_EQ(good.Asked().body(), R"({"a":"1"})");
  EXPECT_EQ(good.Asked().target(), "/codes");
  EXPECT_EQ(good.Asked()["X-One"], "1");
  EXPECT_EQ(good.Asked()["Content-Type"], "application/json");
  EXPECT_EQ(good.Asked()["Host"], "127.0.0.1:" + good.port());

  OneRequestServer bad(500);
  const absl::Status refused = PostJson(Here(bad.port()), {}, "{}", 20s, nullptr);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("500"));
}

class Silent : public testing::Test {
 protected:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor silent_{context_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  const Target target_ = Here(std::to_string(silent_.local_endpoint().port()));
};

TEST_F(Silent, EndsInTime) {
  EXPECT_EQ(PostJson(target_, {}, "{}", 200ms, nullptr),
            absl::DeadlineExceededError("answer: took too long"));
}

TEST_F(Silent, EndsInTimeWithinAHandshake) {
  Target target = target_;
  target.tls = true;
  const crypto::TlsClient trust;
  EXPECT_EQ(PostJson(target, {}, "{}", 200ms, &trust),
            absl::DeadlineExceededError("tls: took too long"));
}

TEST_F(Silent, EndsWhenItIsStopped) {
  std::stop_source source;
  std::jthread posting([&] {
    const absl::Status status = PostJson(target_, {}, "{}", 600s, nullptr, source.get_token());
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  });
  boost::asio::ip::tcp::socket connected(context_);
  silent_.accept(connected);
  source.request_stop();
}

// ---- Over TLS
// ---------------------------------------------------------------------------------------

class PostOverTls : public testing::Test {
 protected:
  // Posts to `host`, where somebody with a certificate of `authority` listens.
  absl::Status Post(const TestAuthority& authority, const CertificateWish& wish,
                    const std::string& host, unsigned status = 200) {
    const auto tls = ServerOf(authority.Issue(wish));
    OneRequestServer server(status, tls.get());
    const absl::Status posted =
        PostJson(*ParseTarget("https://" + host + ":" + server.port() + "/secret-path"), {},
                 R"({"code":"54321"})", 20s, trust_.get());
    asked_ = server.Asked().body();
    named_ = server.named();
    for (const std::string& secret :
         {host, server.port(), std::string("secret-path"), std::string("54321")}) {
      EXPECT_THAT(std::string(posted.message()), Not(HasSubstr(secret)));
    }
    return posted;
  }

  const TestAuthority authority_;
  const std::shared_ptr<const crypto::TlsClient> trust_ = ClientOf(authority_);
  std::string asked_, named_;
};

TEST_F(PostOverTls, BelievesAServerThatProvesToBeTheOne) {
  EXPECT_EQ(Post(authority_, {}, "localhost"), absl::OkStatus());
  EXPECT_EQ(asked_, R"({"code":"54321"})");
  EXPECT_EQ(named_, "localhost");
  EXPECT_EQ(Post(authority_, {}, "127.0.0.1"), absl::OkStatus());
  EXPECT_EQ(named_, "");  // no name
  EXPECT_EQ(Post(authority_, {}, "localhost", 500), absl::UnavailableError("status 500"));
}

// Nothing is asked of them.
TEST_F(PostOverTls, BelievesNoOther) {
  const TestAuthority stranger;
  EXPECT_EQ(Post(stranger, {}, "localhost"),
            absl::UnavailableError("tls: unable to get local issuer certificate"));
  EXPECT_EQ(asked_, "");
  EXPECT_EQ(Post(authority_, {.names = "DNS:other.example"}, "localhost"),
            absl::UnavailableError("tls: hostname mismatch"));
  EXPECT_EQ(asked_, "");
  EXPECT_EQ(Post(authority_, {.names = "DNS:localhost,IP:192.0.2.1"}, "127.0.0.1"),
            absl::UnavailableError("tls: IP address mismatch"));
  EXPECT_EQ(Post(authority_, {.from_s = -7200, .to_s = -3600}, "localhost"),
            absl::UnavailableError("tls: certificate has expired"));
  EXPECT_EQ(Post(authority_, {.from_s = 3600, .to_s = 7200}, "localhost"),
            absl::UnavailableError("tls: certificate is not yet valid"));
  EXPECT_EQ(asked_, "");
}

TEST_F(PostOverTls, WithoutTrustNobodyIsAsked) {
  const auto tls = ServerOf(authority_.Issue());
  OneRequestServer server(200, tls.get());
  EXPECT_EQ(PostJson(*ParseTarget("https://localhost:" + server.port()), {}, "{}", 20s, nullptr),
            absl::UnavailableError("tls: no server is believed"));
  EXPECT_EQ(server.Asked().body(), "");
}

TEST_F(PostOverTls, SaysWhenTheOtherEndIsPlain) {
  OneRequestServer plain(200);
  const absl::Status posted =
      PostJson(*ParseTarget("https://127.0.0.1:" + plain.port()), {}, "{}", 20s, trust_.get());
  EXPECT_TRUE(absl::IsUnavailable(posted));
  EXPECT_THAT(std::string(posted.message()), StartsWith("tls: "));
}

}  // namespace
}  // namespace trunkline::http

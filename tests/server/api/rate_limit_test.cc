// X-16: who asks too often hears when to come again.
#include "server/api/rate_limit.h"

#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::HasSubstr;
using Seconds = std::optional<std::int64_t>;

TEST(RateLimitTest, ABurstThenSoManyASecond) {
  RateLimit limit({2, 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Take("a", 1000), Seconds());
  EXPECT_EQ(limit.Take("a", 1000), Seconds(1));
  EXPECT_EQ(limit.Take("b", 1000), Seconds());
  EXPECT_EQ(limit.Take("a", 1499), Seconds(1));
  EXPECT_EQ(limit.Take("a", 1500), Seconds());
  EXPECT_EQ(limit.Take("a", 1500), Seconds(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.Take("a", 1'000'000'000'000), Seconds());
  EXPECT_EQ(limit.Take("a", 1'000'000'000'000), Seconds(1));
}

TEST(RateLimitTest, LookingDoesntCount) {
  RateLimit limit({1, 1});
  EXPECT_EQ(limit.Wait("a", 0), Seconds());
  EXPECT_EQ(limit.Take("a", 0), Seconds());
  EXPECT_EQ(limit.Wait("a", 0), Seconds(1));
  EXPECT_EQ(limit.Wait("a", 999), Seconds(1));
  EXPECT_EQ(limit.Wait("a", 1000), Seconds());
}

TEST(RateLimitTest, AClockThatGoesBackGivesNothing) {
  RateLimit limit({1, 1});
  EXPECT_EQ(limit.Take("a", 5000), Seconds());
  EXPECT_EQ(limit.Take("a", 0), Seconds(1));
  EXPECT_EQ(limit.Take("a", 1000), Seconds());
}

TEST(RateLimitTest, MemoryIsBoundedAndNoRateIsNoLimit) {
  RateLimit limit({1, 1}, 2);
  limit.Take("a", 0);
  limit.Take("b", 0);
  limit.Take("a", 0);
  limit.Take("c", 0);
  EXPECT_EQ(limit.keys(), 2u);
  EXPECT_EQ(limit.Wait("a", 0), Seconds(1));
  EXPECT_EQ(limit.Wait("b", 0), Seconds());  // forgotten
  RateLimit none({0, 0});
  EXPECT_EQ(none.Take("a", 0), Seconds());
  EXPECT_EQ(none.keys(), 0u);
}

TEST(RateLimitTest, AClientIsAnAddressOrItsNetwork) {
  EXPECT_EQ(ClientOf("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ClientOf("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ClientOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(ClientOf(""), "");
}

class LimitedTest : public ApiTest {
 protected:
  LimitedTest() : ApiTest(Limits{{1, 2}, {1, 2}}) {}
};

TEST_F(LimitedTest, ACredentialThatAsksTooOftenWaits) {
  const std::string dialpad = "/api/calls/" + CallHex(), notes = "/api/v1/calls/" + CallHex();
  EXPECT_EQ(Ask("GET", dialpad).status(), 200u);
  EXPECT_EQ(Ask("GET", dialpad).status(), 200u);
  const Asked wait = Ask("GET", dialpad);
  EXPECT_EQ(wait.status(), 429u);
  EXPECT_EQ(wait.Header("Retry-After"), "1");
  EXPECT_EQ(wait.body(),
            R"({"success":false,"error":"Too many requests","code":"TOO_MANY_REQUESTS"})");
  EXPECT_NE(wait.Header("X-Request-Id"), "");
  EXPECT_EQ(Ask("GET", notes).body(), R"({"message":"Too many requests"})");
  EXPECT_EQ(Ask("POST", "/purge/v1/calls", R"({"ids":[]})").body(),
            R"({"message":"Too many requests","code":"TOO_MANY_REQUESTS"})");
  EXPECT_EQ(AskAs("Bearer " + jwt_, "GET", dialpad).status(), 200u);  // another one
  now_ms_ += 1000;
  EXPECT_EQ(Ask("GET", dialpad).status(), 200u);
}

TEST_F(LimitedTest, WrongTokensOfOneAddressAreFew) {
  const auto ask = [&](const std::string& token, const std::string& peer) {
    http::Request request;
    request.method = "GET";
    request.target = "/api/calls/" + CallHex();
    request.authorization = "Bearer " + token;
    request.peer = peer;
    return Ask(std::move(request)).status();
  };
  EXPECT_EQ(ask("wrong", "192.0.2.1"), 401u);
  EXPECT_EQ(ask("wrong", "192.0.2.1"), 401u);
  EXPECT_EQ(ask("wrong", "192.0.2.1"), 429u);
  EXPECT_EQ(ask("wrong", "192.0.2.2"), 401u);
  EXPECT_EQ(ask(key_, "192.0.2.1"), 200u);  // behind the same gateway
}

TEST_F(LimitedTest, SecretsAreNotGuessedAtTheTokenEndpoint) {
  const auto ask = [&](const std::string& secret) {
    http::Request request;
    request.method = "POST";
    request.target = "/Token";
    request.content_type = "application/x-www-form-urlencoded";
    request.body = "grant_type=client_credentials&client_id=" + records::Oid(2, 51).Hex() +
                   "&client_secret=" + secret;
    request.peer = "192.0.2.1";
    return Ask(std::move(request)).status();
  };
  EXPECT_EQ(ask(client_secret_), 200u);
  EXPECT_EQ(ask("wrong"), 400u);
  EXPECT_EQ(ask("wrong"), 400u);
  EXPECT_EQ(ask("wrong"), 429u);
  EXPECT_EQ(ask(client_secret_), 429u);
  now_ms_ += 1000;
  EXPECT_EQ(ask(client_secret_), 200u);
}

}  // namespace
}  // namespace trunkline::api

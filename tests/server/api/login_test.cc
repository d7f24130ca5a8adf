// POST /api/auth/login, and what its tokens are worth.
#include <deque>
#include <functional>

#include "common/crypto/password.h"
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::HasSubstr;

constexpr char kPassword[] = "correct horse";
constexpr char kWrong[] = R"({"error":"Wrong e-mail or password"})";

// Ann, who has a password, and Bo of another organization, who has none.
class LoginTest : public ApiTest {
 protected:
  LoginTest() : LoginTest(Limits{}) {}
  explicit LoginTest(const Limits& limits) : ApiTest(limits) {
    ledger_.users[0].email = "Ann@Example.org";
    ledger_.users[1].email = "bo@example.org";
    static const Bytes hash = [] {
      SeededEntropy entropy(1);
      return crypto::HashPassword(kPassword, entropy);
    }();
    records::Credential password =
        Make(60, own_, records::CredentialKind::kPassword, ScopesOf(records::Role::kMember));
    password.user = ledger_.users[0].id;
    password.hash = std::string(AsText(hash));
    ledger_.credentials.push_back(password);
    Refill();
  }
  records::Credential& password() { return ledger_.credentials.back(); }

  Asked LogIn(const std::string& email, const std::string& password,
              const std::string& peer = "192.0.2.1") {
    return Post(R"({"email":")" + email + R"(","password":")" + password + "\"}", peer);
  }
  Asked Post(const std::string& body, const std::string& peer = "192.0.2.1",
             const std::string& type = "application/json") {
    http::Request request;
    request.method = "POST";
    request.target = "/api/auth/login";
    request.content_type = type;
    request.body = body;
    request.peer = peer;
    return Ask(std::move(request));
  }
  std::string TokenOf(const Asked& asked) {
    return "Bearer " + std::string(asked.Json().at("token").as_string());
  }
  unsigned Verified(const std::string& token) {
    return AskAs(token, "GET", "/api/auth/verify-token").status();
  }
};

TEST_F(LoginTest, WhoKnowsThePasswordGetsAToken) {
  const Asked in = LogIn("ann@example.org", kPassword);
  ASSERT_EQ(in.status(), 200u) << in.body();
  EXPECT_EQ(boost::json::serialize(in.Json().at("user")),
            R"({"id":"00000000000000000000000b","email":"Ann@Example.org","fullName":"Ann Lee",)"
            R"("organizationId":")" +
                own_.Hex() + R"(","accessRole":"member"})");
  const std::string token = TokenOf(in);
  EXPECT_EQ(AskAs(token, "GET", "/api/auth/verify-token").body(), R"({"message":"Token is good"})");
  EXPECT_EQ(AskAs(token, "GET", "/api/calls/" + CallHex()).status(), 200u);
  EXPECT_EQ(AskAs(token, "GET", "/api/calls/" + ForeignHex()).status(), 404u);
  // Notes are the user's own.
  EXPECT_EQ(
      AskAs(token, "POST", "/api/v1/calls/" + CallHex() + "/notes", R"({"content":"a"})").status(),
      200u);
  EXPECT_EQ(ledger_.actor->user, ledger_.users[0].id);
  EXPECT_EQ(Verified(token), 200u);
  now_ms_ += kSessionTokenSeconds * 1000;
  EXPECT_EQ(Verified(token), 401u);
}

TEST_F(LoginTest, OnlyAdminsPurge) {
  const auto purge = [this] {
    return AskAs(TokenOf(LogIn("ann@example.org", kPassword)), "POST", "/purge/v1/calls",
                 R"({"ids":[]})")
        .status();
  };
  EXPECT_EQ(purge(), 403u);
  ledger_.users[0].role = records::Role::kAdmin;
  password().scopes = ScopesOf(records::Role::kAdmin);
  Refill();
  EXPECT_EQ(purge(), 200u);
  EXPECT_THAT(LogIn("ann@example.org", kPassword).body(), HasSubstr(R"("accessRole":"admin")"));
}

TEST_F(LoginTest, WhateverIsWrongSoundsTheSame) {
  const std::pair<std::string, std::string> rows[] = {
      {"ann@example.org", "correct hors"},
      {"ann@example.org", ""},
      {"nobody@example.org", kPassword},
      {"bo@example.org", kPassword},
      {"", kPassword},
      {"ann@example.org", "correct horse "},
  };
  for (const auto& [email, password] : rows) {
    const Asked refused = LogIn(email, password);
    EXPECT_EQ(refused.status(), 401u) << email;
    EXPECT_EQ(refused.body(), kWrong) << email;
  }
  // Two users of one e-mail: nobody can tell whose the password is.
  ledger_.users[1].email = "ANN@example.org";
  EXPECT_EQ(LogIn("ann@example.org", kPassword).body(), kWrong);
}

TEST_F(LoginTest, ARevokedPasswordEndsItsTokens) {
  const std::string token = TokenOf(LogIn("ann@example.org", kPassword));
  EXPECT_EQ(Verified(token), 200u);
  password().revoked = true;
  Refill();
  EXPECT_EQ(Verified(token), 401u);
  EXPECT_EQ(LogIn("ann@example.org", kPassword).body(), kWrong);
}

// The password is kept for one organization; who is in another one by now has to get a new one.
TEST_F(LoginTest, AMovedUserIsNotLetIntoTheOldOrganization) {
  ledger_.users[0].organization = foreign_;
  EXPECT_EQ(LogIn("ann@example.org", kPassword).body(), kWrong);
}

TEST_F(LoginTest, WrongRequestsAreSaidToBeSo) {
  EXPECT_EQ(Post("{}").status(), 400u);
  EXPECT_THAT(Post(R"({"email":"a@b"})").body(), HasSubstr("password"));
  EXPECT_EQ(Post(R"({"email":1,"password":"x"})").status(), 400u);
  EXPECT_EQ(Post(R"({"email":"a","email":"b","password":"x"})").status(), 400u);
  EXPECT_EQ(LogIn(std::string(255, 'a'), "x").status(), 400u);
  EXPECT_EQ(LogIn("a@b", std::string(801, 'a')).status(), 400u);
  EXPECT_EQ(Post("email=a", "192.0.2.1", "application/x-www-form-urlencoded").status(), 415u);
  EXPECT_EQ(AskAs("", "GET", "/api/auth/login").status(), 405u);
  backend_.failure = absl::UnavailableError("busy");
  EXPECT_EQ(LogIn("ann@example.org", kPassword).status(), 503u);
  backend_.failure = absl::OkStatus();
  aside_full_ = true;
  EXPECT_EQ(LogIn("ann@example.org", kPassword).status(), 503u);
  for (const Access& access : log_) EXPECT_FALSE(access.credential);
}

class LimitedLoginTest : public LoginTest {
 protected:
  LimitedLoginTest() : LoginTest(Limits{{}, {1, 2}}) {}
};

// X-16
TEST_F(LimitedLoginTest, PasswordsAreNotGuessed) {
  EXPECT_EQ(LogIn("ann@example.org", "guess number one").status(), 401u);
  EXPECT_EQ(LogIn("nobody@example.org", "guess number two").status(), 401u);
  const Asked late = LogIn("ann@example.org", kPassword);
  EXPECT_EQ(late.status(), 429u);
  EXPECT_EQ(late.Header("Retry-After"), "1");
  EXPECT_EQ(LogIn("ann@example.org", kPassword, "192.0.2.2").status(), 200u);
  now_ms_ += 1000;
  EXPECT_EQ(LogIn("ann@example.org", kPassword).status(), 200u);
}

}  // namespace
}  // namespace trunkline::api

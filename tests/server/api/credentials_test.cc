// Tokens, keys and what they are worth.
#include "absl/strings/escaping.h"
#include "common/crypto/sha.h"
#include "server/api/jwt.h"
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

const std::string kKey(32, 'k');
constexpr std::int64_t kNowS = kNow / 1000;

std::string Encoded(const std::string& text) {
  return absl::WebSafeBase64Escape(text);
}

// A token of any header and body, signed as ours are.
std::string Signed(const std::string& header, const std::string& body,
                   const std::string& key = kKey) {
  const std::string part = Encoded(header) + "." + Encoded(body);
  const auto digest = crypto::HmacSha256(AsBytes(key), AsBytes(part));
  return part + "." + Encoded(std::string(AsText(digest)));
}

std::string BodyWith(const std::string& more) {
  return R"({"jti":")" + records::Oid(2, 1).Hex() + R"(","org":")" + records::Oid(1, 1).Hex() +
         R"(","scope":"calls:read")" + more + "}";
}

constexpr char kHeader[] = R"({"alg":"HS256","typ":"JWT"})";

std::optional<JwtClaims> Read(const std::string& token, std::int64_t now_s = kNowS) {
  return ReadJwt(token, AsBytes(kKey), now_s);
}

// RFC 7515, A.1: the signature itself, of known bytes.
TEST(Jwt, SignsAsTheStandardDoes) {
  const Bytes key = FromHex(
      "0323354b2b0fa5bc837e0665777ba68f5ab328e6f054c928a90f84b2d2502ebf"
      "d3fb5a92d20647ef968ab4c377623d223d2e2172052e4f08c0cd9af567d080a3");
  const std::string part =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogIm"
      "h0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const auto digest = crypto::HmacSha256(key, AsBytes(part));
  EXPECT_EQ(Encoded(std::string(AsText(digest))), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST(Jwt, ComesBackAsItWas) {
  JwtClaims claims{records::Oid(2, 1), records::Oid(1, 1), kCallsRead | kNotesWrite};
  claims.issued_s = claims.not_before_s = kNowS;
  claims.expires_s = kNowS + 60;
  const std::string token = MakeJwt(claims, AsBytes(kKey));
  const auto read = Read(token);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->credential, claims.credential);
  EXPECT_EQ(read->organization, claims.organization);
  EXPECT_EQ(read->scopes, claims.scopes);
  EXPECT_FALSE(Read(token, kNowS - 1));
  EXPECT_TRUE(Read(token, kNowS + 59));
  EXPECT_FALSE(Read(token, kNowS + 60));
  claims.expires_s = 0;
  EXPECT_TRUE(Read(MakeJwt(claims, AsBytes(kKey)), kNowS + 1'000'000'000));
}

TEST(Jwt, EveryChangedCharacterIsNoticed) {
  const std::string token = Signed(kHeader, BodyWith(""));
  ASSERT_TRUE(Read(token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'Q', '.', '='}) {
      std::string changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      EXPECT_FALSE(Read(changed)) << i;
    }
    EXPECT_FALSE(Read(token.substr(0, i)));
  }
  EXPECT_FALSE(Read(token + "="));
  EXPECT_FALSE(Read(token + "."));
}

// T-12: one algorithm, whatever the header says, also where the signature is right.
TEST(Jwt, OnlyHs256) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})", R"({"alg":"HS512"})",
        R"({"alg":"RS256"})", R"({"typ":"JWT"})", R"({"alg":["HS256"]})", "[]", "", "x",
        R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","crit":["exp"]})"}) {
    EXPECT_FALSE(Read(Signed(header, BodyWith("")))) << header;
  }
  const std::string part = Encoded(R"({"alg":"none"})") + "." + Encoded(BodyWith(""));
  EXPECT_FALSE(Read(part + "."));
  EXPECT_FALSE(Read(part));
  EXPECT_FALSE(Read(Signed(kHeader, BodyWith(""), std::string(32, 'x'))));
  EXPECT_FALSE(Read(Signed(kHeader, BodyWith(""), "")));
}

TEST(Jwt, ClaimsAreChecked) {
  for (const char* more :
       {R"(,"exp":"1")", R"(,"exp":0)", R"(,"exp":1.5)", R"(,"exp":-1)", R"(,"exp":null)",
        R"(,"exp":1)", R"(,"nbf":"x")", R"(,"nbf":99999999999)", R"(,"iat":{})", R"(,"jti":"x")",
        R"(,"scope":"calls:read calls:fly")"}) {
    EXPECT_FALSE(Read(Signed(kHeader, BodyWith(more)))) << more;
  }
  for (const char* body : {"{}", "[]", "1", "", R"({"jti":"x","org":"y","scope":""})"}) {
    EXPECT_FALSE(Read(Signed(kHeader, body))) << body;
  }
  EXPECT_FALSE(Read(Signed(kHeader, BodyWith(R"(,"x":")" + std::string(3000, 'x') + "\""))));
  EXPECT_TRUE(Read(Signed(kHeader, BodyWith(R"(,"more":{"a":[1]})"))));
}

TEST(Scopes, HaveNames) {
  EXPECT_EQ(ScopeText(kCallsRead | kEventsRead), "calls:read events:read");
  EXPECT_EQ(ParseScopes("calls:read,calls:write calls:purge,notes:write,events:read"), 31u);
  EXPECT_EQ(ParseScopes(""), 0u);
  EXPECT_EQ(ParseScopes("calls"), std::nullopt);
}

class KeyringTest : public ApiTest {
 protected:
  std::optional<Principal> Find(const std::string& header) {
    return keyring_->Find(header, now_ms_);
  }
};

// The secret is known to its holder only.
TEST_F(KeyringTest, SecretsAreKeptAsHashes) {
  SeededEntropy entropy(7);
  const NewSecret one = MakeSecret(records::CredentialKind::kApiKey, entropy);
  const NewSecret other = MakeSecret(records::CredentialKind::kClient, entropy);
  EXPECT_EQ(one.text.size(), 4u + 43u);
  EXPECT_TRUE(one.text.starts_with("tlk_"));
  EXPECT_TRUE(other.text.starts_with("tls_"));
  EXPECT_EQ(one.hash, AsText(crypto::Sha256(AsBytes(one.text))));
  EXPECT_NE(one.text, other.text);
}

TEST_F(KeyringTest, SchemesAndBlanks) {
  ASSERT_TRUE(Find("Bearer " + key_));
  EXPECT_EQ(Find("Bearer " + key_)->organization, own_);
  EXPECT_EQ(Find("BEARER   " + foreign_key_)->organization, foreign_);
  for (const std::string& header :
       {key_, "Bearer" + key_, "Bearer\t" + key_, "Bearer " + key_ + " ", " Bearer " + key_,
        "Basic " + key_, "Bearer " + std::string(5000, 'a'), std::string("Bearer  ")}) {
    EXPECT_FALSE(Find(header)) << header.substr(0, 60);
  }
}

TEST_F(KeyringTest, KeysEndAndAreTakenAway) {
  ledger_.credentials[0].expires_ms = kNow + 1000;
  Refill();
  EXPECT_TRUE(Find("Bearer " + key_));
  now_ms_ = kNow + 1000;
  EXPECT_FALSE(Find("Bearer " + key_));
  ledger_.credentials[0].expires_ms = 0;
  ledger_.credentials[0].revoked = true;
  Refill();
  EXPECT_FALSE(Find("Bearer " + key_));
  ledger_.credentials.clear();
  Refill();
  EXPECT_FALSE(Find("Bearer " + jwt_));
}

// A token says less than its credential, never more, and never of another organization.
TEST_F(KeyringTest, CredentialsBoundTheirTokens) {
  ledger_.credentials[2].scopes = kCallsRead;
  Refill();
  EXPECT_EQ(Find("Bearer " + jwt_)->scopes, static_cast<std::uint32_t>(kCallsRead));
  ledger_.credentials[2].organization = foreign_;
  Refill();
  EXPECT_FALSE(Find("Bearer " + jwt_));
  // Nor does an API key's id make a token.
  EXPECT_FALSE(Find("Bearer " + keyring_->JwtOf(ledger_.credentials[0], kNow)));
}

TEST_F(KeyringTest, LimitedCredentialsMakeLimitedTokens) {
  records::Credential& credential = ledger_.credentials[2];
  credential.expires_ms = kNow + 60'000;
  credential.user = records::Oid(0, 11);
  Refill();
  const std::string token = keyring_->JwtOf(credential, kNow);
  EXPECT_EQ(Find("Bearer " + token)->user, records::Oid(0, 11));
  now_ms_ = kNow + 60'000;
  EXPECT_FALSE(Find("Bearer " + token));
}

}  // namespace
}  // namespace trunkline::api

// X-15: a request with an Idempotency-Key happens once.
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::HasSubstr;

class IdempotencyTest : public ApiTest {
 protected:
  Asked AskWith(const std::string& key, const std::string& method, const std::string& target,
                const std::string& body = "", const std::string& token = "") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.content_type = "application/json";
    request.authorization = "Bearer " + (token.empty() ? key_ : token);
    request.idempotency_key = key;
    return Ask(std::move(request));
  }
  static bool IsReplay(const Asked& asked) { return asked.Header("Idempotent-Replayed") == "true"; }
  std::string Notes() const { return "/api/v1/calls/" + CallHex() + "/notes"; }
  std::string Discard() const { return "/api/calls/" + CallHex() + "/discard"; }
};

TEST_F(IdempotencyTest, ASecondDiscardHearsWhatTheFirstHeard) {
  const std::string target = Discard();
  const Asked first = AskWith("k", "POST", target);
  EXPECT_THAT(first.body(), HasSubstr("Call discarded"));
  EXPECT_FALSE(IsReplay(first));
  const Asked again = AskWith("k", "POST", target);
  EXPECT_EQ(again.body(), first.body());
  EXPECT_TRUE(IsReplay(again));
  EXPECT_THAT(AskWith("other", "POST", target).body(), HasSubstr("nothing to discard"));
}

TEST_F(IdempotencyTest, ANoteIsMadeOnceAndShownAsItIs) {
  const std::string body = R"({"content":"once"})";
  const Asked first = AskWith("k", "POST", Notes(), body);
  ASSERT_EQ(first.status(), 200u);
  const Asked again = AskWith("k", "POST", "/calls/" + CallHex() + "/notes", body);  // the alias
  EXPECT_EQ(again.body(), first.body());
  EXPECT_TRUE(IsReplay(again));
  EXPECT_EQ(ledger_.calls[0].notes.size(), 3u);
  for (const auto& [key, kept] : ledger_.answers_known) EXPECT_EQ(kept.body, "");
}

TEST_F(IdempotencyTest, ADeletedNoteIsDeletedOnce) {
  const std::string target = Notes() + "/" + records::Oid(4, 1).Hex();
  const Asked first = AskWith("k", "DELETE", target);
  EXPECT_EQ(first.status(), 200u);
  EXPECT_EQ(AskWith("k", "DELETE", target).body(), first.body());
  EXPECT_EQ(AskWith("other", "DELETE", target).status(), 404u);
  EXPECT_EQ(AskWith("other", "DELETE", target).status(), 404u);
}

TEST_F(IdempotencyTest, AnotherRequestUnderTheKeyIsAConflict) {
  AskWith("k", "POST", Notes(), R"({"content":"once"})");
  const Asked other = AskWith("k", "POST", Notes(), R"({"content":"twice"})");
  EXPECT_EQ(other.status(), 409u);
  EXPECT_EQ(other.body(), R"({"message":"The Idempotency-Key was used for another request"})");
  EXPECT_EQ(ledger_.calls[0].notes.size(), 3u);
  const std::string ids = R"({"ids":[")" + CallHex() + R"("]})";
  EXPECT_EQ(AskWith("p", "POST", "/purge/v1/calls", ids).status(), 200u);
  const Asked purge = AskWith("p", "POST", "/purge/v1/calls",
                              R"({"ids":[]})"
                              " ");
  EXPECT_EQ(purge.status(), 200u);  // nothing to do, and no key needed for it
  const Asked dry = AskWith("p", "POST", "/Purge/V1/Calls", R"({"ids":["x"]})");
  EXPECT_THAT(dry.body(), HasSubstr(R"("code":"IDEMPOTENCY_KEY_REUSED")"));
}

TEST_F(IdempotencyTest, AKeyIsOfOneCredentialMethodAndPath) {
  const std::string body = R"({"content":"mine"})";
  AskWith("k", "POST", Notes(), body);
  EXPECT_FALSE(IsReplay(AskWith("k", "POST", Notes(), body, jwt_)));
  EXPECT_FALSE(IsReplay(AskWith("k", "POST", Discard())));
  const std::string note = Notes() + "/" + records::Oid(4, 1).Hex();
  ledger_.calls.clear();
  AddCall(own_, 100);
  EXPECT_FALSE(IsReplay(AskWith("k", "PATCH", note, body)));
  EXPECT_FALSE(IsReplay(AskWith("k", "DELETE", note, body)));
}

TEST_F(IdempotencyTest, AnAnswerGoesWithItsCall) {
  const std::string body = R"({"content":"once"})", target = Notes();
  AskWith("k", "POST", target, body);
  ledger_.calls.clear();
  const Asked gone = AskWith("k", "POST", target, body);
  EXPECT_EQ(gone.status(), 409u);
  EXPECT_THAT(gone.body(), HasSubstr("is gone"));
  for (auto& [key, kept] : ledger_.answers_known) {
    kept = {};
    kept.form = records::KeptAnswer::Form::kErased;
  }
  EXPECT_EQ(AskWith("k", "POST", target, body).status(), 409u);
}

TEST_F(IdempotencyTest, APurgeIsReplayedWithItsJobAndADryRunIsNot) {
  const std::string ids = R"({"ids":[")" + CallHex() + R"("]})";
  const Asked dry = AskWith("k", "POST", "/purge/v1/calls?whatIf=true", ids);
  EXPECT_EQ(dry.status(), 200u);
  EXPECT_TRUE(ledger_.answers_known.empty());
  const Asked first = AskWith("k", "POST", "/purge/v1/calls", ids);
  const Asked again = AskWith("k", "POST", "/purge/v1/calls", ids);
  EXPECT_EQ(again.body(), first.body());
  EXPECT_EQ(again.Header("X-Purge-Job"), first.Header("X-Purge-Job"));
  EXPECT_TRUE(IsReplay(again));
  EXPECT_EQ(audits_.size(), 2u);  // the dry run and the purge
}

TEST_F(IdempotencyTest, WhatWasRefusedMayBeTriedAgain) {
  EXPECT_EQ(AskWith("k", "POST", Notes(), R"({"content":1})").status(), 400u);
  backend_.failure = absl::UnavailableError("full");
  EXPECT_EQ(AskWith("k", "POST", Notes(), R"({"content":"a"})").status(), 503u);
  backend_.failure = absl::OkStatus();
  EXPECT_EQ(AskWith("k", "POST", Notes(), R"({"content":"a"})").status(), 200u);
}

TEST_F(IdempotencyTest, KeysAndWhatIsKeptAreBounded) {
  for (const std::string& key : {std::string(256, 'a'), std::string("a b"), std::string("\xc3")}) {
    EXPECT_EQ(AskWith(key, "POST", Discard()).status(), 400u);
  }
  EXPECT_EQ(ledger_.changes, 0);
  ledger_.answers_full = true;
  const Asked full = AskWith("k", "POST", Discard());
  EXPECT_EQ(full.status(), 429u);
  EXPECT_EQ(full.Header("Retry-After"), "3600");
  ledger_.answers_full = false;
  std::string ids = R"({"ids":[)";
  for (int i = 0; i < 100; ++i) ids += (i == 0 ? "\"" : ",\"") + std::string(640, 'x') + "\"";
  ids += "]}";
  EXPECT_EQ(AskWith("long", "POST", "/purge/v1/calls", ids).status(), 200u);
  const Asked again = AskWith("long", "POST", "/purge/v1/calls", ids);
  EXPECT_EQ(again.status(), 409u);
  EXPECT_THAT(again.body(), HasSubstr("ANSWER_NOT_KEPT"));
}

TEST_F(IdempotencyTest, AWebhookIsToldOfOnce) {
  const std::string body = R"({"url":"http://127.0.0.1:1/","secret":"0123456789abcdef"})";
  AskWith("k", "PUT", "/api/webhooks/a", body);
  AskWith("k", "PUT", "/api/webhooks/a", body);
  EXPECT_EQ(webhook_changes_.size(), 1u);
}

TEST_F(IdempotencyTest, ReadsIgnoreIt) {
  EXPECT_EQ(AskWith("k", "GET", "/api/v1/calls/" + CallHex()).status(), 200u);
  EXPECT_TRUE(ledger_.answers_known.empty());
}

}  // namespace
}  // namespace trunkline::api

// /purge/v1 and /Token.
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PurgeTest : public ApiTest {
 protected:
  static std::string Item(const std::string& call, const std::string& session,
                          const std::string& status) {
    const auto quoted = [](const std::string& text) {
      return text.empty() ? "null" : "\"" + text + "\"";
    };
    return R"({"callId":)" + quoted(call) + R"(,"sessionId":)" + quoted(session) +
           R"(,"status":")" + status + R"(","errorMsg":null})";
  }
  std::string Own(const std::string& status) const {
    return Item(CallHex(), ledger_.calls[0].session.Hex(), status);
  }
  static std::string Ids(std::size_t count) {
    std::string body = R"({"ids":[)";
    for (std::size_t i = 0; i < count; ++i) {
      body += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
    }
    return body + "]}";
  }
};

// P-01, P-02, P-03, P-04, P-44 (the header): the vector by call, with exact members in exact order.
TEST_F(PurgeTest, ByCall) {
  const Asked asked =
      Ask("POST", "/purge/v1/calls", R"({"ids":[")" + CallHex() + R"(","BadCallId"]})");
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.body(),
            R"({"items":[)" + Own("Purging") + "," + Item("BadCallId", "", "NotFound") + "]}");
  EXPECT_EQ(asked.Header("X-Purge-Job"), records::Oid(7, 7).Hex());
  EXPECT_EQ(ledger_.purge->kind, records::PurgeRequest::Kind::kCalls);
  EXPECT_THAT(ledger_.purge->ids, ElementsAre(CallHex(), "BadCallId"));
}

// P-05, P-06, P-07
TEST_F(PurgeTest, BySession) {
  const std::string session = ledger_.calls[0].session.Hex();
  const Asked asked =
      Ask("POST", "/purge/v1/calls/sessions", R"({"ids":[")" + session + R"(","BadSessionId"]})");
  EXPECT_EQ(asked.body(),
            R"({"items":[)" + Own("Purging") + "," + Item("", "BadSessionId", "NotFound") + "]}");
  EXPECT_EQ(ledger_.purge->kind, records::PurgeRequest::Kind::kSessions);
}

// P-09, P-10, P-11, P-20: the vector by customer, first as a dry run.
TEST_F(PurgeTest, ByCustomer) {
  const std::string nothing_left = Item("", records::Oid(9, 9).Hex(), "WhatIf");
  const char* body = R"({"phoneNumber":"+15125551234"})";
  const Asked dry = Ask("POST", "/purge/v1/calls/customer?whatIf=true", body);
  EXPECT_EQ(dry.body(), R"({"items":[)" + Own("WhatIf") + "," + nothing_left + "]}");
  EXPECT_EQ(dry.Header("X-Purge-Job"), "");
  EXPECT_EQ(ledger_.changes, 0);
  const Asked real = Ask("POST", "/purge/v1/calls/customer", body);
  EXPECT_THAT(real.body(), HasSubstr(Own("Purging")));
  EXPECT_EQ(ledger_.changes, 1);
  for (const char* same : {"15125551234", "+1 512-555-1234", "(512) 555.1234"}) {
    Ask("POST", "/purge/v1/calls/customer", std::string(R"({"phoneNumber":")") + same + "\"}");
    EXPECT_EQ(ledger_.purge->number_e164, "+15125551234") << same;
  }
}

// P-12
TEST_F(PurgeTest, ANumberWithoutCallsIsNoMistake) {
  EXPECT_EQ(Ask("POST", "/purge/v1/calls/customer", R"({"phoneNumber":"+4930123456"})").body(),
            R"({"items":[]})");
}

// P-09 and section 12, 6: what is no number selects nothing.
TEST_F(PurgeTest, NumbersAreChecked) {
  for (const char* body :
       {R"({"phoneNumber":""})", R"({"phoneNumber":"abc"})", R"({"phoneNumber":15125551234})",
        R"({"phoneNumber":null})", "{}", "[]", R"({"phonenumber":"+15125551234"})"}) {
    const Asked asked = Ask("POST", "/purge/v1/calls/customer", body);
    EXPECT_EQ(asked.status(), 400u) << body;
    EXPECT_EQ(asked.Json().at("code"), "VALIDATION_ERROR");
  }
  EXPECT_FALSE(ledger_.purge);
}

// P-21: a misspelt dry run is none, and no purge either.
TEST_F(PurgeTest, WhatIfIsTrueOrFalseAndNothingElse) {
  const std::string body = R"({"phoneNumber":"+15125551234"})";
  for (const char* query :
       {"whatIf=yes", "whatIf=", "whatIf", "whatIf=1", "whatIf=true&whatIf=true",
        "whatIf=false&WHATIF=true", "whatif=tru", "whatIf=true%00", "whatIf=%zz", "what%49f=yes",
        "whatIf=true%20", "whatIf=+true", "a=%", "whatIf=true,true"}) {
    for (const char* path :
         {"/purge/v1/calls/customer?", "/purge/v1/calls?", "/purge/v1/calls/sessions?"}) {
      const Asked asked = Ask("POST", std::string(path) + query, body);
      EXPECT_EQ(asked.status(), 400u) << path << query;
    }
  }
  EXPECT_FALSE(ledger_.purge);
  for (const char* query : {"whatIf=true", "whatif=TRUE", "WHATIF=True", "x=1&what%49f=true"}) {
    Ask("POST", std::string("/purge/v1/calls/customer?") + query, body);
    ASSERT_TRUE(ledger_.purge) << query;
    EXPECT_TRUE(ledger_.purge->what_if) << query;
  }
  EXPECT_EQ(ledger_.changes, 0);
  Ask("POST", "/purge/v1/calls/customer?whatIf=False", body);
  EXPECT_FALSE(ledger_.purge->what_if);
}

// P-22
TEST_F(PurgeTest, WhatIfIsThereForIdsToo) {
  const Asked asked =
      Ask("POST", "/purge/v1/calls?whatIf=true", R"({"ids":[")" + CallHex() + R"(","x"]})");
  EXPECT_EQ(asked.body(), R"({"items":[)" + Own("WhatIf") + "," + Item("x", "", "NotFound") + "]}");
  EXPECT_EQ(ledger_.changes, 0);
}

// P-23
TEST_F(PurgeTest, DryRunsAreInTheAuditLog) {
  const char* body = R"({"phoneNumber":"+15125551234"})";
  Ask("POST", "/purge/v1/calls/customer?whatIf=true", body);
  Ask("POST", "/purge/v1/calls/customer", body);
  Ask("POST", "/purge/v1/calls/customer", R"({"phoneNumber":"+15125551235"})");
  ASSERT_EQ(audits_.size(), 3u);
  EXPECT_TRUE(audits_[0].what_if);
  EXPECT_EQ(audits_[0].items, 2u);
  EXPECT_EQ(audits_[0].organization, own_);
  EXPECT_EQ(audits_[0].credential, ledger_.credentials[0].id);
  EXPECT_FALSE(audits_[1].what_if);
  EXPECT_EQ(audits_[0].selector, audits_[1].selector);
  EXPECT_NE(audits_[0].selector, audits_[2].selector);
  EXPECT_EQ(audits_[0].selector.find("5125551234"), std::string::npos);
}

// P-30
TEST_F(PurgeTest, AtMostAHundredIds) {
  EXPECT_EQ(Ask("POST", "/purge/v1/calls", Ids(100)).Json().at("items").as_array().size(), 100u);
  ledger_.purge.reset();
  for (const char* path : {"/purge/v1/calls", "/purge/v1/calls/sessions"}) {
    const Asked asked = Ask("POST", path, Ids(101));
    EXPECT_EQ(asked.status(), 400u);
    EXPECT_EQ(asked.body(),
              R"({"message":"ids: at most 100 IDs per request","code":"TOO_MANY_IDS",)"
              R"("limit":100,"given":101})");
  }
  EXPECT_FALSE(ledger_.purge);
}

// P-31, X-10
TEST_F(PurgeTest, IdsAreAnArrayOfStrings) {
  for (const char* body :
       {"", "{}", R"({"ids":"x"})", R"({"ids":[1]})", R"({"ids":["a",null]})", R"({"ids":null})",
        R"({"ids":{}})", R"(["a"])", "x", R"({"IDS":[]})", R"({"ids":["a"],"ids":["b"]})"}) {
    const Asked asked = Ask("POST", "/purge/v1/calls", body);
    EXPECT_EQ(asked.status(), 400u) << body;
    EXPECT_EQ(asked.Json().at("code"), "VALIDATION_ERROR") << body;
    EXPECT_TRUE(asked.Json().at("message").is_string());
  }
  EXPECT_FALSE(ledger_.purge);
  const Asked none = Ask("POST", "/purge/v1/calls", R"({"ids":[]})");
  EXPECT_EQ(none.status(), 200u);
  EXPECT_EQ(none.body(), R"({"items":[]})");
}

// P-03, P-32, section 12, 7: twice is two items, a strange id comes back as it was sent.
TEST_F(PurgeTest, IdsAreEchoedAsTheyCame) {
  const Asked asked = Ask("POST", "/purge/v1/calls", R"({"ids":["Q","Q","a\u0000b","","\u00e9"]})");
  EXPECT_EQ(asked.status(), 200u);
  ASSERT_EQ(ledger_.purge->ids.size(), 5u);
  EXPECT_EQ(ledger_.purge->ids[2], std::string("a\0b", 3));
  const auto items = asked.Json().at("items").as_array();
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[2].at("callId").as_string(), boost::json::string_view("a\0b", 3));
  EXPECT_EQ(items[3].at("callId"), "");
  EXPECT_EQ(items[4].at("callId"), "\xc3\xa9");
}

// P-34
TEST_F(PurgeTest, OneThatFailsSaysSoAmongTheOthers) {
  ledger_.purge_error = {"id", std::nullopt, records::PurgeItem::Status::kError, "legal hold"};
  const Asked asked = Ask("POST", "/purge/v1/calls", R"({"ids":["x"]})");
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_THAT(asked.body(), HasSubstr(R"({"callId":"id","sessionId":null,"status":"Error",)"
                                      R"("errorMsg":"legal hold"})"));
}

// P-35
TEST_F(PurgeTest, WhoMayNotIsTold) {
  const char* body = R"({"ids":["x"]})";
  const Asked unknown = AskAs("Bearer tlk_x", "POST", "/purge/v1/calls", body);
  EXPECT_EQ(unknown.status(), 401u);
  EXPECT_EQ(unknown.body(), R"({"message":"Unauthorized","code":"UNAUTHORIZED"})");
  const std::string weak = AddKey(own_, kAll & ~static_cast<std::uint32_t>(kCallsPurge));
  const Asked forbidden = AskAs("Bearer " + weak, "POST", "/purge/v1/calls", body);
  EXPECT_EQ(forbidden.status(), 403u);
  EXPECT_EQ(forbidden.Json().at("code"), "FORBIDDEN");
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                           "application/json;charset=utf-16"}) {
    EXPECT_EQ(Ask("POST", "/purge/v1/calls", body, type).status(), 415u) << type;
  }
  EXPECT_FALSE(ledger_.purge);
  EXPECT_EQ(Ask("POST", "/purge/v1/calls", body, "application/json; charset=utf-8").status(), 200u);
}

// P-35, X-17
TEST_F(PurgeTest, AStoreThatCantBeWrittenIsNotAMistakeOfTheClient) {
  backend_.failure = absl::UnavailableError("x");
  const Asked asked = Ask("POST", "/purge/v1/calls", R"({"ids":["x"]})");
  EXPECT_EQ(asked.status(), 503u);
  EXPECT_NE(asked.Header("Retry-After"), "");
  EXPECT_EQ(asked.Json().at("code"), "UNAVAILABLE");
  backend_.failure = absl::InternalError("x");
  EXPECT_EQ(Ask("POST", "/purge/v1/calls", R"({"ids":["x"]})").status(), 500u);
}

// 5.1: paths in either case, and other tenants' hosts.
TEST_F(PurgeTest, PathsMatchInEitherCase) {
  for (const char* path : {"/Purge/V1/Calls", "/PURGE/v1/calls", "/purge/v1/CALLS?WhatIf=TRUE"}) {
    EXPECT_EQ(Ask("POST", path, R"({"ids":["x"]})").status(), 200u) << path;
  }
  ledger_.organizations.push_back({records::Oid(1, 3), "Without a label", "", 3});
  Refill();
  http::Request request;
  request.method = "POST";
  request.target = "/purge/v1/calls";
  request.body = R"({"ids":["x"]})";
  request.authorization = "Bearer " + key_;
  for (const auto& [host, status] :
       {std::pair("acme.audio.example:8080", 200u), std::pair("ACME", 200u),
        std::pair("nobody.example", 200u), std::pair("other.audio.example", 403u),
        std::pair("OTHER:80", 403u), std::pair("", 200u)}) {
    request.host = host;
    EXPECT_EQ(Ask(request).status(), status) << host;
  }
}

// P-43, P-44
TEST_F(PurgeTest, JobsAndCallsCanBeFollowed) {
  const records::Oid running(6, 1), over(6, 2), foreign(6, 3);
  ledger_.jobs = {{running, own_, 1, 0, ""},
                  {over, own_, 1, 2, R"({"calls":3,"signature":"ab"})"},
                  {foreign, foreign_, 1, 2, "{}"}};
  ledger_.purged = {"done"};
  const std::string jobs = "/purge/v1/jobs/";
  EXPECT_EQ(Ask("GET", jobs + running.Hex()).body(), R"({"status":"Purging","receipt":null})");
  EXPECT_EQ(Ask("GET", jobs + over.Hex()).body(),
            R"({"status":"Purged","receipt":{"calls":3,"signature":"ab"}})");
  // X-13
  const Asked none = Ask("GET", jobs + records::Oid(6, 4).Hex());
  EXPECT_EQ(none.status(), 404u);
  EXPECT_EQ(Ask("GET", jobs + foreign.Hex()).body(), none.body());
  EXPECT_EQ(Ask("GET", jobs + "x").body(), none.body());
  EXPECT_EQ(Ask("GET", "/purge/v1/status?callId=done").Json().at("status"), "Purged");
  EXPECT_EQ(Ask("GET", "/purge/v1/status?CallID=done").status(), 200u);
  EXPECT_EQ(Ask("GET", "/purge/v1/status?callId=other").status(), 404u);
  EXPECT_EQ(Ask("GET", "/purge/v1/status").status(), 400u);
  // Section 12, 8: these are reads.
  EXPECT_EQ(AskAs("Bearer " + AddKey(own_, kCallsPurge), "GET", jobs + over.Hex()).status(), 403u);
  ledger_.jobs[1].receipt = "{";
  EXPECT_EQ(Ask("GET", jobs + over.Hex()).status(), 500u);
}

// 5.9
TEST_F(PurgeTest, ClientsGetTokensForHalfAnHour) {
  const std::string id = records::Oid(2, 51).Hex();
  const auto form = [&](const std::string& secret) {
    return "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret;
  };
  const auto ask = [&](const std::string& body,
                       const std::string& type = "application/x-www-form-urlencoded") {
    http::Request request;
    request.method = "POST";
    request.target = "/Token";
    request.body = body;
    request.content_type = type;
    return Ask(request);
  };
  const Asked asked = ask(form(client_secret_));
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.Json().at("token_type"), "bearer");
  EXPECT_EQ(asked.Json().at("expires_in"), 1799);
  const std::string token(asked.Json().at("access_token").as_string());
  const std::string body = R"({"ids":["x"]})";
  EXPECT_EQ(AskAs("Bearer " + token, "POST", "/purge/v1/calls", body).status(), 200u);
  EXPECT_EQ(AskAs("Bearer " + token, "GET", "/api/v1/calls").status(), 403u);
  now_ms_ = kNow + 1'799'000;
  EXPECT_EQ(AskAs("Bearer " + token, "POST", "/purge/v1/calls", body).status(), 200u);
  now_ms_ = kNow + 1'800'000;
  EXPECT_EQ(AskAs("Bearer " + token, "POST", "/purge/v1/calls", body).status(), 401u);
  now_ms_ = kNow + 366 * 86'400'000ll;  // the secret itself has grown too old
  EXPECT_EQ(ask(form(client_secret_)).body(), R"({"error":"invalid_client"})");
  now_ms_ = kNow;

  EXPECT_EQ(ask(form(client_secret_ + "x")).body(), R"({"error":"invalid_client"})");
  EXPECT_EQ(ask(form("")).status(), 400u);
  EXPECT_EQ(ask(form(key_)).body(), R"({"error":"invalid_client"})");
  EXPECT_EQ(ask("grant_type=client_credentials&client_id=" + records::Oid(2, 1).Hex() +
                "&client_secret=" + key_)
                .body(),
            R"({"error":"invalid_client"})");
  EXPECT_EQ(ask("grant_type=password&client_id=a").body(), R"({"error":"unsupported_grant_type"})");
  for (const std::string& bad :
       {std::string(), std::string("%"), form(client_secret_) + "&client_id=" + id}) {
    EXPECT_EQ(ask(bad).body(), R"({"error":"invalid_request"})") << bad;
  }
  EXPECT_EQ(ask(form(client_secret_), "application/json").body(), R"({"error":"invalid_request"})");

  // Who takes the client away takes its tokens.
  ledger_.credentials[3].revoked = true;
  Refill();
  EXPECT_EQ(AskAs("Bearer " + token, "POST", "/purge/v1/calls", body).status(), 401u);
  EXPECT_EQ(ask(form(client_secret_)).body(), R"({"error":"invalid_client"})");
}

}  // namespace
}  // namespace trunkline::api

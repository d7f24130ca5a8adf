// POST /api/calls/{callId}/discard and the companions under /api/calls.
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class DiscardTest : public ApiTest {
 protected:
  Asked Discard(const std::string& call, const std::string& body = "",
                const std::string& type = "application/json") {
    return Ask("POST", "/api/calls/" + call + "/discard", body, type);
  }
};

constexpr char kDone[] = R"({"success":true,"message":"Call discarded"})";
constexpr char kNothing[] = R"({"success":true,"message":"Call not found, nothing to discard"})";
constexpr char kUnauthorized[] = R"({"success":false,"error":"Unauthorized"})";

// T-01, T-02, T-09, T-16: the vector and its repetition.
TEST_F(DiscardTest, TheVector) {
  const std::string call = CallHex();
  const char* body = R"({"contactId":"64f0a1b2c3d4e5f6a7b8c9d0","deleteContact":true,"more":[1]})";
  const Asked first = Discard(call, body);
  EXPECT_EQ(first.status(), 200u);
  EXPECT_EQ(first.body(), kDone);
  EXPECT_EQ(first.answer.content_type, "application/json; charset=utf-8");
  EXPECT_EQ(ledger_.discard->contact, "64f0a1b2c3d4e5f6a7b8c9d0");
  EXPECT_TRUE(ledger_.discard->delete_contact);
  const Asked second = Discard(call, body);
  EXPECT_EQ(second.status(), 200u);
  EXPECT_EQ(second.body(), kNothing);
  EXPECT_EQ(ledger_.changes, 1);
  EXPECT_EQ(ledger_.calls.size(), 1u);  // the other organization's
}

// T-02, X-13: nothing tells a foreign id from one that never was.
TEST_F(DiscardTest, UnknownForeignAndMalformedIdsAreNoOps) {
  for (const std::string& call :
       {ForeignHex(), std::string("64f0a1b2c3d4e5f6a7b8cb00"), std::string("short"),
        std::string("%00"), std::string("%zz"), std::string(2000, 'a'), std::string("200")}) {
    const Asked asked = Discard(call);
    EXPECT_EQ(asked.status(), 200u) << call;
    EXPECT_EQ(asked.body(), kNothing) << call;
  }
  EXPECT_EQ(ledger_.calls.size(), 2u);
  EXPECT_EQ(ledger_.changes, 0);
}

// M-04: either case, or the provider's id.
TEST_F(DiscardTest, FindsByEitherCaseAndByTheProvidersId) {
  std::string upper = CallHex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Discard(upper).body(), kDone);
  AddCall(own_, 300);
  EXPECT_EQ(Discard("%33%300").body(), kDone);
  EXPECT_EQ(Discard("300").body(), kNothing);
}

// T-10
TEST_F(DiscardTest, ACallIdMustBeThere) {
  for (const char* call : {"", "%20", "%20%09", "%0A"}) {
    const Asked asked = Discard(call);
    EXPECT_EQ(asked.status(), 400u) << call;
    EXPECT_EQ(asked.body(), R"({"success":false,"error":"callId missing"})");
  }
  EXPECT_FALSE(ledger_.discard);
}

// T-11, T-14, X-10
TEST_F(DiscardTest, WrongBodiesAreRefusedAndNothingHappens) {
  std::string deep = R"({"a":)";
  for (int i = 0; i < 32; ++i) deep += "[";
  for (int i = 0; i < 32; ++i) deep += "]";
  deep += "}";
  const std::pair<std::string, std::string> kCases[] = {
      {R"({"deleteContact":"yes"})", "deleteContact"},
      {R"({"deleteContact":"true"})", "deleteContact"},
      {R"({"deleteContact":1})", "deleteContact"},
      {R"({"deleteContact":null})", "deleteContact"},
      {R"({"contactId":5})", "contactId"},
      {R"({"contactId":null})", "contactId"},
      {"[]", ""},
      {"null", ""},
      {"\"x\"", ""},
      {"{", ""},
      {"{} {}", ""},
      {"{'a':1}", ""},
      {"\xff", ""},
      {"{\"a\":\"\xc0\x80\"}", ""},
      {R"({"a":"\ud800"})", ""},
      {R"({"deleteContact":false,"deleteContact":true})", ""},
      {R"({"deleteContact":false,"\u0064eleteContact":true})", ""},
      {R"({"x":{"a":1,"b":2,"a":3}})", ""},
      {deep, ""},
  };
  for (const auto& [body, path] : kCases) {
    const Asked asked = Discard(CallHex(), body);
    EXPECT_EQ(asked.status(), 400u) << body;
    const auto json = asked.Json();
    EXPECT_EQ(json.at("success"), false);
    EXPECT_EQ(json.at("error").at("code"), "VALIDATION_ERROR");
    EXPECT_TRUE(json.at("error").at("message").is_string());
    EXPECT_EQ(json.at("error").at("details").at(0).at("path").as_string(), path) << body;
  }
  EXPECT_FALSE(ledger_.discard);
  EXPECT_EQ(Discard(CallHex(), R"({"deleteContact":"yes"})").body(),
            R"({"success":false,"error":{"code":"VALIDATION_ERROR",)"
            R"("message":"deleteContact: expected boolean",)"
            R"("details":[{"path":"deleteContact","message":"expected boolean"}]}})");
}

// T-11: every wrong member is named.
TEST_F(DiscardTest, AllThatIsWrongIsSaid) {
  const Asked asked = Discard(CallHex(), R"({"contactId":1,"deleteContact":2})");
  EXPECT_EQ(asked.Json().at("error").at("details").as_array().size(), 2u);
}

// T-11: a body that says that it is something else.
TEST_F(DiscardTest, OtherMediaTypesAreNotJson) {
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"}) {
    EXPECT_EQ(Discard(CallHex(), "{}", type).status(), 400u) << type;
  }
  EXPECT_FALSE(ledger_.discard);
  EXPECT_EQ(Discard(CallHex(), "{}", "Application/JSON;charset=\"UTF-8\"").status(), 200u);
}

// T-15
TEST_F(DiscardTest, ABodyNeedNotBeThere) {
  EXPECT_EQ(Discard(CallHex()).body(), kDone);
  AddCall(own_, 300);
  EXPECT_EQ(AskAs("Bearer " + key_, "POST", "/api/calls/300/discard", "").body(), kDone);
  AddCall(own_, 301);
  EXPECT_EQ(Discard("301", R"({"deleteContact":true})", "").body(), kDone);
  EXPECT_FALSE(ledger_.discard->delete_contact);
}

// T-08: passed on as they are; what they do together is the ledger's.
TEST_F(DiscardTest, TheFlagAndTheContactAreApart) {
  Discard("1", R"({"deleteContact":true})");
  EXPECT_TRUE(ledger_.discard->delete_contact);
  EXPECT_FALSE(ledger_.discard->contact);
  Discard("1", R"({"contactId":"c"})");
  EXPECT_FALSE(ledger_.discard->delete_contact);
  EXPECT_EQ(ledger_.discard->contact, "c");
}

// T-12
TEST_F(DiscardTest, OnlyGoodTokensWithTheScopeMayDiscard) {
  const std::string target = "/api/calls/" + CallHex() + "/discard";
  const std::string reader = AddKey(own_, kCallsRead | kCallsPurge | kNotesWrite);
  ledger_.credentials[0].expires_ms = kNow - 1;
  ledger_.credentials[0].scopes = kAll;
  Refill();
  for (const std::string& authorization :
       {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + jwt_, jwt_,
        "Bearer " + jwt_ + "x", "Bearer " + jwt_ + ", Bearer " + jwt_, "Bearer " + key_,
        "Bearer " + reader, std::string("Bearer tlk_unknown")}) {
    const Asked asked = AskAs(authorization, "POST", target);
    EXPECT_EQ(asked.status(), 401u) << authorization;
    EXPECT_EQ(asked.body(), kUnauthorized);
  }
  EXPECT_FALSE(ledger_.discard);
  ledger_.credentials[2].revoked = true;  // the JWT's
  Refill();
  EXPECT_EQ(AskAs("Bearer " + jwt_, "POST", target).body(), kUnauthorized);
  ledger_.credentials[2].revoked = false;
  Refill();
  EXPECT_EQ(AskAs("bearer " + jwt_, "POST", target).body(), kDone);
  EXPECT_EQ(ledger_.actor->organization, own_);
  EXPECT_EQ(ledger_.actor->credential, ledger_.credentials[2].id);
}

// T-13, X-17
TEST_F(DiscardTest, FailuresAreNoSuccesses) {
  backend_.failure = absl::DataLossError("disk is gone");
  const Asked lost = Discard(CallHex());
  EXPECT_EQ(lost.status(), 500u);
  EXPECT_EQ(lost.body(), R"({"success":false,"error":"Internal error during discard"})");
  for (const absl::Status& busy :
       {absl::UnavailableError("shard 3"), absl::ResourceExhaustedError("disk is full")}) {
    backend_.failure = busy;
    const Asked refused = Discard(CallHex());
    EXPECT_EQ(refused.status(), 503u);
    EXPECT_NE(refused.Header("Retry-After"), "");
    EXPECT_EQ(refused.Json().at("success"), false);
    EXPECT_THAT(refused.body(), Not(HasSubstr(std::string(busy.message()))));
  }
  backend_.failure = absl::OkStatus();
  backend_.drops = true;  // a server that stops
  EXPECT_EQ(Discard(CallHex()).status(), 503u);
  EXPECT_EQ(ledger_.calls.size(), 2u);
}

TEST_F(DiscardTest, LooksUpOneCall) {
  const auto call = Ask("GET", "/api/calls/" + CallHex()).Json();
  EXPECT_EQ(call.at("success"), true);
  const auto& document = call.at("call");
  EXPECT_EQ(document.at("_id"), document.at("callId"));
  EXPECT_EQ(document.at("status"), "completed");
  EXPECT_EQ(document.at("startTime"), "2026-05-15T09:10:00.000Z");
  EXPECT_EQ(document.at("endTime"), "2026-05-15T09:12:35.000Z");
  EXPECT_EQ(document.at("duration"), 154);
  EXPECT_EQ(document.at("providerCallId"), "100");
  EXPECT_EQ(document.at("providerPhoneNumber"), "+15550011");
  EXPECT_TRUE(document.at("contactId").is_null());
  EXPECT_EQ(document.at("recordings").as_array().size(), 0u);
  for (const std::string& unknown : {ForeignHex(), std::string("x")}) {
    const Asked none = Ask("GET", "/api/calls/" + unknown);
    EXPECT_EQ(none.status(), 404u);
    EXPECT_EQ(none.body(), R"({"success":false,"error":"Call not found"})");
  }
}

TEST_F(DiscardTest, ListsTheHistory) {
  const Asked asked = Ask("GET", "/api/calls/history?limit=7&offset=2&status=no-answer&userId=" +
                                     records::Oid(0, 11).Hex());
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.Json().at("total"), 1);
  EXPECT_EQ(asked.Json().at("calls").as_array().size(), 1u);
  EXPECT_EQ(ledger_.filter->limit, 7);
  EXPECT_EQ(ledger_.filter->offset, 2);
  EXPECT_THAT(ledger_.filter->dialpad_statuses, testing::ElementsAre("no-answer"));
  EXPECT_EQ(ledger_.filter->user, records::Oid(0, 11));
  Ask("GET", "/api/calls/history");
  EXPECT_EQ(ledger_.filter->limit, 50);
  EXPECT_EQ(ledger_.filter->offset, 0);
  EXPECT_EQ(Ask("GET", "/api/calls/history?contactId=nobody").body(),
            R"({"success":true,"calls":[],"total":0})");
  for (const char* query : {"limit=x", "limit=0", "limit=-1", "offset=1e3", "limit=1&limit=2",
                            "limit=%zz", "limit=99999999999999999999"}) {
    EXPECT_EQ(Ask("GET", std::string("/api/calls/history?") + query).status(), 400u) << query;
  }
}

constexpr char kIngest[] =
    R"({"direction":"outbound","fromNumber":"+1 555 001 1000","toNumber":"(512) 555-1234",)"
    R"("duration":12,"status":"completed","transcript":[{"speaker":"a","text":"hi","at":0}],)"
    R"("summary":"s","recording":{"url":"https://r","durationSec":12},"externalCallId":"e1"})";

TEST_F(DiscardTest, TakesOverCallsOfOthers) {
  const Asked first = Ask("POST", "/api/calls/ingest", kIngest);
  EXPECT_EQ(first.status(), 200u);
  EXPECT_EQ(first.body(), R"({"success":true,"deduplicated":false,"callId":")" +
                              records::Oid(8, 8).Hex() + R"("})");
  EXPECT_EQ(ledger_.ingest->from_e164, "+15550011000");
  EXPECT_EQ(ledger_.ingest->to_e164, "+15125551234");
  EXPECT_EQ(ledger_.ingest->start_ms, kNow - 12'000);
  EXPECT_EQ(ledger_.ingest->ingested.recording, R"({"url":"https://r","durationSec":12})");
  EXPECT_EQ(Ask("POST", "/api/calls/ingest", kIngest).Json().at("deduplicated"), true);
}

TEST_F(DiscardTest, IngestedCallsAreChecked) {
  const auto with = [](const char* member, const char* instead) {
    std::string body = kIngest;
    const std::string name = std::string("\"") + member + "\":";
    const std::size_t at = body.find(name) + name.size();
    // Up to the next member of this object.
    std::size_t end = at;
    for (int depth = 0; depth > 0 || (body[end] != ',' && body[end] != '}'); ++end) {
      if (body[end] == '{' || body[end] == '[') ++depth;
      if (body[end] == '}' || body[end] == ']') --depth;
    }
    return body.replace(at, end - at, instead);
  };
  const std::pair<const char*, const char*> kCases[] = {
      {"direction", R"("sideways")"},
      {"direction", "1"},
      {"fromNumber", R"("x")"},
      {"toNumber", R"("")"},
      {"duration", "-1"},
      {"duration", "1.5"},
      {"duration", R"("12")"},
      {"status", R"("ringing")"},
      {"summary", "1"},
      {"transcript", "{}"},
      {"transcript", "[1]"},
      {"recording", "[]"},
      {"recording", "{}"},
      {"externalCallId", "1"},
  };
  for (const auto& [member, instead] : kCases) {
    const Asked asked = Ask("POST", "/api/calls/ingest", with(member, instead));
    EXPECT_EQ(asked.status(), 400u) << member << " " << instead;
    EXPECT_THAT(asked.body(), HasSubstr("VALIDATION_ERROR"));
  }
  // Only a completed call has something to show.
  EXPECT_EQ(Ask("POST", "/api/calls/ingest",
                R"({"direction":"inbound","fromNumber":"5551234","toNumber":"+15550011000",)"
                R"("duration":0,"status":"completed"})")
                .status(),
            400u);
  EXPECT_FALSE(ledger_.ingest);
  EXPECT_EQ(Ask("POST", "/api/calls/ingest",
                R"({"direction":"inbound","fromNumber":"5551234","toNumber":"+15550011000",)"
                R"("duration":0,"status":"busy","startTime":"2026-05-15T09:10:00Z"})")
                .status(),
            200u);
  EXPECT_EQ(ledger_.ingest->start_ms, 1'778'836'200'000);
  EXPECT_EQ(Ask("POST", "/api/calls/ingest", kIngest, "text/plain").status(), 415u);
}

// X-13: an owner of another organization is as unknown as one that isn't there.
TEST_F(DiscardTest, OwnersAreOfTheOrganization) {
  const auto owned_by = [](const records::Oid& user) {
    std::string body = kIngest;
    return body.replace(0, 1, R"({"userId":")" + user.Hex() + R"(",)");
  };
  const Asked other = Ask("POST", "/api/calls/ingest", owned_by(records::Oid(0, 12)));
  const Asked nobody = Ask("POST", "/api/calls/ingest", owned_by(records::Oid(0, 13)));
  EXPECT_EQ(other.status(), 400u);
  EXPECT_EQ(other.body(), nobody.body());
  EXPECT_FALSE(ledger_.ingest);
  EXPECT_EQ(Ask("POST", "/api/calls/ingest", owned_by(records::Oid(0, 11))).status(), 200u);
}

TEST_F(DiscardTest, TokensCanBeTried) {
  EXPECT_EQ(Ask("GET", "/api/auth/verify-token").body(), R"({"message":"Token is good"})");
  const Asked bad = AskAs("Bearer x", "GET", "/api/auth/verify-token");
  EXPECT_EQ(bad.status(), 401u);
  EXPECT_EQ(bad.body(), R"({"error":"Invalid or expired token"})");
}

}  // namespace
}  // namespace trunkline::api

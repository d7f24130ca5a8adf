// /api/v1/calls, also at /calls.
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class NotesTest : public ApiTest {
 protected:
  static std::string NoteHex(std::uint64_t number) { return records::Oid(4, number).Hex(); }
  std::string At(const std::string& rest = "") const { return "/api/v1/calls/" + CallHex() + rest; }
};

// N-02, N-04, N-05, N-10, 6.2 and 6.3: all of the object, in its order.
TEST_F(NotesTest, TheVector) {
  Ask("DELETE", At("/notes/" + NoteHex(1)));
  const Asked asked = Ask("DELETE", At("/notes/" + NoteHex(2)));
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.answer.content_type, "application/json; charset=utf-8");
  const std::string own = own_.Hex(), user = records::Oid(0, 11).Hex();
  EXPECT_EQ(asked.body(),
            R"({"id":")" + CallHex() + R"(","organization_id":")" + own +
                R"(","type":"Outbound","status":"Completed","provider":"Web",)"
                R"("metadata":{"call_sid":"100","from":"+15550011","to":"+15125551234",)"
                R"("recording_sid":"","tags":[],"custom":{"provider":"mtproto","sessionId":")" +
                ledger_.calls[0].session.Hex() + R"(","video":false}},"use_case":{"id":")" + own +
                R"(","organization_id":")" + own +
                R"(","name":"Direct call","language":"en-US"},"agent":{"id":")" + user +
                R"(","name":"Ann Lee"},"language":"en-US","created":"2026-05-15T09:10:00Z",)"
                R"("viewed_by":[],"duration":154,"notes":[]})");
  const Asked again = Ask("DELETE", At("/notes/" + NoteHex(2)));
  EXPECT_EQ(again.status(), 404u);
  EXPECT_EQ(again.body(), R"({"message":"Note not found"})");
}

// 2.2: what relays carried, in the words of each surface; without any there is no member.
TEST_F(NotesTest, FlowsOfRelays) {
  ledger_.calls[0].flows = {{7, records::Side::kCaller, 102, 10'200, kNow, kNow + 2'000},
                            {7, records::Side::kCallee, 0, 0, std::nullopt, std::nullopt}};
  EXPECT_EQ(boost::json::serialize(Ask("GET", At()).Json().at("relay_flows")),
            R"([{"relay_id":7,"side":"caller","bytes":10200,"packets":102,)"
            R"("first_at":"2026-05-15T09:12:35Z","last_at":"2026-05-15T09:12:37Z"},)"
            R"({"relay_id":7,"side":"callee","bytes":0,"packets":0}])");
  const Asked dialpad = Ask("GET", "/api/calls/" + CallHex());
  EXPECT_EQ(boost::json::serialize(dialpad.Json().at("call").at("relayFlows")),
            R"([{"relayId":7,"side":"caller","bytes":10200,"packets":102,)"
            R"("firstAt":"2026-05-15T09:12:35.120Z","lastAt":"2026-05-15T09:12:37.120Z"},)"
            R"({"relayId":7,"side":"callee","bytes":0,"packets":0,"firstAt":null,"lastAt":null}])");
  ledger_.calls[0].flows.clear();
  EXPECT_THAT(Ask("GET", At()).body(), Not(HasSubstr("relay_flows")));
  EXPECT_THAT(Ask("GET", "/api/calls/" + CallHex()).body(), Not(HasSubstr("relayFlows")));
}

// N-05, N-11: what stays keeps its order and its text.
TEST_F(NotesTest, OnlyTheNamedNoteGoes) {
  records::Note third{records::Oid(4, 3), records::Oid(0, 11), "third", false, kNow};
  ledger_.calls[0].notes.push_back(third);
  const Asked asked = Ask("DELETE", "/calls/" + CallHex() + "/notes/" + NoteHex(2));
  const auto notes = asked.Json().at("notes").as_array();
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(boost::json::serialize(notes[0]),
            R"({"id":")" + NoteHex(1) + R"(","user_id":")" + records::Oid(0, 11).Hex() +
                R"(","content":"first","flagged":true,"created_at":"2026-05-15T09:10:00Z"})");
  EXPECT_EQ(notes[1].at("content"), "third");
  EXPECT_EQ(ledger_.calls[1].notes.size(), 2u);  // of the other call
}

// N-03
TEST_F(NotesTest, AnIdHas24HexadecimalDigits) {
  for (const std::string& id :
       {std::string("short"), std::string(), std::string(23, 'a'), std::string(25, 'a'),
        std::string(23, 'a') + "g", std::string(23, 'a') + "%00"}) {
    for (const auto& [method, rest] :
         {std::pair("DELETE", "/notes/x"), std::pair("PATCH", "/notes/x"),
          std::pair("POST", "/notes"), std::pair("GET", "")}) {
      const Asked asked = Ask(method, "/api/v1/calls/" + id + rest, R"({"content":"c"})");
      EXPECT_EQ(asked.status(), 400u) << method << " " << id;
      EXPECT_EQ(asked.body(), R"({"message":"id must be a 24-character call ID"})");
    }
  }
  EXPECT_EQ(Ask("DELETE", At("/notes/")).status(), 400u);
}

// N-06, X-13
TEST_F(NotesTest, UnknownAndForeignCallsAreNotFound) {
  const std::string unknown = records::Oid(1, 77).Hex();
  for (const std::string& id : {unknown, ForeignHex()}) {
    for (const auto& [method, rest] :
         {std::pair("DELETE", "/notes/" + NoteHex(1)), std::pair("PATCH", "/notes/" + NoteHex(1)),
          std::pair("POST", std::string("/notes")), std::pair("GET", std::string())}) {
      const Asked asked = Ask(method, "/api/v1/calls/" + id + rest, R"({"content":"c"})");
      EXPECT_EQ(asked.status(), 404u) << method << id;
      EXPECT_EQ(asked.body(), R"({"message":"Call not found"})");
    }
  }
  for (const std::string& note : {NoteHex(9), std::string("x"), std::string("%00")}) {
    EXPECT_EQ(Ask("DELETE", At("/notes/" + note)).body(), R"({"message":"Note not found"})");
  }
  EXPECT_EQ(ledger_.changes, 0);
}

// N-01, N-07, section 12, 8
TEST_F(NotesTest, WhoMayNotIsTold) {
  const std::string target = At("/notes/" + NoteHex(1));
  const Asked unknown = AskAs("", "DELETE", target);
  EXPECT_EQ(unknown.status(), 401u);
  EXPECT_EQ(unknown.body(), R"({"message":"Unauthorized"})");
  const std::string weak = AddKey(own_, kCallsRead);
  EXPECT_EQ(AskAs("Bearer " + weak, "DELETE", target).status(), 403u);
  EXPECT_EQ(AskAs("Bearer " + weak, "GET", At()).status(), 200u);
  const std::string writer = AddKey(own_, kNotesWrite);
  EXPECT_EQ(AskAs("Bearer " + writer, "GET", At()).status(), 403u);
  // Any of the kinds of token will do.
  EXPECT_EQ(AskAs("Bearer " + jwt_, "DELETE", target).status(), 200u);
}

// N-01: on every surface, for every way of saying it.
TEST_F(NotesTest, TheOrganizationHeaderMustMatchTheKey) {
  std::string upper = own_.Hex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const auto& [header, status] :
       {std::pair(std::string(), 200u), std::pair(own_.Hex(), 200u), std::pair(upper, 200u),
        std::pair(foreign_.Hex(), 403u), std::pair(std::string("x"), 403u),
        std::pair(own_.Hex() + ", " + foreign_.Hex(), 403u)}) {
    for (const char* target : {"/api/v1/calls", "/api/calls/history"}) {
      http::Request request;
      request.method = "GET";
      request.target = target;
      request.authorization = "Bearer " + key_;
      request.organization_id = header;
      EXPECT_EQ(Ask(request).status(), status) << target << header;
    }
  }
}

// N-09
TEST_F(NotesTest, ADeletesBodyIsIgnored) {
  EXPECT_EQ(Ask("DELETE", At("/notes/" + NoteHex(1)), "{ not json", "text/plain").status(), 200u);
}

// Section 12, 10
TEST_F(NotesTest, NotesAreAddedAndChanged) {
  const Asked added = Ask("POST", At("/notes"), R"({"content":"new","flagged":true})");
  EXPECT_EQ(added.status(), 200u);
  const auto notes = added.Json().at("notes").as_array();
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(notes[2].at("content"), "new");
  EXPECT_EQ(notes[2].at("flagged"), true);
  Ask("PATCH", At("/notes/" + NoteHex(1)), R"({"content":"changed"})");
  EXPECT_EQ(ledger_.note->content, "changed");
  EXPECT_TRUE(ledger_.note->flagged);  // as it was
  Ask("PATCH", At("/notes/" + NoteHex(1)), R"({"content":"changed","flagged":false})");
  EXPECT_FALSE(ledger_.note->flagged);
}

// Section 12, 10; X-10
TEST_F(NotesTest, NoteBodiesAreChecked) {
  const std::string longest = [] {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += "\xc3\xa9";
    return text;
  }();
  const auto with = [](const std::string& content) { return R"({"content":")" + content + "\"}"; };
  EXPECT_EQ(Ask("POST", At("/notes"), with(longest)).status(), 200u);
  const int before = ledger_.changes;
  for (const std::string& body :
       {with(longest + "x"), with(""), std::string("{}"), std::string(R"({"content":1})"),
        std::string(R"({"content":"a","flagged":"true"})"), std::string("[]"), std::string(""),
        std::string(R"({"content":"a","content":"b"})")}) {
    const Asked asked = Ask("POST", At("/notes"), body);
    EXPECT_EQ(asked.status(), 400u) << body.substr(0, 40);
    EXPECT_TRUE(asked.Json().at("message").is_string());
    EXPECT_EQ(asked.Json().as_object().size(), 1u);
    EXPECT_EQ(Ask("PATCH", At("/notes/" + NoteHex(1)), body).status(), 400u);
  }
  EXPECT_EQ(Ask("POST", At("/notes"), with("x"), "text/plain").status(), 415u);
  EXPECT_EQ(ledger_.changes, before);
}

TEST_F(NotesTest, CallsAreRatedAndSeen) {
  const Asked rated = Ask("PATCH", At("/rating"), R"({"stars":4,"comment":"fine"})");
  EXPECT_EQ(rated.Json().at("ratings").at(0).at("stars"), 4);
  const Asked seen = Ask("PATCH", At("/viewed"), R"({"email":"ann@acme.example"})");
  EXPECT_EQ(seen.Json().at("viewed_by").at(0), "ann@acme.example");
  for (const char* body : {R"({"stars":0})", R"({"stars":6})", R"({"stars":"4"})", "{}"}) {
    EXPECT_EQ(Ask("PATCH", At("/rating"), body).status(), 400u) << body;
  }
  for (const char* body : {R"({"email":""})", R"({"email":"ann"})", R"({"email":1})", "{}"}) {
    EXPECT_EQ(Ask("PATCH", At("/viewed"), body).status(), 400u) << body;
  }
}

// 6.2: what is unset isn't there.
TEST_F(NotesTest, UnsetMembersAreLeftOut) {
  records::Call& call = ledger_.calls[0];
  call.notes.clear();
  call.phase = records::Phase::kRinging;
  call.ended_ms = call.accepted_ms = call.confirmed_ms = std::nullopt;
  call.duration_s = 0;
  const Asked asked = Ask("GET", At());
  EXPECT_EQ(asked.Json().at("status"), "Ringing");
  for (const char* name : {"duration", "notes", "ratings", "parent_call_id", "null"}) {
    EXPECT_THAT(asked.body(), Not(HasSubstr(name)));
  }
  call.parent = records::Oid(1, 5);
  EXPECT_EQ(Ask("GET", At()).Json().at("parent_call_id").as_string(), records::Oid(1, 5).Hex());
}

// 6.2
TEST_F(NotesTest, LanguagesAreTheNearest) {
  for (const auto& [code, language] :
       {std::pair("en", "en-US"), std::pair("en-gb", "en-GB"), std::pair("es", "es-ES"),
        std::pair("es-MX", "es-MX"), std::pair("pt-br", "pt-PT"), std::pair("DE", "de-DE"),
        std::pair("ro_RO", "ro-RO"), std::pair("sv", "en-US"), std::pair("", "en-US")}) {
    ledger_.calls[0].owner_lang_code = code;
    EXPECT_EQ(Ask("GET", At()).Json().at("language"), language) << code;
  }
}

// Section 12, 11
TEST_F(NotesTest, ListsWithFilters) {
  const Asked asked =
      Ask("GET",
          "/api/v1/calls?type=Outbound&limit=3&skip=1&statuses=Completed,No%20answer&sort=asc"
          "&search=ann+lee&start=2026-05-15T09:10:00Z&end=2026-05-15T11:10:00.5%2B02:00");
  EXPECT_EQ(asked.status(), 200u);
  EXPECT_EQ(asked.Json().at("total"), 1);
  EXPECT_EQ(asked.Json().at("calls").at(0).at("notes").as_array().size(), 2u);
  const records::CallFilter& filter = *ledger_.filter;
  EXPECT_EQ(filter.direction, records::Direction::kOutbound);
  EXPECT_EQ(filter.limit, 3);
  EXPECT_EQ(filter.offset, 1);
  EXPECT_THAT(filter.notes_statuses, ElementsAre("Completed", "No answer"));
  EXPECT_TRUE(filter.ascending);
  EXPECT_EQ(filter.search, "ann lee");
  EXPECT_EQ(filter.from_ms, 1'778'836'200'000);
  EXPECT_EQ(filter.until_ms, 1'778'836'200'500);
  Ask("GET", "/calls?limit=100000");
  EXPECT_EQ(filter.limit, 500);
  for (const char* query : {"type=outbound", "sort=up", "limit=x", "skip=-1", "start=today",
                            "end=infinite-future", "type=Inbound&type=Inbound", "ratings=5"}) {
    EXPECT_EQ(Ask("GET", std::string("/api/v1/calls?") + query).status(), 400u) << query;
  }
  for (const char* query : {"tags=a", "campaign_ids=a,b", "use_cases=x"}) {
    EXPECT_EQ(Ask("GET", std::string("/api/v1/calls?") + query).body(),
              R"({"calls":[],"total":0})");
  }
  EXPECT_EQ(Ask("GET", "/api/v1/calls?use_cases=x," + own_.Hex()).Json().at("total"), 1);
}

// X-17
TEST_F(NotesTest, FailuresAreNoSuccesses) {
  backend_.failure = absl::UnavailableError("x");
  const Asked busy = Ask("DELETE", At("/notes/" + NoteHex(1)));
  EXPECT_EQ(busy.status(), 503u);
  EXPECT_NE(busy.Header("Retry-After"), "");
  backend_.failure = absl::DataLossError("x");
  EXPECT_EQ(Ask("DELETE", At("/notes/" + NoteHex(1))).status(), 500u);
  EXPECT_EQ(ledger_.calls[0].notes.size(), 2u);
}

}  // namespace
}  // namespace trunkline::api

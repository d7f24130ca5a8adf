// /api/events and /api/webhooks.
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class EventsTest : public ApiTest {
 protected:
  EventsTest() {
    for (const std::int64_t seq : {3, 4, 5}) {
      records::Event event;
      event.seq = seq;
      event.organization = own_;
      ledger_.events.push_back(event);
    }
    ledger_.oldest_event = 3;
  }
  // Everything that is there, without what comes later.
  static std::string Stream(const Asked& asked) {
    std::string all;
    if (asked.answer.feed == nullptr) return all;
    asked.answer.feed->Attach([] {});
    for (int i = 0; i < 3; ++i) all += asked.answer.feed->Take();
    return all;
  }
  Asked AskAfter(const std::string& last_event_id, const std::string& query = "") {
    http::Request request;
    request.method = "GET";
    request.target = "/api/events" + query;
    request.last_event_id = last_event_id;
    request.authorization = "Bearer " + key_;
    return Ask(std::move(request));
  }
};

// X-02, and section 12, item 12: the header wins; nothing means from now on.
TEST_F(EventsTest, GoOnFromWhereTheReaderIs) {
  const std::string all = Stream(AskAfter("", "?after=2"));
  EXPECT_THAT(all, HasSubstr("id: 3\nevent: call_initiated\ndata: {\"seq\":3,"));
  EXPECT_THAT(all, HasSubstr("id: 5\n"));
  EXPECT_THAT(Stream(AskAfter("4")), Not(HasSubstr("id: 4\n")));
  EXPECT_THAT(Stream(AskAfter("4")), HasSubstr("id: 5\n"));
  EXPECT_THAT(Stream(AskAfter("4", "?after=2")), Not(HasSubstr("id: 3\n")));
  EXPECT_THAT(Stream(AskAfter("")), Not(HasSubstr("id: ")));
  EXPECT_EQ(AskAfter("").answer.content_type, "text/event-stream");
}

TEST_F(EventsTest, BelowTheOldestAreGone) {
  const Asked asked = AskAfter("1");
  EXPECT_EQ(asked.status(), 410u);
  EXPECT_EQ(asked.Json().at("oldest").as_int64(), 3);
  EXPECT_EQ(asked.answer.feed, nullptr);
}

TEST_F(EventsTest, WhatIsNoNumberIsRefused) {
  for (const char* wrong : {"x", "-1", "1.5", "9223372036854775808", " "}) {
    EXPECT_EQ(AskAfter(wrong).status(), 400u) << wrong;
  }
  for (const char* wrong : {"?after=", "?after=x", "?after=-1", "?after=1&after=2"}) {
    EXPECT_EQ(AskAfter("", wrong).status(), 400u) << wrong;
  }
}

TEST_F(EventsTest, NeedTheirScope) {
  const std::string poor = AddKey(own_, kAll & ~std::uint32_t{kEventsRead});
  for (const char* target : {"/api/events", "/api/webhooks"}) {
    EXPECT_EQ(AskAs("Bearer " + poor, "GET", target).status(), 403u);
    EXPECT_EQ(AskAs("", "GET", target).status(), 401u);
  }
}

const char kHook[] = R"({"url":"http://127.0.0.1:9/x","secret":"0123456789abcdef"})";

TEST_F(EventsTest, AWebhookIsPutShownAndRemoved) {
  EXPECT_EQ(Ask("PUT", "/api/webhooks/crm", kHook).status(), 200u);
  EXPECT_EQ(ledger_.webhook_moved, false);
  EXPECT_EQ(ledger_.webhooks_known[0].after, records::WebhookWriter::kNewest);
  EXPECT_EQ(Ask("PUT", "/api/webhooks/crm",
                R"({"url":"http://127.0.0.1:9/y","secret":"0123456789abcdef","after":4})")
                .status(),
            200u);
  EXPECT_EQ(ledger_.webhook_moved, true);
  EXPECT_THAT(webhook_changes_, ElementsAre(own_.Hex() + " ", own_.Hex() + " crm"));
  const Asked listed = Ask("GET", "/api/webhooks");
  EXPECT_EQ(
      listed.body(),
      R"({"success":true,"webhooks":[{"name":"crm","url":"http://127.0.0.1:9/y","after":4}]})");
  EXPECT_EQ(Ask("DELETE", "/api/webhooks/crm").status(), 200u);
  EXPECT_EQ(Ask("DELETE", "/api/webhooks/crm").status(), 404u);
  EXPECT_EQ(Ask("GET", "/api/webhooks/crm/dead").status(), 404u);
}

// X-13
TEST_F(EventsTest, AWebhookOfOthersIsNotThere) {
  EXPECT_EQ(AskAs("Bearer " + foreign_key_, "PUT", "/api/webhooks/crm", kHook).status(), 200u);
  EXPECT_THAT(Ask("GET", "/api/webhooks").Json().at("webhooks").as_array(), IsEmpty());
  EXPECT_EQ(Ask("DELETE", "/api/webhooks/crm").status(), 404u);
  EXPECT_EQ(Ask("GET", "/api/webhooks/crm/dead").status(), 404u);
}

TEST_F(EventsTest, AWebhookThatCantBeIsRefused) {
  for (const char* wrong :
       {"{}", R"({"url":"http://a/"})", R"({"url":"ftp://a/","secret":"0123456789abcdef"})",
        R"({"url":"http://a/","secret":"short"})", R"({"url":1,"secret":"0123456789abcdef"})",
        R"({"url":"http://a/","secret":"0123456789abcdef","after":-1})"}) {
    EXPECT_EQ(Ask("PUT", "/api/webhooks/crm", wrong).status(), 400u) << wrong;
  }
  EXPECT_EQ(Ask("PUT", "/api/webhooks/a%20b", kHook).status(), 400u);
  EXPECT_TRUE(ledger_.webhooks_known.empty());
  EXPECT_TRUE(webhook_changes_.empty());
}

TEST_F(EventsTest, DeadLettersAreShown) {
  ASSERT_EQ(Ask("PUT", "/api/webhooks/crm", kHook).status(), 200u);
  ledger_.dead = {{ledger_.events[0], kNow, "status 500"}};
  const boost::json::value shown = Ask("GET", "/api/webhooks/crm/dead").Json();
  const boost::json::value& letter = shown.at("dead").at(0);
  EXPECT_EQ(letter.at("event").at("seq").as_int64(), 3);
  EXPECT_EQ(letter.at("error").as_string(), "status 500");
  EXPECT_EQ(letter.at("givenUpAt").as_string(), "2026-05-15T09:12:35.120Z");
}

TEST_F(EventsTest, TheDocumentIsThereForEverybody) {
  const Asked document = AskAs("", "GET", "/openapi.json");
  EXPECT_EQ(document.status(), 200u);
  EXPECT_EQ(document.Json().at("openapi").as_string(), "3.0.3");
  EXPECT_THAT(AskAs("", "GET", "/docs").body(), HasSubstr("<h1>"));
}

}  // namespace
}  // namespace trunkline::api

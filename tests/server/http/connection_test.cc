// What clients may do with a connection, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "server/http/http_server.h"
#include "tests/server/http/client.h"
#include "tests/server/http/tls_pair.h"

namespace trunkline::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kSmall = 64 * 1024, kLarge = 1024 * 1024;

// Answers with what it was asked.
void Echo(const Request& request, const Responder& respond) {
  Answer answer;
  answer.content_type = "text/plain";
  answer.body = request.method + " " + request.target + " " + request.body + "|" +
                request.content_type + "|" + request.host + "|" + request.request_id + "|" +
                request.organization_id + "|" + request.idempotency_key + "|" +
                request.last_event_id + "|" + request.authorization + "\n";
  answer.headers = {{"X-Purge-Job", "7"}, {"X-Split", "a\r\nX-Smuggled: 1"}};
  respond(std::move(answer));
}

// A feed that the test fills.
class Pushed : public Feed {
 public:
  void Push(const std::string& text) {
    const std::lock_guard lock(mutex_);
    text_ += text;
    if (wake_) wake_();
  }
  void AwaitDetached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return detached_; });
  }

  void Attach(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  std::string Take() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }
  void Detach() override {
    const std::lock_guard lock(mutex_);
    detached_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::string text_;
  bool detached_ = false;
};

// The parameter: over TLS. Nothing else differs.
class ConnectionTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    BodyRules rules;
    rules.max = [](const Request& head) { return head.target == "/large" ? kLarge : kSmall; };
    rules.too_large = [](const Request& head) {
      Answer answer;
      answer.status = 413;
      answer.body = "too large for " + head.target;
      return answer;
    };
    const auto handler = [this](const Request& request, const Responder& respond) {
      if (request.target != "/feed") return Echo(request, respond);
      Answer answer;
      answer.feed = feed_;
      respond(std::move(answer));
    };
    TlsListening tls;
    if (GetParam()) tls.server = pair_.server;
    auto server = HttpServer::Start("127.0.0.1", 0, handler, std::move(rules), tls);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  const crypto::TlsClient* trust() const { return GetParam() ? pair_.client.get() : nullptr; }
  std::string Exchange(const std::string& bytes) {
    Client client(server_->port(), trust());
    client.Send(bytes);
    return client.Rest();
  }

  const TlsPair pair_{};
  const std::shared_ptr<Pushed> feed_ = std::make_shared<Pushed>();
  std::unique_ptr<HttpServer> server_;
};

TEST_P(ConnectionTest, GivesTheHeadersThatTheSurfacesRead) {
  const std::string answer = Exchange(
      "POST /x HTTP/1.1\r\nHost: acme.example\r\nContent-Type: application/json\r\n"
      "X-REQUEST-ID: r1\r\nx-organization-id: o1\r\nIdempotency-Key: k1\r\nLast-Event-ID: 5\r\n"
      "authorization: Bearer t\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  EXPECT_THAT(answer, HasSubstr("POST /x {}|application/json|acme.example|r1|o1|k1|5|Bearer t\n"));
  EXPECT_THAT(answer, HasSubstr("X-Purge-Job: 7\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("X-Smuggled")));
}

// A second value doesn't hide behind the first.
TEST_P(ConnectionTest, JoinsHeadersThatComeTwice) {
  EXPECT_THAT(Exchange("GET /x HTTP/1.1\r\nX-Organization-Id: a\r\nX-Organization-Id: b\r\n"
                       "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"
                       "Connection: close\r\n\r\n"),
              HasSubstr("|a, b|||Bearer a, Bearer b\n"));
}

//
TEST_P(ConnectionTest, AsksForABodyThatWaits) {
  Client client(server_->port(), trust());
  client.Send(
      "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_EQ(client.Until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.Rest(), HasSubstr("POST /x abc|"));
}

// a body that would be refused isn't asked for.
TEST_P(ConnectionTest, RefusesALargeBodyInsteadOfAskingForIt) {
  const std::string answer =
      Exchange("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
}

//
TEST_P(ConnectionTest, RefusesOtherExpectations) {
  EXPECT_THAT(Exchange("POST /x HTTP/1.1\r\nExpect: gold\r\nContent-Length: 3\r\n\r\n"),
              StartsWith("HTTP/1.1 417"));
}

//
TEST_P(ConnectionTest, ReadsChunkedBodies) {
  const std::string answer = Exchange(
      "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST /x abcde|"));
}

// HTTP/1.0 closes unless it is asked not to, and is never sent chunks.
TEST_P(ConnectionTest, AnswersHttp10) {
  const std::string once = Exchange("GET /x HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once, StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(once, HasSubstr("GET /x |"));
  Client client(server_->port(), trust());
  client.Send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = client.Until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  client.Until("\n");
  client.Send("GET /y HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.Rest(), HasSubstr("GET /y |"));
}

//
TEST_P(ConnectionTest, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 40, 'b');
    bytes += "POST /" + std::to_string(i) +
             " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
             (i == 49 ? "Connection: close\r\n" : "") + "\r\n" + body;
  }
  const std::string answers = Exchange(bytes);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("POST /" + std::to_string(i) + " ", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_P(ConnectionTest, HeadHasTheLengthOfGetAndNoBody) {
  const std::string get = Exchange("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string head = Exchange("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_FALSE(get.ends_with("\r\n\r\n"));
}

// Of any size, and the connection goes on after it.
TEST_P(ConnectionTest, LongAnswersArriveWhole) {
  for (const std::size_t size : {15'000u, 16'300u, 16'384u, 17'000u, 65'536u, 300'000u}) {
    const std::string body(size, 'Z');
    const std::string length = std::to_string(size);
    const std::string answers =
        Exchange("POST /large HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\n" + body +
                 "POST /large HTTP/1.1\r\nConnection: close\r\nContent-Length: " + length +
                 "\r\n\r\n" + body);
    EXPECT_EQ(std::count(answers.begin(), answers.end(), 'Z'), static_cast<long>(2 * size)) << size;
  }
}

// pieces leave as they come, and a reader that goes is noticed.
TEST_P(ConnectionTest, AFeedGoesOnUntilItsReaderGoes) {
  {
    Client client(server_->port(), trust());
    client.Send("GET /feed HTTP/1.1\r\n\r\n");
    EXPECT_THAT(client.Until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
    for (const char* piece : {"one\n", "two\n", "three\n"}) {
      feed_->Push(piece);
      EXPECT_THAT(client.Until("\n\r\n"), testing::EndsWith(std::string(piece) + "\r\n"));
    }
    const std::string large(300'000, 'x');
    feed_->Push(large + "\n");
    EXPECT_THAT(client.Until("\n\r\n"), HasSubstr(large));
  }
  feed_->AwaitDetached();
}

// the largest body passes, one byte more doesn't, said in whichever way.
TEST_P(ConnectionTest, BodiesAreBoundedByPath) {
  const auto post = [](const std::string& path, std::size_t size) {
    return "POST " + path +
           " HTTP/1.1\r\nConnection: close\r\nContent-Length: " + std::to_string(size) +
           "\r\n\r\n" + std::string(size, 'b');
  };
  EXPECT_THAT(Exchange(post("/x", kSmall)), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Exchange(post("/x", kSmall + 1)), HasSubstr("too large for /x"));
  EXPECT_THAT(Exchange(post("/large", kLarge)), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Exchange(post("/large", kLarge + 1)), StartsWith("HTTP/1.1 413"));
  std::string chunks = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i) chunks += "4000\r\n" + std::string(0x4000, 'c') + "\r\n";
  EXPECT_THAT(Exchange(chunks + "0\r\n\r\n"), HasSubstr("too large for /x"));
}

// The refusal arrives although the client is still sending, and the connection ends in order.
TEST_P(ConnectionTest, ARefusalReachesAClientThatGoesOnSending) {
  Client client(server_->port(), trust());
  client.Send("POST /x HTTP/1.1\r\nContent-Length: 500000\r\n\r\n");
  for (int i = 0; i < 5; ++i) client.Send(std::string(100'000, 'b'));
  EXPECT_THAT(client.Rest(), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(client.error(), boost::asio::error::eof);
}

// whatever a client gets wrong is its mistake.
TEST_P(ConnectionTest, MalformedRequestsAreRefused) {
  for (const char* bytes : {
           "GET / HTTP/9.9\r\n\r\n",
           "GET\r\n\r\n",
           "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
           "POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST /x HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
           "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           "GET /a b HTTP/1.1\r\n\r\n",
       }) {
    EXPECT_THAT(Exchange(bytes), StartsWith("HTTP/1.1 400")) << bytes;
  }
  EXPECT_THAT(Exchange("POST /x HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

INSTANTIATE_TEST_SUITE_P(Http, ConnectionTest, testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "OverTls" : "Plain");
});

}  // namespace
}  // namespace trunkline::http

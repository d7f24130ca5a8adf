// What clients may do with a connection, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/write.hpp"
#include "server/http/http_server.h"

namespace trunkline::http {
namespace {

namespace net = boost::asio;
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
  answer.headers = {{"X-Purge-Job", "7"}};
  respond(std::move(answer));
}

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(context_) {
    socket_.connect({net::ip::make_address("127.0.0.1"), port});
  }
  void Send(const std::string& bytes) { net::write(socket_, net::buffer(bytes), error_); }
  std::string Until(const std::string& end) {
    const std::size_t size = net::read_until(socket_, net::dynamic_buffer(received_), end, error_);
    std::string text = received_.substr(0, size);
    received_.erase(0, size);
    return text;
  }
  // All that comes until the server closes; whether it closed in order, in error().
  std::string Rest() {
    net::read(socket_, net::dynamic_buffer(received_), error_);
    return std::exchange(received_, {});
  }
  const boost::system::error_code& error() const { return error_; }

 private:
  net::io_context context_;
  net::ip::tcp::socket socket_;
  boost::system::error_code error_;
  std::string received_;
};

class ConnectionTest : public testing::Test {
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
    auto server = HttpServer::Start("127.0.0.1", 0, Echo, std::move(rules));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  std::string Exchange(const std::string& bytes) {
    Client client(server_->port());
    client.Send(bytes);
    return client.Rest();
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(ConnectionTest, GivesTheHeadersThatTheSurfacesRead) {
  const std::string answer = Exchange(
      "POST /x HTTP/1.1\r\nHost: acme.example\r\nContent-Type: application/json\r\n"
      "X-REQUEST-ID: r1\r\nx-organization-id: o1\r\nIdempotency-Key: k1\r\nLast-Event-ID: 5\r\n"
      "authorization: Bearer t\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  EXPECT_THAT(answer, HasSubstr("POST /x {}|application/json|acme.example|r1|o1|k1|5|Bearer t\n"));
  EXPECT_THAT(answer, HasSubstr("X-Purge-Job: 7\r\n"));
}

// A second value doesn't hide behind the first.
TEST_F(ConnectionTest, JoinsHeadersThatComeTwice) {
  EXPECT_THAT(Exchange("GET /x HTTP/1.1\r\nX-Organization-Id: a\r\nX-Organization-Id: b\r\n"
                       "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"
                       "Connection: close\r\n\r\n"),
              HasSubstr("|a, b|||Bearer a, Bearer b\n"));
}

//
TEST_F(ConnectionTest, AsksForABodyThatWaits) {
  Client client(server_->port());
  client.Send(
      "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_EQ(client.Until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.Rest(), HasSubstr("POST /x abc|"));
}

// a body that would be refused isn't asked for.
TEST_F(ConnectionTest, RefusesALargeBodyInsteadOfAskingForIt) {
  const std::string answer =
      Exchange("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
}

//
TEST_F(ConnectionTest, RefusesOtherExpectations) {
  EXPECT_THAT(Exchange("POST /x HTTP/1.1\r\nExpect: gold\r\nContent-Length: 3\r\n\r\n"),
              StartsWith("HTTP/1.1 417"));
}

//
TEST_F(ConnectionTest, ReadsChunkedBodies) {
  const std::string answer = Exchange(
      "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("POST /x abcde|"));
}

// HTTP/1.0 closes unless it is asked not to, and is never sent chunks.
TEST_F(ConnectionTest, AnswersHttp10) {
  const std::string once = Exchange("GET /x HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once, StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(once, HasSubstr("GET /x |"));
  Client client(server_->port());
  client.Send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = client.Until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  client.Until("\n");
  client.Send("GET /y HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.Rest(), HasSubstr("GET /y |"));
}

//
TEST_F(ConnectionTest, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
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

TEST_F(ConnectionTest, HeadHasTheLengthOfGetAndNoBody) {
  const std::string get = Exchange("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string head = Exchange("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_FALSE(get.ends_with("\r\n\r\n"));
}

// the largest body passes, one byte more doesn't, said in whichever way.
TEST_F(ConnectionTest, BodiesAreBoundedByPath) {
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
TEST_F(ConnectionTest, ARefusalReachesAClientThatGoesOnSending) {
  Client client(server_->port());
  client.Send("POST /x HTTP/1.1\r\nContent-Length: 500000\r\n\r\n");
  for (int i = 0; i < 5; ++i) client.Send(std::string(100'000, 'b'));
  EXPECT_THAT(client.Rest(), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(client.error(), net::error::eof);
}

// whatever a client gets wrong is its mistake.
TEST_F(ConnectionTest, MalformedRequestsAreRefused) {
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

}  // namespace
}  // namespace trunkline::http

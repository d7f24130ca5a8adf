// What all surfaces have in common: paths, methods, request ids, limits; at last over a socket.
#include "boost/asio/buffer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/write.hpp"
#include "server/http/http_server.h"
#include "tests/server/api/rig.h"

namespace trunkline::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ServiceTest : public ApiTest {};

enum class Shape { kDialpad, kPurge, kNotes };

Shape ShapeOf(const boost::json::value& body) {
  const auto& object = body.as_object();
  if (object.contains("success")) return Shape::kDialpad;
  return object.contains("code") ? Shape::kPurge : Shape::kNotes;
}

// X-12; section 12, 13: paths outside of all are of the discard surface.
TEST_F(ServiceTest, UnknownPathsHaveTheBodyOfTheNearestSurface) {
  for (const auto& [target, shape] :
       {std::pair("/", Shape::kDialpad), std::pair("/nothing", Shape::kDialpad),
        std::pair("*", Shape::kDialpad), std::pair("", Shape::kDialpad),
        std::pair("/api", Shape::kDialpad), std::pair("/api/calls", Shape::kDialpad),
        std::pair("/api/calls/x/discard/", Shape::kDialpad),
        std::pair("/API/calls/x/discard", Shape::kDialpad),
        std::pair("/api/calls/a%2Fb/c/discard", Shape::kDialpad),
        std::pair("/purge", Shape::kPurge), std::pair("/PURGE/v2/calls", Shape::kPurge),
        std::pair("/purge/v1/calls/", Shape::kPurge), std::pair("/token/x", Shape::kPurge),
        std::pair("/api/v1", Shape::kNotes), std::pair("/api/v1/calls/x/y", Shape::kNotes),
        std::pair("/calls/x/notes/y/z", Shape::kNotes)}) {
    for (const char* method : {"GET", "POST", "DELETE", "BREW"}) {
      const Asked asked = Ask(method, target);
      EXPECT_EQ(asked.status(), 404u) << method << target;
      EXPECT_EQ(ShapeOf(asked.Json()), shape) << target;
    }
  }
}

// X-12
TEST_F(ServiceTest, WrongMethodsNameTheRightOnes) {
  const std::string id = CallHex();
  for (const auto& [method, target, allow, shape] :
       {std::tuple("GET", "/api/calls/x/discard", "POST", Shape::kDialpad),
        std::tuple("HEAD", "/api/calls/x/discard", "POST", Shape::kDialpad),
        std::tuple("POST", "/api/calls/x", "GET, HEAD", Shape::kDialpad),
        std::tuple("DELETE", "/purge/v1/calls", "POST", Shape::kPurge),
        std::tuple("GET", "/Purge/v1/Calls/Customer", "POST", Shape::kPurge),
        std::tuple("GET", "/TOKEN", "POST", Shape::kPurge),
        std::tuple("GET", "/api/v1/calls/x/notes/y", "PATCH, DELETE", Shape::kNotes),
        std::tuple("GET", "/calls/x/notes/y", "PATCH, DELETE", Shape::kNotes),
        std::tuple("BREW", "/api/v1/calls", "GET, HEAD", Shape::kNotes)}) {
    const Asked asked = Ask(method, target);
    EXPECT_EQ(asked.status(), 405u) << method << target;
    EXPECT_EQ(asked.answer.allow, allow) << target;
    EXPECT_EQ(ShapeOf(asked.Json()), shape) << target;
  }
  EXPECT_EQ(Ask("HEAD", "/api/calls/" + id).status(), 200u);
  EXPECT_EQ(Ask("GET", "http://acme.example/api/calls/" + id + "?x=y").status(), 200u);
}

// X-14
TEST_F(ServiceTest, EveryRequestHasAnId) {
  http::Request request;
  request.method = "GET";
  request.target = "/api/v1/calls?search=%2B15125551234";
  request.authorization = "Bearer " + key_;
  EXPECT_EQ(Ask(request).Header("X-Request-Id"), "minted-1");
  request.request_id = "abc.DEF-1_2";
  EXPECT_EQ(Ask(request).Header("X-Request-Id"), "abc.DEF-1_2");
  for (const std::string& bad :
       {std::string("a b"), std::string("a\r\nX: y"), std::string(65, 'a'), std::string("a, b"),
        std::string("+15125551234"), std::string("\xc3\xa9")}) {
    request.request_id = bad;
    EXPECT_THAT(Ask(request).Header("X-Request-Id"), StartsWith("minted-")) << bad;
  }
  request.request_id = "r";
  request.authorization.clear();
  EXPECT_EQ(Ask(request).Header("X-Request-Id"), "r");
  request.target = "/nothing";
  EXPECT_EQ(Ask(request).Header("X-Request-Id"), "r");
  request.target = "/token";
  request.method = "POST";
  EXPECT_EQ(Ask(request).Header("X-Request-Id"), "r");
}

// X-14: a line for each, of ids and words of our own.
TEST_F(ServiceTest, LogLinesHoldIdsAndCountsOnly) {
  Ask("POST", "/purge/v1/calls/customer", R"({"phoneNumber":"+15125551234"})");
  Ask("POST", "/nothing/+15125551234");
  AskAs("Bearer tlk_x", "GET", "/api/calls/secret");
  ASSERT_EQ(log_.size(), 3u);
  EXPECT_EQ(log_[0].route, "/purge/v1/calls/customer");
  EXPECT_EQ(log_[0].method, "POST");
  EXPECT_EQ(log_[0].status, 200u);
  EXPECT_EQ(log_[0].organization, own_);
  EXPECT_EQ(log_[0].credential, ledger_.credentials[0].id);
  EXPECT_EQ(log_[1].route, "");
  EXPECT_EQ(log_[1].status, 404u);
  EXPECT_EQ(log_[2].route, "/api/calls/{callId}");
  EXPECT_FALSE(log_[2].organization);
}

// X-10, section 12, 13
TEST_F(ServiceTest, BodiesAreBoundedByWhoAsksForWhat) {
  const http::BodyRules rules = service_->rules();
  http::Request head;
  head.method = "POST";
  head.target = "/api/calls/ingest";
  EXPECT_EQ(rules.max(head), 64u * 1024);
  head.authorization = "Bearer " + AddKey(own_, kCallsRead);
  EXPECT_EQ(rules.max(head), 64u * 1024);
  head.authorization = "Bearer " + key_;
  EXPECT_EQ(rules.max(head), 16u * 1024 * 1024);
  for (const char* target : {"/purge/v1/calls", "/api/calls/x/discard", "/nothing", "/Token"}) {
    head.target = target;
    EXPECT_EQ(rules.max(head), 64u * 1024) << target;
  }
  head.target = "/admin/v1/relays";
  EXPECT_EQ(rules.max(head), 8u * 1024);
  EXPECT_THAT(rules.too_large(head).body, HasSubstr("body_too_large"));
  // P-35
  head.target = "/purge/v1/calls";
  head.request_id = "r";
  const http::Answer purge = rules.too_large(head);
  EXPECT_EQ(purge.status, 413u);
  EXPECT_EQ(ShapeOf(boost::json::parse(purge.body)), Shape::kPurge);
  ASSERT_EQ(purge.headers.size(), 1u);
  EXPECT_EQ(purge.headers[0].second, "r");
}

TEST_F(ServiceTest, OperatorsPagesStayTheirs) {
  const http::Handler both = WithOperatorPages(
      [](const http::Request&, const http::Responder& respond) {
        http::Answer page;
        page.status = 204;
        respond(std::move(page));
      },
      service_->handler());
  for (const auto& [target, status] :
       {std::pair("/livez", 204u), std::pair("/readyz?verbose", 204u), std::pair("/metrics", 204u),
        std::pair("/admin/v1/relays", 204u), std::pair("/livezz", 404u), std::pair("/", 404u),
        std::pair("/api/v1/calls", 401u)}) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    unsigned got = 0;
    both(request, http::Responder([&got](http::Answer answer) { got = answer.status; }));
    EXPECT_EQ(got, status) << target;
  }
}

// Everything from the socket to the ledger.
TEST_F(ServiceTest, OverASocket) {
  auto server = http::HttpServer::Start("127.0.0.1", 0, service_->handler(), service_->rules());
  ASSERT_TRUE(server.ok()) << server.status();
  const auto exchange = [&](const std::string& bytes) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), (*server)->port()});
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
  };
  const std::string close = "Connection: close\r\nAuthorization: Bearer " + key_ + "\r\n";
  const std::string body = R"({"deleteContact":false})";
  const std::string discarded =
      exchange("POST /api/calls/" + CallHex() + "/discard HTTP/1.1\r\n" + close +
               "X-Request-Id: r7\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_THAT(discarded, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(discarded, HasSubstr("Content-Type: application/json; charset=utf-8\r\n"));
  EXPECT_THAT(discarded, HasSubstr("X-Request-Id: r7\r\n"));
  EXPECT_TRUE(discarded.ends_with(R"({"success":true,"message":"Call discarded"})"));
  // X-10, P-35
  const std::string large = exchange("POST /purge/v1/calls HTTP/1.1\r\n" + close +
                                     "Content-Length: 65537\r\n\r\n" + std::string(65'537, ' '));
  EXPECT_THAT(large, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(large, HasSubstr("BODY_TOO_LARGE"));
  const std::string head = exchange("HEAD /api/v1/calls HTTP/1.1\r\n" + close + "\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  const std::string wrong = exchange("PUT /purge/v1/calls HTTP/1.1\r\n" + close + "\r\n");
  EXPECT_THAT(wrong, HasSubstr("Allow: POST\r\n"));
}

}  // namespace
}  // namespace trunkline::api

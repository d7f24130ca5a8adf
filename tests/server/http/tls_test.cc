// What TLS adds to a listener: who gets past the handshake, and what becomes of those who don't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "boost/asio/ssl/error.hpp"
#include "server/http/http_server.h"
#include "tests/server/http/client.h"
#include "tests/server/http/tls_pair.h"

namespace trunkline::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kConnectionsMax = 256;
constexpr const char* kAsk = "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n";

// Speaks only what lies between the two versions.
ssl_st* SessionOf(int lowest, int highest, const std::string& protocols = "") {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, highest);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  ssl_st* const session = SSL_new(context);
  SSL_CTX_free(context);  // the session keeps it
  return session;
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override { Listen(600s); }
  void Listen(Duration handshake_timeout) {
    server_.reset();
    const auto hello = [](const Request& request, const Responder& respond) {
      Answer answer;
      answer.body = "hello " + request.target + " from " + request.peer + "\n";
      respond(std::move(answer));
    };
    auto server = HttpServer::Start("127.0.0.1", 0, hello, {}, {pair_.server, handshake_timeout});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  std::string Ask(Client& client) {
    client.Send(kAsk);
    return client.Rest();
  }
  void ServesOthers() {
    Client client(server_->port(), pair_.client.get());
    EXPECT_FALSE(client.error()) << client.error().message();
    EXPECT_THAT(Ask(client), HasSubstr("hello /x from 127.0.0.1\n"));
    EXPECT_EQ(client.error(), boost::asio::error::eof);
  }

  const TlsPair pair_{};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, ServesWhoBelievesIt) {
  ServesOthers();
}

TEST_F(TlsTest, SpeaksTwoVersionsAndNothingOlder) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(server_->port(), SessionOf(version, version));
    EXPECT_EQ(SSL_version(client.session()), version);
    EXPECT_THAT(Ask(client), StartsWith("HTTP/1.1 200")) << version;
  }
  Client old(server_->port(), SessionOf(TLS1_VERSION, TLS1_1_VERSION));
  EXPECT_TRUE(old.error());
  ServesOthers();
}

TEST_F(TlsTest, AgreesOnHttp1OrNothing) {
  Client client(server_->port(), SessionOf(0, 0, "\x02h2\x08http/1.1"));
  EXPECT_THAT(Ask(client), StartsWith("HTTP/1.1 200"));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.session(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
  Client other(server_->port(), SessionOf(0, 0, "\x02h2"));
  EXPECT_TRUE(other.error());
}

// What can't be resumed needs no key that outlives the connection.
TEST_F(TlsTest, HandsOutNoTickets) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(server_->port(), SessionOf(version, version));
    Ask(client);
    EXPECT_FALSE(SSL_SESSION_has_ticket(SSL_get0_session(client.session()))) << version;
  }
}

TEST_F(TlsTest, OneThatDoesNotBelieveItIsClosed) {
  const crypto::TlsClient stranger;
  Client client(server_->port(), &stranger);
  EXPECT_TRUE(client.error());
  EXPECT_NE(crypto::CertificateFault(client.session()), "");
  ServesOthers();
}

TEST_F(TlsTest, PlainHttpAndNoiseAreClosedWithoutHarm) {
  for (const std::string& bytes :
       {std::string(kAsk), std::string("\x16\x03\x01\xff\xff\x01\x00\xff\xff", 9),
        std::string("\x80\x2e\x01\x00\x02", 5) + std::string(64, 'x'),
        std::string(100'000, '\0')}) {
    Client client(server_->port());
    client.Send(bytes);
    client.CloseSending();
    EXPECT_THAT(client.Rest(), Not(HasSubstr("HTTP/1")));
  }
  ServesOthers();
}

TEST_F(TlsTest, ACutConnectionIsForgotten) {
  for (const bool in_order : {false, true}) {
    Client client(server_->port(), pair_.client.get());
    client.Send("GET /x HTTP/1.1\r\nX: ");
    if (in_order) client.SayEnd();
  }
  ServesOthers();
}

TEST_F(TlsTest, AHandshakeHasADeadline) {
  Listen(50ms);
  Client silent(server_->port()), slow(server_->port());
  slow.Send("\x16\x03\x01");
  EXPECT_EQ(silent.Rest(), "");
  EXPECT_EQ(slow.Rest(), "");
}

TEST_F(TlsTest, AHandshakeCountsAsAConnection) {
  boost::asio::io_context context;
  std::list<boost::asio::ip::tcp::socket> waiting;
  for (std::size_t i = 0; i < kConnectionsMax; ++i) {
    waiting.emplace_back(context).connect(
        {boost::asio::ip::make_address("127.0.0.1"), server_->port()});
  }
  Client refused(server_->port());
  EXPECT_EQ(refused.Rest(), "");
  waiting.pop_front();
  for (;;) {  // until the server has noticed
    Client client(server_->port(), pair_.client.get());
    if (client.error()) continue;
    EXPECT_THAT(Ask(client), HasSubstr("hello /x"));
    break;
  }
}

}  // namespace
}  // namespace trunkline::http

// /admin/v1/relays over TCP: the token, the answers, the refusals, the metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"
#include "common/crypto/rsa.h"
#include "common/files.h"
#include "server/server.h"
#include "tests/support/temp_dir.h"

namespace trunkline {
namespace {

namespace bhttp = boost::beast::http;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class RelayAdminTest : public testing::Test {
 protected:
  RelayAdminTest() {
    Config config;
    config.node.data_dir = dir_.path();
    static const auto key = crypto::RsaPrivateKey::Generate();
    CHECK(key.ok());
    dir_.Write("server_key.pem", key->PrivatePem());
    config.node.listen = {{"127.0.0.1", 0}};
    config.node.durability = io::Durability::kNone;
    config.relay_control = {"127.0.0.1", 0};
    config.relay_secret = Bytes(32, 7);
    book::RelayConfig relay;
    relay.id = 5;
    relay.ip = "192.0.2.5";
    relay.port = 4431;
    config.node.book.relays.push_back(relay);
    auto server = Server::Start(config);
    CHECK(server.ok());
    server_ = std::move(*server);
    token_ = ReadIfThere(dir_ / "admin_token", 100)->value();
    token_.pop_back();
  }

  bhttp::response<bhttp::string_body> Ask(bhttp::verb method, const std::string& target,
                                          const std::string& authorization) {
    boost::asio::ip::tcp::socket socket(context_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->http_port()});
    bhttp::request<bhttp::empty_body> request(method, target, 11);
    request.set(bhttp::field::host, "localhost");
    if (!authorization.empty()) request.set(bhttp::field::authorization, authorization);
    bhttp::write(socket, request);
    boost::beast::flat_buffer buffer;
    bhttp::response<bhttp::string_body> response;
    bhttp::read(socket, buffer, response);
    return response;
  }
  bhttp::response<bhttp::string_body> Ask(bhttp::verb method, const std::string& target) {
    return Ask(method, target, "Bearer " + token_);
  }

  boost::asio::io_context context_;
  const TempDir dir_;
  std::unique_ptr<Server> server_;
  std::string token_;
};

TEST_F(RelayAdminTest, OnlyTheHolderOfTheTokenIsAnswered) {
  EXPECT_THAT(token_, MatchesRegex("[0-9a-f]{48}"));
  std::string other = token_;
  other.back() = other.back() == '0' ? '1' : '0';
  const std::vector<std::string> refused = {"",
                                            token_,
                                            "Basic " + token_,
                                            "Bearer",
                                            "Bearer " + other,
                                            "Bearer " + token_ + "0",
                                            "bearer " + token_};
  for (const std::string& wrong : refused) {
    for (const char* path :
         {"/admin/v1/relays", "/admin/v1/relays/5", "/admin/v1/calls/1/relays"}) {
      const auto answer = Ask(bhttp::verb::get, path, wrong);
      EXPECT_EQ(answer.result_int(), 401u) << wrong;
      EXPECT_THAT(answer.body(), Not(HasSubstr("192.0.2.5")));
    }
    EXPECT_EQ(Ask(bhttp::verb::post, "/admin/v1/relays/5/drain", wrong).result_int(), 401u);
  }
  EXPECT_THAT(Ask(bhttp::verb::get, "/admin/v1/relays/5").body(), HasSubstr(R"("state":"up")"));
}

TEST_F(RelayAdminTest, AnswersInJson) {
  EXPECT_THAT(Ask(bhttp::verb::get, "/admin/v1/relays").body(),
              HasSubstr(R"({"relays":[{"id":5,"kind":"reflector","ip":"192.0.2.5")"));
  const auto drained = Ask(bhttp::verb::post, "/admin/v1/relays/5/drain");
  EXPECT_EQ(drained.result_int(), 200u);
  EXPECT_THAT(drained.body(), HasSubstr(R"("state":"drained")"));
  EXPECT_THAT(Ask(bhttp::verb::post, "/admin/v1/relays/5/undrain").body(),
              HasSubstr(R"("state":"up")"));
  EXPECT_EQ(Ask(bhttp::verb::post, "/admin/v1/relays/rotate-secret").body(), "{\"key_id\":1}\n");
}

TEST_F(RelayAdminTest, RefusesInJson) {
  const struct {
    bhttp::verb method;
    const char* path;
    unsigned status;
    const char* code;
  } refusals[] = {
      {bhttp::verb::get, "/admin/v1/relays/6", 404, "relay_unknown"},
      {bhttp::verb::post, "/admin/v1/relays/6/drain", 404, "relay_unknown"},
      {bhttp::verb::get, "/admin/v1/relays/x", 400, "bad_request"},
      {bhttp::verb::get, "/admin/v1/relays/", 400, "bad_request"},
      {bhttp::verb::get, "/admin/v1/relays/-5", 400, "bad_request"},
      {bhttp::verb::post, "/admin/v1/relays/drain", 400, "bad_request"},
      {bhttp::verb::post, "/admin/v1/relays/99999999999999999999/drain", 400, "bad_request"},
      {bhttp::verb::post, "/admin/v1/relays", 405, "method_not_allowed"},
      {bhttp::verb::get, "/admin/v1/relays/5/drain", 405, "method_not_allowed"},
      {bhttp::verb::get, "/admin/v1/relays/rotate-secret", 405, "method_not_allowed"},
      {bhttp::verb::get, "/admin/v1/calls/12/relays", 404, "call_unknown"},
      {bhttp::verb::get, "/admin/v1/calls/x/relays", 400, "bad_request"},
      {bhttp::verb::get, "/admin/v1/relaysx", 404, "not_found"},
  };
  for (const auto& refusal : refusals) {
    const auto answer = Ask(refusal.method, refusal.path);
    EXPECT_EQ(answer.result_int(), refusal.status) << refusal.path;
    EXPECT_THAT(answer.body(), HasSubstr(absl::StrCat("\"code\":\"", refusal.code, "\"")))
        << refusal.path;
  }
}

TEST_F(RelayAdminTest, TheFleetIsInTheMetricsAndTheListenerInTheReadyLine) {
  Ask(bhttp::verb::post, "/admin/v1/relays/5/drain");
  const std::string page = Ask(bhttp::verb::get, "/metrics", "").body();
  for (const char* line :
       {"\ntrunkline_relay_up{relay=\"5\"} 0\n", "\ntrunkline_relay_draining{relay=\"5\"} 1\n",
        "\ntrunkline_relay_empty_eta_seconds{relay=\"5\"} 0\n",
        "\ntrunkline_relay_picks_total{result=\"ok\"} 0\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(server_->ReadyLine(),
              MatchesRegex("ready mtproto=[^ ]+ http=[^ ]+ relay-control=127.0.0.1:[1-9][0-9]* "
                           "fingerprint=.*"));
}

}  // namespace
}  // namespace trunkline

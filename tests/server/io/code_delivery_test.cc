#include "server/io/code_delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "tests/server/http/one_request_server.h"
#include "tests/server/http/tls_pair.h"
#include "tests/server/io/test_node.h"

namespace trunkline::io {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Script(const TempDir& dir, const std::string& body) {
  const std::string path = dir.path() + "/deliver";
  std::ofstream(path) << "#!/bin/sh\n" << body;
  chmod(path.c_str(), 0700);
  return path;
}

TEST(CodeCommand, GetsNumberAndCodeOnItsInputAndNowhereElse) {
  const TempDir dir;
  const std::string out = dir.path() + "/out";
  const std::string program = Script(dir, "cat > " + out + "; echo \"$# $*\" >> " + out + "\n");
  ASSERT_TRUE(RunCodeCommand(program, "99966123 54321\n", 20s).ok());
  std::ifstream file(out);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, "99966123 54321\n0 \n");
}

TEST(CodeCommand, FailuresNameNeitherNumberNorCode) {
  const TempDir dir;
  for (const std::string& program :
       {Script(dir, "cat > /dev/null; exit 3\n"), dir.path() + "/missing"}) {
    const absl::Status status = RunCodeCommand(program, "99966123 54321\n", 20s);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("54321")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("99966123")));
  }
}

TEST(CodeCommand, IsEndedWhenItTakesTooLong) {
  const TempDir dir;
  const absl::Status status = RunCodeCommand(Script(dir, "exec sleep 100\n"), "1 2\n", 200ms);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

CodeDeliveryConfig To(const http::OneRequestServer& server,
                      std::shared_ptr<const crypto::TlsClient> trust) {
  CodeDeliveryConfig config;
  config.webhook = "https://localhost:" + server.port() + "/codes";
  config.trust = std::move(trust);
  return config;
}

TEST(CodeWebhook, GetsNumberAndCodeOverTls) {
  const http::TlsPair pair;
  http::OneRequestServer server(200, pair.server.get());
  Stats stats;
  {
    CodeDelivery delivery(To(server, pair.client), &stats);
    delivery.Deliver("99966123", "54321");
    EXPECT_EQ(server.Asked().body(), R"({"phone":"99966123","code":"54321"})");
  }
  EXPECT_EQ(stats.codes_delivered.Get(), 1u);
}

TEST(CodeWebhook, KeepsTheCodeFromAServerThatIsNotTheOne) {
  const http::TlsPair pair, stranger;
  http::OneRequestServer server(200, stranger.server.get());
  Stats stats;
  {
    CodeDelivery delivery(To(server, pair.client), &stats);
    delivery.Deliver("99966123", "54321");
    EXPECT_EQ(server.Asked().body(), "");
  }
  EXPECT_EQ(stats.codes_failed.Get(), 1u);
}

}  // namespace
}  // namespace trunkline::io

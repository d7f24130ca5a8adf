// orgs, users, keys, calls: what the tool asks for, and how it shows the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <sstream>

#include "server/http/http_server.h"
#include "server/tool/records_text.h"
#include "server/tool/tool.h"
#include "tests/support/temp_dir.h"

namespace trunkline::tool {
namespace {

using testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string out, err;
};

// A server that gives one answer and remembers what it was asked.
class RecordsToolTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = http::HttpServer::StartLocal(
        dir_ / "control.sock",
        [this](const http::Request& request, const http::Responder& respond) {
          const std::lock_guard lock(mutex_);
          asked_ = request.method + " " + request.target + " " + request.body;
          respond(answer_);
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  Outcome Trunkline(std::vector<std::string> arguments, http::Answer answer = {}) {
    {
      const std::lock_guard lock(mutex_);
      asked_.clear();
      answer_ = std::move(answer);
    }
    arguments.insert(arguments.begin(), {"trunkline", "--data-dir", dir_.path()});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code = tool::Run(static_cast<int>(argv.size()), argv.data(), out, err);
    return {code, out.str(), err.str()};
  }
  static http::Answer Says(std::string body) {
    http::Answer answer;
    answer.body = std::move(body);
    return answer;
  }
  std::string asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  const TempDir dir_;
  std::mutex mutex_;
  std::string asked_;
  http::Answer answer_;
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(RecordsToolTest, OptionsAreTheMembersOfTheRequest) {
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"orgs", "list"}, "orgs/list {}"},
      {{"orgs", "add", "--name", "Acme"}, R"(orgs/add {"name":"Acme"})"},
      {{"users", "list", "--org", "Acme"}, R"(users/list {"org":"Acme"})"},
      {{"users", "add", "--phone", "+1", "--name", "A B"},
       R"(users/add {"phone":"+1","name":"A B"})"},
      {{"keys", "create", "--org", "default", "--scopes", "calls:read,calls:write", "--json"},
       R"(keys/create {"org":"default","scopes":"calls:read,calls:write"})"},
      {{"keys", "create", "--scopes", "calls:read", "--ttl", "60"},
       R"(keys/create {"scopes":"calls:read","ttl_s":60})"},
      {{"keys", "list"}, "keys/list {}"},
      {{"keys", "revoke", "abc"}, R"(keys/revoke {"id":"abc"})"},
      {{"calls", "list", "--limit", "5"}, R"(calls/list {"limit":5})"},
      {{"calls", "show", "7"}, R"(calls/show {"call":"7"})"},
      {{"calls", "discard", "7", "--contact", "c", "--delete-contact"},
       R"(calls/discard {"call":"7","contact":"c","delete_contact":true})"},
      {{"calls", "purge", "a", "b", "--what-if"},
       R"(calls/purge {"what_if":true,"calls":["a","b"]})"},
      {{"calls", "purge", "--session", "s"}, R"(calls/purge {"sessions":["s"]})"},
      {{"calls", "purge", "--number", "+1"}, R"(calls/purge {"number":"+1"})"},
  };
  for (const auto& [arguments, request] : rows) {
    Trunkline(arguments, Says("{}"));
    EXPECT_EQ(asked(), "POST /control/v1/records/" + request);
  }
}

TEST_F(RecordsToolTest, WrongUsageAsksNothing) {
  const std::vector<std::vector<std::string>> wrong = {
      {"orgs"},
      {"orgs", "add"},
      {"users", "add", "--phone", "+1"},
      {"keys", "create"},
      {"keys", "revoke"},
      {"calls", "show"},
      {"calls", "discard"},
      {"calls", "purge"},
      {"calls", "purge", "--what-if"},
      {"calls", "purge", "a", "--number", "+1"},
      {"calls", "list", "--limit", "-1"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = Trunkline(arguments);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(arguments);
    EXPECT_EQ(asked(), "");
  }
}

TEST_F(RecordsToolTest, AnswersAreTablesOrJsonAsItCame) {
  const std::string calls =
      R"({"calls":[{"id":"c1","created_at":"2026-11-22T04:18:22.123Z","direction":"outbound",)"
      R"("from":"+49301","to":null,"status":"no-answer","duration_s":0}],"total":12})"
      "\n";
  EXPECT_EQ(Trunkline({"calls", "list", "--json"}, Says(calls)).out, calls);
  EXPECT_EQ(Trunkline({"calls", "list"}, Says(calls)).out,
            "ID  CREATED                   DIRECTION  FROM    TO  STATUS     SECONDS\n"
            "c1  2026-11-22T04:18:22.123Z  outbound   +49301      no-answer  0\n"
            "of 12\n");
  EXPECT_EQ(Trunkline({"orgs", "add", "--name", "A"}, Says(R"({"id":"1","name":"A"})")).out,
            "id    1\nname  A\n");
  EXPECT_EQ(Trunkline({"calls", "purge", "a"},
                      Says(R"({"items":[{"call":"a","session":"s","status":"Purging",)"
                           R"("error":null}],"job":"j"})"))
                .out,
            "CALL  SESSION  STATUS   ERROR\n"
            "a     s        Purging\n"
            "Purging: 1\n"
            "job j\n");
}

TEST_F(RecordsToolTest, RefusalsHaveTheCodesOfOtherCommands) {
  const auto fails = [](unsigned status) { return http::ErrorAnswer(status, "code", "why"); };
  EXPECT_EQ(Trunkline({"calls", "show", "7"}, fails(404)).code, 3);
  EXPECT_EQ(Trunkline({"orgs", "add", "--name", "A"}, fails(409)).code, 4);
  const Outcome refused = Trunkline({"calls", "discard", "7"}, fails(503));
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("why"));
  EXPECT_THAT(Trunkline({"keys", "list"}, Says("no JSON")).err, HasSubstr("can't be read"));
}

TEST(RecordsText, TakesOnlyWhatAServerSays) {
  for (const char* bad : {"", "[]", "7", R"({"calls":7})", R"({"calls":[7]})"}) {
    EXPECT_FALSE(CallTableText(bad)) << bad;
    EXPECT_FALSE(PurgeText(bad)) << bad;
  }
  EXPECT_EQ(OrgTableText(R"({"orgs":[]})"), "ID  NAME  HOST\n");
}

}  // namespace
}  // namespace trunkline::tool

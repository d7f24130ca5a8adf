// orgs, users, keys, calls: what the tool asks for, and how it shows the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <sstream>

#include "boost/json.hpp"
#include "common/crypto/password.h"
#include "server/http/http_server.h"
#include "server/tool/progress.h"
#include "server/tool/records_text.h"
#include "server/tool/tool.h"
#include "tests/server/tool/outcome.h"
#include "tests/support/temp_dir.h"

namespace trunkline::tool {
namespace {

using testing::HasSubstr;
using testing::Not;

// A server that gives one answer and remembers what it was asked.
class RecordsToolTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = http::HttpServer::StartLocal(
        dir_ / "control.sock",
        [this](const http::Request& request, const http::Responder& respond) {
          const std::lock_guard lock(mutex_);
          asked_ = request.method + " " + request.target + " " + request.body;
          respond(answers_.front());
          if (answers_.size() > 1) answers_.pop_front();
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  Outcome Trunkline(const std::vector<std::string>& arguments, http::Answer answer = {}) {
    return Trunkline(arguments, std::deque{std::move(answer)});
  }
  // One answer after the other, the last for ever.
  Outcome Trunkline(std::vector<std::string> arguments, std::deque<http::Answer> answers,
                    const Surroundings& around = {}) {
    {
      const std::lock_guard lock(mutex_);
      asked_.clear();
      answers_ = std::move(answers);
    }
    arguments.insert(arguments.begin(), {"trunkline", "--data-dir", dir_.path()});
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code = tool::Run(static_cast<int>(argv.size()), argv.data(), out, err, around);
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
  std::deque<http::Answer> answers_;
  std::unique_ptr<http::HttpServer> server_;
};

TEST_F(RecordsToolTest, OptionsAreTheMembersOfTheRequest) {
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"orgs", "list"}, "orgs/list {}"},
      {{"orgs", "add", "--name", "Acme"}, R"(orgs/add {"name":"Acme"})"},
      {{"users", "list", "--org", "Acme"}, R"(users/list {"org":"Acme"})"},
      {{"users", "add", "--phone", "+1", "--name", "A B"},
       R"(users/add {"phone":"+1","name":"A B"})"},
      {{"users", "add", "--phone", "+1", "--name", "A", "--email", "e@x", "--role", "admin"},
       R"(users/add {"phone":"+1","name":"A","email":"e@x","role":"admin"})"},
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

TEST_F(RecordsToolTest, APasswordLeavesAsItsHash) {
  const std::vector<std::string> command = {"users", "password", "--email", "a@example.org"};
  const auto type = [&](const std::string& typed) {
    std::istringstream in(typed);
    return Trunkline(command, std::deque{Says(R"({"id":"1","email":"a@example.org"})")},
                     {.in = &in});
  };
  const Outcome done = type("correct horse\r\nsecond line\n");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "id     1\nemail  a@example.org\n");
  const std::string body = asked().substr(asked().find('{'));
  const std::string hash(boost::json::parse(body).at("hash").as_string());
  EXPECT_TRUE(crypto::CheckPassword("correct horse", FromHex(hash)));
  EXPECT_THAT(asked(), Not(HasSubstr("correct")));
  // Ten of two bytes each, without an end of line.
  std::string wide;
  for (int i = 0; i < 10; ++i) wide += "\xc3\xa9";
  EXPECT_EQ(type(wide).code, 0);
}

TEST_F(RecordsToolTest, PasswordsHaveTenTo200Characters) {
  for (const std::string& typed : {std::string(), std::string("123456789\n"), std::string(201, 'x'),
                                   std::string(1 << 20, 'x')}) {
    std::istringstream in(typed);
    const Outcome refused = Trunkline({"users", "password", "--email", "a@example.org"},
                                      std::deque{Says("{}")}, {.in = &in});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("10 to 200 characters"));
    EXPECT_EQ(asked(), "");
  }
}

TEST_F(RecordsToolTest, WrongUsageAsksNothing) {
  const std::vector<std::vector<std::string>> wrong = {
      {"orgs"},
      {"orgs", "add"},
      {"users", "add", "--phone", "+1"},
      {"users", "password"},
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

// The answers to a purge of two calls and to what is asked until it is done.
std::deque<http::Answer> PurgeOfTwo() {
  std::deque<http::Answer> answers(4);
  answers[0].body = R"({"items":[{"call":"a","session":"s","status":"Purging","error":null},)"
                    R"({"call":"a","session":"s","status":"Purging","error":null},)"
                    R"({"call":null,"session":"t","status":"Purging","error":null},)"
                    R"({"call":"b","session":"t","status":"Purging","error":null},)"
                    R"({"call":"x","session":null,"status":"NotFound","error":null}],"job":"j"})";
  answers[1].body = R"({"job":"j","status":"Purging","calls_erased":0})";
  answers[2].body = R"({"job":"j","status":"Purging","calls_erased":1})";
  answers[3].body = R"({"job":"j","status":"Purged","calls_erased":2})";
  return answers;
}

TEST_F(RecordsToolTest, AWaitShowsOnATerminalHowFarThePurgeIs) {
  const std::vector<std::string> purge = {"calls", "purge", "--org", "Acme", "a", "b", "--wait"};
  const Outcome seen = Trunkline(purge, PurgeOfTwo(), {.columns = 46});
  EXPECT_EQ(seen.code, 0);
  EXPECT_EQ(seen.err,
            "\r[..................]   0% 0 of 2 calls erased\x1b[K"
            "\r[#########.........]  50% 1 of 2 calls erased\x1b[K"
            "\r\x1b[K");
  EXPECT_THAT(seen.out, testing::EndsWith("job j\npurged: 2 calls\n"));
  EXPECT_EQ(asked(), R"(POST /control/v1/records/jobs/show {"org":"Acme","job":"j"})");
  const Outcome unseen = Trunkline(purge, PurgeOfTwo());
  EXPECT_EQ(unseen.err, "");
  EXPECT_EQ(unseen.out, seen.out);
}

TEST_F(RecordsToolTest, AWaitPrintsJsonAsItCame) {
  const Outcome json =
      Trunkline({"calls", "purge", "a", "--wait", "--json"}, PurgeOfTwo(), {.columns = 46});
  EXPECT_EQ(json.err, "");
  EXPECT_EQ(json.out, PurgeOfTwo()[0].body + PurgeOfTwo()[3].body);
}

TEST_F(RecordsToolTest, NobodyWaitsWithoutAJobOrWithoutBeingTold) {
  const http::Answer nothing = Says(R"({"items":[],"job":null})");
  EXPECT_EQ(Trunkline({"calls", "purge", "a", "--wait"}, nothing).code, 0);
  EXPECT_THAT(asked(), HasSubstr("calls/purge"));
  EXPECT_EQ(Trunkline({"calls", "purge", "a"}, PurgeOfTwo(), {.columns = 46}).err, "");
  EXPECT_THAT(asked(), HasSubstr("calls/purge"));
}

TEST_F(RecordsToolTest, AWaitEndsWhenTheServerSaysNo) {
  std::deque<http::Answer> answers = PurgeOfTwo();
  answers.resize(2);
  answers.push_back(http::ErrorAnswer(503, "store_refuses", "no room"));
  const Outcome refused = Trunkline({"calls", "purge", "a", "--wait"}, answers, {.columns = 46});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("\r\x1b[Ktrunkline: "));
  EXPECT_THAT(refused.err, HasSubstr("no room"));
  answers.back() = Says("no JSON");
  EXPECT_THAT(Trunkline({"calls", "purge", "a", "--wait"}, answers).err,
              HasSubstr("can't be read"));
}

TEST(Progress, IsOneLineOfAnyTerminal) {
  EXPECT_EQ(ProgressText(0, 0, 80), "[" + std::string(40, '.') + "]   0% 0 of 0 calls erased");
  EXPECT_EQ(ProgressText(9, 4, 80), "[" + std::string(40, '#') + "] 100% 4 of 4 calls erased");
  EXPECT_EQ(ProgressText(1, 3, 20), "1 of 3 calls erased");
  EXPECT_EQ(ProgressText(1, 3, 7), "1 of 3");
  for (int columns = 1; columns <= 200; ++columns) {
    for (const std::int64_t done : {0, 1, 99, 100'000}) {
      EXPECT_LT(ProgressText(done, 100'000, columns).size(), static_cast<std::size_t>(columns));
    }
  }
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

// Signing in and up, and what is refused before and without it.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "boost/json.hpp"
#include "tests/e2e/fixture.h"
#include "tests/paths.h"

namespace trunkline::e2e {
namespace {

// Codes as the delivery command gets them: it passes its standard input on through a pipe in the
// file system.
class Delivery {
 public:
  Delivery() {
    const std::string program = directory_.path() + "/deliver";
    const std::string pipe = program + ".pipe";
    std::ofstream(program) << "#!/bin/sh\ncat > \"$0.pipe\"\n";
    EXPECT_EQ(chmod(program.c_str(), 0700), 0);
    EXPECT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::ofstream(config_) << "[code]\ncommand = \"" << program << "\"\n";
    reading_ = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~Delivery() { close(reading_); }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  std::string data_dir() const { return directory_.path() + "/data"; }
  std::vector<std::string> Arguments() const { return {"--config", config_}; }

  struct Message {
    std::string phone, code;
  };
  Message Next() const {
    if (!AwaitReadable(reading_, kPatience)) ADD_FAILURE() << "no code was delivered";
    char line[64] = {};
    EXPECT_GT(read(reading_, line, sizeof line - 1), 0);
    std::istringstream words(line);
    Message message;
    words >> message.phone >> message.code;
    return message;
  }

 private:
  const TempDir directory_;
  const std::string config_ = directory_.path() + "/config.toml";
  int reading_ = -1;
};

class SignInTest : public WithServer {
 protected:
  load::ClientOptions OptionsOf(const ServerProcess& server) const {
    load::ClientOptions options = Options();
    options.server = server.endpoint();
    options.server_key = server.PublicKey();
    return options;
  }
  static std::string Tool(const std::string& data_dir, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {TRUNKLINE_BINARY_DIR "/bin/trunkline", "--data-dir", data_dir});
    ChildProcess tool(std::move(arguments), STDOUT_FILENO);
    std::string out = tool.ReadAll();
    EXPECT_EQ(tool.Wait(), 0);
    return out;
  }
  // phone_code_hash, or an empty text.
  std::string SendCode(Device& device, const std::string& number) {
    const api::CodeSettings settings;
    const load::Reply reply = device.Ask(fn::auth::SendCode{
        .phone_number = number, .api_id = 1, .api_hash = "hash", .settings = &settings});
    last_error_ = reply.Text();
    const auto any = device.Result<fn::auth::SendCode>(reply);
    const auto* sent = any ? any->As<api::auth::SentCode>() : nullptr;
    return sent == nullptr ? "" : std::string(sent->phone_code_hash);
  }
  load::Reply AskSignIn(Device& device, const std::string& number, const std::string& hash,
                        std::string_view code) {
    return device.Ask(
        fn::auth::SignIn{.phone_number = number, .phone_code_hash = hash}.set_phone_code(code));
  }

  std::string last_error_;
};

TEST_F(SignInTest, NothingThatNeedsAUserBeforeIt) {
  const auto device = NewDevice();
  EXPECT_EQ(device->Ask(fn::updates::GetState{}).Text(), "401 AUTH_KEY_UNREGISTERED");
  const api::InputUserSelf self;
  const api::AnyInputUser users[] = {&self};
  EXPECT_EQ(device->Ask(fn::users::GetUsers{.id = users}).Text(), "401 AUTH_KEY_UNREGISTERED");
  const api::InputPhoneCall peer{.id = 1, .access_hash = 1};
  EXPECT_EQ(device->Ask(fn::phone::ReceivedCall{.peer = &peer}).Text(),
            "401 AUTH_KEY_UNREGISTERED");
  EXPECT_EQ(device->Ask(fn::help::GetConfig{}).Text(), "ok");
  EXPECT_EQ(device->Ask(fn::help::GetNearestDc{}).Text(), "ok");
}

TEST_F(SignInTest, NothingBeforeInitConnection) {
  const auto device = NewDevice();
  Bytes body;
  tl::AppendTo(body, fn::help::GetConfig{}, 198);
  EXPECT_EQ(device->AskBody(std::move(body), /*bare=*/true).Text(), "400 CONNECTION_NOT_INITED");
  EXPECT_EQ(device->Ask(fn::help::GetConfig{}).Text(), "ok");
}

TEST_F(SignInTest, UnknownAndBrokenMethodsAreBadRequests) {
  const auto device = SignedIn(NewNumber());
  const load::Reply unknown = device->AskBody(FromHex("efbeadde00000000"));
  EXPECT_EQ(unknown.code, 400);
  EXPECT_EQ(unknown.error.substr(0, 21), "INPUT_METHOD_INVALID_") << unknown.error;
  Bytes cut;
  tl::AppendTo(cut, fn::updates::GetDifference{.pts = 1, .date = 1, .qts = 1}, 198);
  cut.resize(cut.size() - 4);
  EXPECT_EQ(device->AskBody(cut).Text(), "400 INPUT_FETCH_ERROR");
  cut.resize(cut.size() + 12);
  EXPECT_EQ(device->AskBody(cut).Text(), "400 INPUT_FETCH_ERROR");
  EXPECT_EQ(device->Ask(fn::updates::GetState{}).Text(), "ok");
}

TEST_F(SignInTest, WrongCodes) {
  const auto device = NewDevice();
  const std::string number = NewNumber();
  const std::string hash = SendCode(*device, number);
  ASSERT_FALSE(hash.empty()) << last_error_;
  EXPECT_EQ(AskSignIn(*device, number, hash, "").Text(), "400 PHONE_CODE_EMPTY");
  EXPECT_EQ(AskSignIn(*device, number, hash, "54321").Text(), "400 PHONE_CODE_INVALID");
  EXPECT_EQ(AskSignIn(*device, number, "nonsense", ServerProcess::kCode).code, 400);
  EXPECT_EQ(AskSignIn(*device, number, hash, ServerProcess::kCode).Text(), "ok");
}

TEST_F(SignInTest, TooManyWrongCodesEndTheCode) {
  const auto device = NewDevice();
  const std::string number = NewNumber();
  const std::string hash = SendCode(*device, number);
  for (int i = 0; i < 5; ++i) {
    const std::string text = AskSignIn(*device, number, hash, "00000").Text();
    EXPECT_TRUE(text == "400 PHONE_CODE_INVALID" || text == "400 PHONE_CODE_EXPIRED") << text;
  }
  EXPECT_EQ(AskSignIn(*device, number, hash, ServerProcess::kCode).Text(),
            "400 PHONE_CODE_EXPIRED");
}

TEST_F(SignInTest, BadNumbers) {
  const auto device = NewDevice();
  for (const char* number : {"", "+", "abc", "+1", "+99966123456789012345", "+15550100001"}) {
    EXPECT_EQ(SendCode(*device, number), "") << number;
    EXPECT_EQ(last_error_, "400 PHONE_NUMBER_INVALID") << number;
  }
}

TEST_F(SignInTest, PunctuationOfANumberDoesNotMatter) {
  const auto first = NewDevice();
  const std::string number = NewNumber();
  const load::Contact one = first->SignIn(number, ServerProcess::kCode);
  const auto second = NewDevice();
  const std::string written =
      number.substr(1, 3) + " " + number.substr(4, 4) + "-" + number.substr(8);
  const load::Contact two = second->SignIn(written, ServerProcess::kCode);
  ASSERT_TRUE(one.id);
  EXPECT_EQ(one.id, two.id);
}

TEST_F(SignInTest, SignUpWithACodeThatWasDelivered) {
  const Delivery delivery;
  ServerProcess server(delivery.data_dir(), delivery.Arguments());
  ASSERT_TRUE(server.started());
  const auto device = NewDevice(OptionsOf(server));
  const std::string number = "+15550100001";
  const std::string hash = SendCode(*device, number);
  ASSERT_FALSE(hash.empty()) << last_error_;
  const auto [to, code] = delivery.Next();
  EXPECT_EQ(to, "15550100001");

  const auto asked = device->Result<fn::auth::SignIn>(AskSignIn(*device, number, hash, code));
  ASSERT_TRUE(asked.has_value());
  ASSERT_NE(asked->As<api::auth::AuthorizationSignUpRequired>(), nullptr);
  const auto sign_up = [&](std::string_view first_name) {
    return device->Ask(fn::auth::SignUp{.phone_number = number,
                                        .phone_code_hash = hash,
                                        .first_name = first_name,
                                        .last_name = ""});
  };
  EXPECT_EQ(sign_up("  ").Text(), "400 FIRSTNAME_INVALID");
  const auto made = device->Result<fn::auth::SignUp>(sign_up(" Ada "));
  ASSERT_TRUE(made.has_value());
  const auto* authorization = made->As<api::auth::Authorization>();
  ASSERT_NE(authorization, nullptr);
  const auto* user = authorization->user.As<api::User>();
  ASSERT_NE(user, nullptr);
  EXPECT_TRUE(user->self());
  EXPECT_EQ(user->first_name(), "Ada");
  EXPECT_EQ(user->phone(), "15550100001");
}

// Who was added by an operator is known when they first sign in, also by a server that was killed
// in between.
TEST_F(SignInTest, WhoWasAddedNeedsNoSignUp) {
  const Delivery delivery;
  std::string added;
  {
    ServerProcess server(delivery.data_dir(), delivery.Arguments());
    ASSERT_TRUE(server.started());
    const std::vector<std::string> add = {"users",  "add",           "--phone", "+1 (555) 010-0002",
                                          "--name", "Cleo van Berg", "--json"};
    added = Tool(delivery.data_dir(), add);
    EXPECT_EQ(Tool(delivery.data_dir(), add), added);
    server.Kill();
  }
  ServerProcess server(delivery.data_dir(), delivery.Arguments());
  ASSERT_TRUE(server.started());
  EXPECT_NE(Tool(delivery.data_dir(), {"users", "list"}).find("+15550100002"), std::string::npos);
  const auto device = NewDevice(OptionsOf(server));
  const std::string hash = SendCode(*device, "+15550100002");
  ASSERT_FALSE(hash.empty()) << last_error_;
  const auto any = device->Result<fn::auth::SignIn>(
      AskSignIn(*device, "+15550100002", hash, delivery.Next().code));
  ASSERT_TRUE(any.has_value());
  const auto* authorization = any->As<api::auth::Authorization>();
  ASSERT_NE(authorization, nullptr) << "a sign-up was asked for";
  const auto* user = authorization->user.As<api::User>();
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(user->first_name(), "Cleo");
  EXPECT_EQ(user->last_name(), "van Berg");
  const boost::json::value shown = boost::json::parse(added);
  EXPECT_EQ(std::stoll(std::string(shown.at("id").as_string()), nullptr, 16), user->id);
}

TEST_F(SignInTest, LogOutEndsTheDevice) {
  Pair pair = NewPair();
  EXPECT_EQ(pair.a->Ask(fn::auth::LogOut{}).Text(), "ok");
  EXPECT_EQ(pair.a->Ask(fn::updates::GetState{}).Text(), "401 AUTH_KEY_UNREGISTERED");
  EXPECT_TRUE(pair.a->SignIn(pair.a_number, ServerProcess::kCode).id)
      << "the key can be used again";
}

TEST_F(SignInTest, BotsDoNotCall) {
  TempDir directory;
  std::ofstream(directory.path() + "/tokens") << "12345:abcdefghijklmnopqrstuvwxyz\n";
  std::ofstream(directory.path() + "/config.toml")
      << "[bots]\ntokens_file = \"" << directory.path() << "/tokens\"\n";
  ServerProcess server(directory.path() + "/data", {"--config", directory.path() + "/config.toml"});
  ASSERT_TRUE(server.started());
  const auto bot = NewDevice(OptionsOf(server));
  const auto import = [&bot](std::string_view token) {
    return bot->Ask(
        fn::auth::ImportBotAuthorization{.api_id = 1, .api_hash = "hash", .bot_auth_token = token});
  };
  EXPECT_EQ(import("1:wrong").Text(), "400 ACCESS_TOKEN_INVALID");
  const auto any =
      bot->Result<fn::auth::ImportBotAuthorization>(import("12345:abcdefghijklmnopqrstuvwxyz"));
  ASSERT_TRUE(any.has_value());
  const auto* user = any->As<api::auth::Authorization>()->user.As<api::User>();
  ASSERT_NE(user, nullptr);
  EXPECT_TRUE(user->bot());
  const api::InputPhoneCall peer{.id = 1, .access_hash = 1};
  EXPECT_EQ(bot->Ask(fn::phone::ReceivedCall{.peer = &peer}).Text(), "400 BOT_METHOD_INVALID");
  const api::PhoneCallDiscardReasonHangup reason;
  EXPECT_EQ(bot->Ask(fn::phone::DiscardCall{.peer = &peer, .reason = &reason}).Text(),
            "400 BOT_METHOD_INVALID");
}

TEST_F(SignInTest, TemporaryKeyActsForThePermanentOne) {
  load::ClientOptions options = Options();
  const std::string number = NewNumber();
  const auto plain = SignedIn(number, options);
  options.pfs = true;
  const auto device = std::make_unique<Device>(io_, options, &entropy_);
  device->client().UseKey(*plain->client().key());
  ASSERT_TRUE(device->Connect()) << device->failure();
  const api::InputUserSelf self;
  const api::AnyInputUser users[] = {&self};
  const auto found =
      device->Result<fn::users::GetUsers>(device->Ask(fn::users::GetUsers{.id = users}));
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_TRUE((*found)[0].As<api::User>()->self());
}

TEST_F(SignInTest, SecondDeviceIsSeen) {
  const std::string number = NewNumber();
  const auto one = SignedIn(number);
  const auto two = SignedIn(number);
  const auto any =
      one->Result<fn::account::GetAuthorizations>(one->Ask(fn::account::GetAuthorizations{}));
  ASSERT_TRUE(any.has_value());
  EXPECT_EQ(any->As<api::account::Authorizations>()->authorizations.size(), 2u);
}

}  // namespace
}  // namespace trunkline::e2e

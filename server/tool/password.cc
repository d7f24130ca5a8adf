#include "server/tool/password.h"

#include <termios.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "boost/json.hpp"
#include "common/crypto/password.h"
#include "common/entropy.h"
#include "common/secret.h"
#include "server/tool/records_text.h"

namespace trunkline::tool {
namespace {

namespace json = boost::json;

constexpr std::ptrdiff_t kCharactersMin = 10, kCharactersMax = crypto::kPasswordCharactersMax;
constexpr std::size_t kBytesMax = crypto::kPasswordBytesMax;

struct Password {
  Password() { text.reserve(kBytesMax + 2); }  // it never moves, and leaves no copy
  ~Password() { Wipe(text.data(), text.capacity()); }
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;
  std::string text;
};

// What is typed on a terminal isn't shown there.
class Silence {
 public:
  explicit Silence(int descriptor) : descriptor_(descriptor) {
    terminal_ = tcgetattr(descriptor, &before_) == 0;
    if (!terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(descriptor, TCSANOW, &silent);
  }
  ~Silence() {
    if (terminal_) tcsetattr(descriptor_, TCSANOW, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool terminal() const { return terminal_; }

 private:
  const int descriptor_;
  termios before_{};
  bool terminal_ = false;
};

// The first line, and of a longer one as much as shows that it is too long.
void Read(Session& session, Password& password) {
  if (session.around.in == nullptr) return;
  const Silence silence(session.around.in_descriptor);
  if (silence.terminal()) session.err << "password: " << std::flush;
  std::istream& in = *session.around.in;
  for (char c; password.text.size() <= kBytesMax && in.get(c) && c != '\n';) password.text += c;
  if (password.text.ends_with('\r')) password.text.pop_back();
  if (silence.terminal()) session.err << std::endl;
}

bool IsLongEnough(const std::string& text) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  return characters >= kCharactersMin && characters <= kCharactersMax && text.size() <= kBytesMax;
}

int SetPassword(Session& session, const std::string& email, bool as_json) {
  std::string hash;
  {
    Password password;
    Read(session, password);
    if (!IsLongEnough(password.text)) {
      return session.Fail({"standard input: the password must have 10 to 200 characters", kUsage});
    }
    SystemEntropy entropy;
    hash = ToHex(crypto::HashPassword(password.text, entropy));
  }
  const auto answer =
      session.client.Post("/control/v1/records/users/password",
                          json::serialize(json::object{{"email", email}, {"hash", hash}}));
  if (!answer.ok()) return session.Fail(answer.error());
  const auto text = as_json ? std::optional(*answer) : PropertiesText(*answer);
  if (!text) return session.Fail(Unreadable(session));
  session.out << *text << std::flush;
  return kOk;
}

}  // namespace

void AddPassword(CLI::App* users, Action& action) {
  struct Options {
    std::string email;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* const command = users->add_subcommand(
      "password", "sets the password that somebody logs in with; reads it from standard input");
  command->add_option("--email", options->email, "whose")->required();
  command->add_flag("--json", options->json, "as the server says it");
  command->callback([options, &action] {
    action = [options](Session& session) {
      return SetPassword(session, options->email, options->json);
    };
  });
}

}  // namespace trunkline::tool

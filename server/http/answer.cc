#include "server/http/answer.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/json.hpp"

namespace trunkline::http {

namespace json = boost::json;

std::string_view PathOf(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string_view Between(std::string_view path, std::string_view prefix, std::string_view suffix) {
  if (path.size() <= prefix.size() + suffix.size()) return {};
  if (!path.starts_with(prefix) || !path.ends_with(suffix)) return {};
  const std::string_view middle =
      path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
  return middle.find('/') == std::string_view::npos ? middle : std::string_view();
}

Answer JsonAnswer(const json::object& body, unsigned status) {
  Answer answer;
  answer.status = status;
  answer.body = json::serialize(body) + "\n";
  return answer;
}

Answer ErrorAnswer(unsigned status, std::string_view code, std::string_view message) {
  const auto text = [](std::string_view view) {
    return json::string_view(view.data(), view.size());
  };
  json::object error{{"code", text(code)}, {"message", text(message)}};
  return JsonAnswer({{"error", std::move(error)}}, status);
}

Answer MethodNotAllowed(std::string allow) {
  const std::string message = absl::StrCat("the methods answered here are ", allow);
  Answer refused = ErrorAnswer(405, "method_not_allowed", message);
  refused.allow = std::move(allow);
  return refused;
}

struct Responder::Once {
  explicit Once(std::function<void(Answer)> to) : send(std::move(to)) {}
  ~Once() { Send(ErrorAnswer(503, "stopping", "the server is stopping")); }
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  void Send(Answer answer) {
    if (!sent.exchange(true)) send(std::move(answer));
  }

  const std::function<void(Answer)> send;
  std::atomic<bool> sent = false;
};

Responder::Responder(std::function<void(Answer)> send)
    : once_(std::make_shared<Once>(std::move(send))) {}

void Responder::operator()(Answer answer) const {
  once_->Send(std::move(answer));
}

}  // namespace trunkline::http

// What a request asks and what it gets, apart from sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "boost/json/fwd.hpp"

namespace trunkline::http {

// Headers are as sent, empty when absent; one that came more than once is joined by ", ", so that
// none of its values passes unseen.
struct Request {
  std::string method;
  std::string target;  // as sent
  std::string body;
  std::string authorization;
  std::string peer;  // the client's address; empty: a Unix socket
  std::string content_type, host, request_id, organization_id, idempotency_key, last_event_id;
};

// The target without its query.
std::string_view PathOf(std::string_view target);
// The part of `path` between the two, without a slash in it; empty: it isn't of this form.
std::string_view Between(std::string_view path, std::string_view prefix, std::string_view suffix);

// A body that goes on until the reader goes: what other threads make, taken when the socket has
// room. The server calls Attach once, then Take from its own thread; Detach is the last call.
class Feed {
 public:
  virtual ~Feed() = default;
  // `wake` may be called by any thread and at any time; it is due whenever something is there
  // after Take has left nothing behind.
  virtual void Attach(std::function<void()> wake) = 0;
  // What has gathered, bounded by the feed; empty: nothing.
  virtual std::string Take() = 0;
  virtual void Detach() = 0;
};

struct Answer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string allow;  // with 405
  std::string body;
  std::shared_ptr<Feed> feed;  // if there is one: the body, in chunks
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them
};

// The body is one line.
Answer JsonAnswer(const boost::json::object& body, unsigned status = 200);
// The body of every error: {"error":{"code":..., "message":...}}
Answer ErrorAnswer(unsigned status, std::string_view code, std::string_view message);
Answer MethodNotAllowed(std::string allow);

// Takes the one answer to a request, from any thread and at any time, also after the connection or
// the server has gone. When the last copy goes unused, the client is told that the server stops.
class Responder {
 public:
  explicit Responder(std::function<void(Answer)> send);
  void operator()(Answer answer) const;

 private:
  struct Once;
  std::shared_ptr<Once> once_;
};

// Runs on the server's thread and must not block: what takes time answers later.
using Handler = std::function<void(const Request&, const Responder&)>;

// What a handler wants of bodies. Called on the server's thread with all but the body.
struct BodyRules {
  // The largest that this request may have; unset: 8 KiB.
  std::function<std::size_t(const Request&)> max;
  // What a larger one gets; unset: ErrorAnswer.
  std::function<Answer(const Request&)> too_large;
};

}  // namespace trunkline::http

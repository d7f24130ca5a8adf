#include "server/relays/relay_routes.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/relays/relay_json.h"

namespace trunkline::relays {
namespace {

using http::Answer;
using http::ErrorAnswer;
using http::JsonAnswer;
using http::Request;
using http::Responder;

constexpr std::string_view kRelays = "/admin/v1/relays", kCalls = "/admin/v1/calls/",
                           kOfCall = "/relays", kRotate = "/admin/v1/relays/rotate-secret",
                           kDrain = "/drain", kUndrain = "/undrain";

std::optional<std::int64_t> NumberIn(std::string_view text) {
  std::int64_t number = 0;
  const bool is_number = absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number);
  if (!is_number || number <= 0) return std::nullopt;
  return number;
}

Answer UnknownRelay(std::int64_t id) {
  return ErrorAnswer(404, "relay_unknown", absl::StrCat("there is no relay ", id));
}

Answer BadId(std::string_view what) {
  return ErrorAnswer(400, "bad_request",
                     absl::StrCat("the id of a ", absl::string_view(what.data(), what.size()),
                                  " is a positive number"));
}

Answer Failure(const absl::Status& status) {
  const std::string text(status.message());
  if (absl::IsNotFound(status)) return ErrorAnswer(404, "relay_unknown", text);
  if (absl::IsFailedPrecondition(status)) return ErrorAnswer(409, "refused", text);
  return ErrorAnswer(500, "not_written", text);
}

void Drain(RelayService& service, std::int64_t id, bool draining, const Responder& respond) {
  service.SetDraining(id, draining, [respond](const absl::StatusOr<book::RelayStatus>& relay) {
    respond(relay.ok() ? JsonAnswer(RelayObject(*relay)) : Failure(relay.status()));
  });
}

void Rotate(RelayService& service, const Responder& respond) {
  service.RotateSecret([respond](const absl::StatusOr<int>& key_id) {
    respond(key_id.ok() ? JsonAnswer({{"key_id", *key_id}}) : Failure(key_id.status()));
  });
}

void Show(RelayService& service, std::int64_t id, const Responder& respond) {
  service.Show(id, [respond, id](const std::optional<book::RelayStatus>& relay) {
    respond(relay ? JsonAnswer(RelayObject(*relay)) : UnknownRelay(id));
  });
}

void Explain(RelayService& service, std::int64_t call, const Responder& respond) {
  service.Explain(
      CallId(call), [respond, call](const std::optional<book::RelayExplanation>& explanation) {
        if (explanation) return respond(JsonAnswer(ExplanationObject(*explanation)));
        respond(ErrorAnswer(404, "call_unknown",
                            absl::StrCat("no relays of call ", call, " are remembered")));
      });
}

// "/7/drain" after the prefix.
void RouteRelay(RelayService& service, const Request& request, std::string_view rest,
                const Responder& respond) {
  const bool drain = rest.ends_with(kDrain), undrain = rest.ends_with(kUndrain);
  if (drain || undrain) rest.remove_suffix(drain ? kDrain.size() : kUndrain.size());
  const char* const method = drain || undrain ? "POST" : "GET";
  const auto id = NumberIn(rest.empty() ? rest : rest.substr(1));
  if (!id) return respond(BadId("relay"));
  if (request.method != method) return respond(http::MethodNotAllowed(method));
  if (drain || undrain) return Drain(service, *id, drain, respond);
  Show(service, *id, respond);
}

void Route(RelayService& service, const Request& request, const Responder& respond) {
  const std::string_view path = http::PathOf(request.target);
  if (path == kRotate) {
    if (request.method != "POST") return respond(http::MethodNotAllowed("POST"));
    return Rotate(service, respond);
  }
  if (path == kRelays) {
    if (request.method != "GET") return respond(http::MethodNotAllowed("GET"));
    return service.List([respond](const std::vector<book::RelayStatus>& relays) {
      respond(JsonAnswer(RelayListObject(relays)));
    });
  }
  if (path.starts_with(kRelays)) {
    return RouteRelay(service, request, path.substr(kRelays.size()), respond);
  }
  const auto call = NumberIn(http::Between(path, kCalls, kOfCall));
  if (!call) return respond(BadId("call"));
  if (request.method != "GET") return respond(http::MethodNotAllowed("GET"));
  Explain(service, *call, respond);
}

}  // namespace

bool IsRelayTarget(std::string_view target) {
  const std::string_view path = http::PathOf(target);
  if (path == kRelays) return true;
  if (path.starts_with(kRelays)) return path[kRelays.size()] == '/';
  return !http::Between(path, kCalls, kOfCall).empty();
}

http::Handler RelayRoutes(RelayService* service) {
  return [service](const Request& request, const Responder& respond) {
    Route(*service, request, respond);
  };
}

}  // namespace trunkline::relays

#include "server/api/service.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "boost/json.hpp"
#include "server/api/login.h"
#include "server/api/routes.h"

namespace trunkline::api {
namespace {

constexpr std::size_t kRequestIdMax = 64;

bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kRequestIdMax && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
}

// Whose records are asked for is said by the token; what else says it must agree.
std::optional<std::string_view> Disagreement(const http::Request& request, Surface surface,
                                             const Principal& who, const Keyring& keyring) {
  if (!request.organization_id.empty() &&
      records::Oid::Parse(request.organization_id) != who.organization) {
    return "x-organization-id isn't the token's organization";
  }
  if (surface != Surface::kPurge) return std::nullopt;
  const auto at = keyring.OrganizationAt(request.host);
  if (at && *at != who.organization) return "The host is of another organization";
  return std::nullopt;
}

// The two companions of the sign-in have a 401 of their own.
http::Answer UnauthorizedAt(const Route& route) {
  if (route.scope != 0) return Unauthorized(route.surface);
  return JsonAnswer({{"error", "Invalid or expired token"}}, 401);
}

// nullopt: it may.
std::optional<http::Answer> Refusal(const Route& route, const http::Request& request,
                                    const Principal& who, const Keyring& keyring) {
  if (const auto message = Disagreement(request, route.surface, who, keyring)) {
    return Forbidden(route.surface, *message);
  }
  if ((who.scopes & route.scope) == route.scope) return std::nullopt;
  // The document of discard knows no 403.
  if (route.pattern == kDiscardPattern) return Unauthorized(route.surface);
  return Forbidden(route.surface, "The token lacks the scope " + ScopeText(route.scope));
}

}  // namespace

Service::Service(Backend* backend, std::shared_ptr<const Keyring> keyring, Config config)
    : backend_(backend),
      streams_(std::make_unique<EventStreams>(backend)),
      keyring_(std::move(keyring)),
      config_(std::make_shared<const Config>(std::move(config))),
      limit_(std::make_unique<RateLimit>(config_->rate)),
      failed_(std::make_shared<FailedTries>(config_->failed_rate)) {}

http::Responder Service::Logged(const http::Request& request, const http::Responder& respond,
                                const Route* route, const std::optional<Principal>& who) const {
  Access access;
  access.request_id = IsRequestId(request.request_id) ? request.request_id : config_->request_id();
  if (route != nullptr) access.route = route->pattern;
  if (route != nullptr) access.method = route->method;
  if (who) access.organization = who->organization;
  if (who) access.credential = who->credential;
  return http::Responder([respond, access, config = config_](http::Answer answer) mutable {
    access.status = answer.status;
    if (config->log) config->log(access);
    answer.headers.emplace_back("X-Request-Id", access.request_id);
    respond(std::move(answer));
  });
}

// Tokens can't be guessed, so whoever has one is let in from anywhere: a gateway's other clients
// don't pay for one that fails.
http::Answer Service::Stranger(const Route& route, const http::Request& request) const {
  const auto wait = failed_->Take(ClientOf(request.peer), config_->now_ms());
  return wait ? TooManyRequests(route.surface, *wait) : UnauthorizedAt(route);
}

// Where a secret is exchanged, an address that failed too often isn't heard at all.
void Service::Open(const Route& route, const http::Request& request,
                   const http::Responder& respond) const {
  if (route.pattern == kLoginPattern) {
    return LogIn{backend_, keyring_, config_, failed_}.Handle(request, respond);
  }
  const std::int64_t now_ms = config_->now_ms();
  const bool exchanges = route.pattern == kTokenPattern;
  const std::string client = exchanges ? ClientOf(request.peer) : "";
  if (exchanges) {
    const auto wait = failed_->Wait(client, now_ms);
    if (wait) return respond(TooManyRequests(route.surface, *wait));
  }
  http::Answer answer = route.open(request, *keyring_, now_ms);
  if (exchanges && answer.status != 200) failed_->Take(client, now_ms);
  respond(std::move(answer));
}

void Service::Handle(const http::Request& request, const http::Responder& to) const {
  const Target target = SplitTarget(request.target);
  Match match = FindRoute(request.method, target);
  if (match.route == nullptr) {
    const http::Responder respond = Logged(request, to, nullptr, std::nullopt);
    if (match.allow.empty()) return respond(NotFound(match.surface));
    return respond(MethodNotAllowed(match.surface, std::move(match.allow)));
  }
  const Route& route = *match.route;
  const std::int64_t now_ms = config_->now_ms();
  if (route.run == nullptr) {
    return Open(route, request, Logged(request, to, &route, std::nullopt));
  }
  const auto who = keyring_->Find(request.authorization, now_ms);
  const http::Responder respond = Logged(request, to, &route, who);
  if (!who) return respond(Stranger(route, request));
  if (const auto wait = limit_->Take(AsText(who->credential.bytes()), now_ms)) {
    return respond(TooManyRequests(match.surface, *wait));
  }
  if (auto refusal = Refusal(route, request, *who, *keyring_)) return respond(*std::move(refusal));
  if (!request.idempotency_key.empty() && !IsIdempotencyKey(request.idempotency_key)) {
    return respond(Invalid(match.surface,
                           {{"Idempotency-Key", "expected 1 to 255 visible ASCII characters"}}));
  }
  const auto exchange = std::make_shared<Exchange>(match.surface, request, respond);
  exchange->route = route.pattern;
  exchange->params = std::move(match.params);
  exchange->query = PairsOf(target.query);
  exchange->who = *who;
  exchange->now_ms = now_ms;
  if (route.pattern == kDiscardPattern) exchange->internal = "Internal error during discard";
  exchange->backend = backend_;
  exchange->streams = streams_.get();
  exchange->config = config_;
  exchange->keyring = keyring_;
  route.run(exchange);
}

http::Handler Service::handler() const {
  return [this](const http::Request& request, const http::Responder& respond) {
    Handle(request, respond);
  };
}

std::size_t Service::BodyMax(const http::Request& head) const {
  if (IsOperatorTarget(head.target)) return kOperatorBodyMax;
  const Match match = FindRoute(head.method, SplitTarget(head.target));
  if (match.route == nullptr || match.route->pattern != kIngestPattern) return kBodyMax;
  // Memory is for those who can make use of it.
  const auto who = keyring_->Find(head.authorization, config_->now_ms());
  return who && (who->scopes & kCallsWrite) != 0 ? kIngestBodyMax : kBodyMax;
}

http::BodyRules Service::rules() const {
  http::BodyRules rules;
  rules.max = [this](const http::Request& head) { return BodyMax(head); };
  rules.too_large = [this](const http::Request& head) {
    const Match match = FindRoute(head.method, SplitTarget(head.target));
    http::Answer answer;
    if (IsOperatorTarget(head.target)) {
      return http::ErrorAnswer(413, "body_too_large", "the body is too large");
    }
    Logged(head, http::Responder([&answer](http::Answer made) { answer = std::move(made); }),
           match.route, std::nullopt)(TooLarge(match.surface));
    return answer;
  };
  return rules;
}

bool IsOperatorTarget(std::string_view target) {
  const std::vector<std::string_view> segments = SplitTarget(target).segments;
  if (segments.empty()) return false;
  constexpr std::string_view kPages[] = {"livez",   "readyz", "startupz", "test",
                                         "metrics", "admin",  "control"};
  return std::find(std::begin(kPages), std::end(kPages), segments[0]) != std::end(kPages);
}

http::Handler WithOperatorPages(http::Handler pages, http::Handler api) {
  return [pages = std::move(pages), api = std::move(api)](const http::Request& request,
                                                          const http::Responder& respond) {
    IsOperatorTarget(request.target) ? pages(request, respond) : api(request, respond);
  };
}

}  // namespace trunkline::api

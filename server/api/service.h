// All surfaces as one handler. Give its rules to http::HttpServer::Start with it.
#pragma once

#include <memory>
#include <string_view>

#include "server/api/event_stream.h"
#include "server/api/exchange.h"
#include "server/http/answer.h"

namespace trunkline::api {

struct Route;

class Service {
 public:
  // `backend` outlives every request; what comes late holds the rest.
  Service(Backend* backend, std::shared_ptr<const Keyring> keyring, Config config);

  // To be told whenever the outbox has grown.
  EventStreams& streams() { return *streams_; }

  void Handle(const http::Request& request, const http::Responder& respond) const;
  http::Handler handler() const;
  // 64 KiB; 8 KiB for operators' pages; 16 MiB for calls that are ingested by someone who may.
  http::BodyRules rules() const;

 private:
  std::size_t BodyMax(const http::Request& head) const;
  http::Responder Logged(const http::Request& request, const http::Responder& respond,
                         const Route* route, const std::optional<Principal>& who) const;

  // Of a request without a token, or with one that lets nobody in.
  void Open(const Route& route, const http::Request& request, const http::Responder& respond) const;
  http::Answer Stranger(const Route& route, const http::Request& request) const;

  Backend* const backend_;
  const std::unique_ptr<EventStreams> streams_;
  const std::shared_ptr<const Keyring> keyring_;
  const std::shared_ptr<const Config> config_;
  const std::unique_ptr<RateLimit> limit_;  // asked by the thread that handles
  const std::shared_ptr<FailedTries> failed_;
};

// The pages for operators that share a listener with the surfaces: /livez, /readyz, /startupz,
// /metrics, /admin/..., /control/..., /test/...
bool IsOperatorTarget(std::string_view target);
// Operators' pages by `pages`, everything else by `api`.
http::Handler WithOperatorPages(http::Handler pages, http::Handler api);

inline constexpr std::size_t kOperatorBodyMax = 8 * 1024, kBodyMax = 64 * 1024,
                             kIngestBodyMax = 16 * 1024 * 1024;

}  // namespace trunkline::api
